"""A build followed live on a thread of its own: progress in, pictures of the build out, ten a second at most."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from threading import Event, Thread

from textual.message import Message

from dockcache_tui.core.builds.build import Build, BuildStatus, Step
from dockcache_tui.core.builds.progress import Progress
from dockcache_tui.core.builds.reducer import LiveBuild
from dockcache_tui.core.builds.reuse import with_shares
from dockcache_tui.core.instant import Instant
from dockcache_tui.sources.protocols import RunningBuild
from dockcache_tui.ui.builds.messages import BuildMoved
from dockcache_tui.ui.shared.messages import ActionFailed
from dockcache_tui.ui.shared.threads import guarded

PICTURE_EVERY = 0.1
"""Seconds between two pictures."""


class WatchedBuild:
    """A build that something else started, seen through the builder's status stream."""

    def __init__(self, build: Build, status: Iterable[Progress], last: Callable[[Build], Mapping[str, float]]) -> None:
        """Take what history tells of it, its progress from the beginning, and what tells how long steps last took."""
        self.live = LiveBuild()
        self._build, self._status, self._ask = build, status, last
        self._last: Mapping[str, float] = {}

    def __iter__(self) -> Iterator[Progress]:
        """Yield progress until the build ends, or until nothing more is heard of it."""
        status = BuildStatus.LOST
        try:
            self._last = self._ask(self._build)
            for progress in self._status:
                self.live.apply(progress)
                yield progress
            status = BuildStatus.SUCCEEDED
        finally:
            self.live.end(status, self._build.completed_at or Instant.now())

    def cancel(self) -> None:
        """Leave it alone: it is not ours."""

    def result(self) -> Build:
        """Return the build with its steps so far; history tells how it ended."""
        return with_shares(replace(self._build, steps=self.live.snapshot()), self._last)


class Following(Thread):
    """Follows one build to its end; `key` stays while the build's ref may change."""

    def __init__(self, running: RunningBuild, post: Callable[[Message], bool], *, again: bool = False) -> None:
        """Start at once; `again` when following it broke off before, and that was told."""
        self.running = running
        self.key = running.result().ref
        self.broken = False
        """Whether it ended before the build did."""
        self._again = again
        super().__init__(name=f"follow {self.key}", daemon=True)
        self._post = post
        self._ended = Event()
        self.start()

    def run(self) -> None:
        """Take in progress until the build ends, then tell how it ended."""
        # Drawn beside the progress, not by it: the last thing said before a long silence is seen too.
        drawing = Thread(target=self._draw, name=f"draw {self.key}", daemon=True)
        drawing.start()
        trouble = guarded(self._follow, ActionFailed)
        self._ended.set()
        drawing.join()
        self.broken = trouble is not None
        if trouble and not self._again:
            self._post(trouble)
        self._post(BuildMoved(self.key, self.running.result(), ended=True))

    def _follow(self) -> None:
        for _ in self.running:
            pass

    def _draw(self) -> None:
        drawn: tuple[Step, ...] | None = None
        while not self._ended.wait(PICTURE_EVERY):
            picture = self.running.result()
            if picture.steps is not drawn:
                drawn = picture.steps
                self._post(BuildMoved(self.key, picture))
