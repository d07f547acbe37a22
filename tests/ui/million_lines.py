"""Run alone: shows a build that says a million lines in the app, and prints by how many bytes its memory grew."""

import asyncio
import resource
import sys
from collections.abc import Iterator

from dockcache_tui.core.builds.build import Build, BuildSpec, BuildStatus
from dockcache_tui.core.builds.progress import LogChunk, Progress, VertexUpdate
from dockcache_tui.core.instant import Instant
from ui.bench import bench
from ui.house import House, Launched

LINES, EACH = 1_000_000, 100


class Flood(Launched):
    """A build whose one step says numbered lines as fast as it is listened to."""

    def __iter__(self) -> Iterator[Progress]:
        """Yield the lines, then end well."""
        yield self._said(Progress((VertexUpdate("v", "[1/2] RUN flood", ("in",), Instant.now()),)))
        for first in range(0, LINES, EACH):
            text = "".join(f"{number:>7} {'words ' * 10}\n" for number in range(first, first + EACH))
            yield self._said(Progress(logs=(LogChunk("v", 1, text.encode()),)))
        self.end(BuildStatus.SUCCEEDED)

    def _said(self, progress: Progress) -> Progress:
        self.live.apply(progress)
        return progress


class FloodHouse(House):
    """A house whose builds are floods."""

    def start(self, spec: BuildSpec) -> Launched:
        """Start a flood."""
        build = Flood(Build("flood", self.cache.name, Instant.now(), BuildStatus.RUNNING))
        self.launched.append((spec, build))
        return build


def peak() -> int:
    """Return the most bytes of memory this process ever had."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


async def main() -> None:
    """Print the growth."""
    async with bench(FloodHouse()) as app:
        await app.see("no cache yet")
        before = peak()
        await app.press("b")
        await app.see("RUN flood", f"{LINES - 1} words", "older lines dropped", patience=300)
        print(peak() - before)  # noqa: T201


asyncio.run(main())
