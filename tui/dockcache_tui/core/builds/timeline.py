"""Steps on a common time axis."""

from dataclasses import dataclass

from dockcache_tui.core.builds.build import Build, BuildStatus, Step
from dockcache_tui.core.instant import Instant


@dataclass(frozen=True, slots=True)
class Axis:
    """The time a build's steps span: from the first start for `seconds` (never 0)."""

    start: Instant
    seconds: float


def axis(build: Build, now: Instant) -> Axis:
    """Return the axis on which every step of the build has its place; a running build reaches until now."""
    ends = [step.completed_at for step in build.steps if step.completed_at]
    starts = [step.started_at for step in build.steps if step.started_at]
    start = min(starts, default=build.started_at)
    end = max([*ends, now] if build.status is BuildStatus.RUNNING else [*ends, start])
    return Axis(start, max(end.seconds_since(start), 0.001))


def cells(step: Step, on: Axis, width: int, now: Instant) -> tuple[int, int]:
    """Return the first cell and the number of cells of a step's bar, at least one for a step that has started."""
    if step.started_at is None or width < 1:
        return 0, 0
    first = _cell(step.started_at, on, width)
    last = _cell(step.completed_at or now, on, width)
    return first, max(1, last - first + 1)


def _cell(moment: Instant, on: Axis, width: int) -> int:
    return min(width - 1, max(0, int(moment.seconds_since(on.start) / on.seconds * width)))
