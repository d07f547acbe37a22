"""Builds as windows in time: which were under way at a moment."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dockcache_tui.core.builds.build import Build, BuildStatus
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.steps import FOREVER_NS, StepIndex
from dockcache_tui.core.scope import Known, Owner

# Clocks differ by a little, and BuildKit touches a record once more when it lets go of it after the build.
SKEW_NS = 5_000_000_000


@dataclass(frozen=True, slots=True)
class Window:
    """A build from start to end in ns, both included; one that runs is open, one we lost ends with its last step."""

    build: Build
    start: int
    end: int
    steps: StepIndex

    @classmethod
    def of(cls, build: Build) -> "Window":
        """Return the window of a build."""
        start = build.started_at.ns
        if build.completed_at is not None:
            end = build.completed_at.ns
        elif build.status is BuildStatus.RUNNING:
            end = FOREVER_NS
        else:
            moments = (moment for step in build.steps for moment in (step.started_at, step.completed_at))
            end = max((moment.ns for moment in moments if moment is not None), default=start)
        return cls(build, start, max(start, end), StepIndex(build.steps))


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time: the windows that hold it, in order of start, and the owners of their builds."""

    windows: tuple[Window, ...]
    owners: frozenset[Owner]

    @classmethod
    def of(cls, windows: Iterable[Window]) -> "Stretch":
        """Return the stretch of these windows."""
        kept = tuple(windows)
        owners = (Owner(window.build.project, window.build.branch, Known.WINDOW) for window in kept)
        return cls(kept, frozenset(owners))


NOTHING = Stretch((), frozenset())


class Timeline:
    """Windows cut into stretches of time in which the same builds were under way."""

    def __init__(self, windows: Sequence[Window]) -> None:
        """Sweep over the windows once."""
        self._by_start = sorted(windows, key=lambda window: (window.start, window.build.ref))
        self._by_end = sorted(windows, key=lambda window: (window.end, window.build.ref))
        self._starts = [window.start for window in self._by_start]
        self._ends = [window.end for window in self._by_end]
        self._cuts = sorted({*self._starts, *(end + 1 for end in self._ends)})
        self._stretches: list[Stretch] = []
        under_way: dict[int, Window] = {}
        started = ended = 0
        for cut in self._cuts:
            while started < len(windows) and self._starts[started] <= cut:
                under_way[id(self._by_start[started])] = self._by_start[started]
                started += 1
            while ended < len(windows) and self._ends[ended] < cut:
                under_way.pop(id(self._by_end[ended]))
                ended += 1
            self._stretches.append(Stretch.of(under_way.values()))

    def at(self, moment: Instant) -> Stretch:
        """Return the builds under way at a moment; when there are none, the nearest one no further than the skew."""
        cut = bisect_right(self._cuts, moment.ns) - 1
        if cut >= 0 and self._stretches[cut].windows:
            return self._stretches[cut]
        before, after = bisect_left(self._ends, moment.ns) - 1, bisect_right(self._starts, moment.ns)
        near = []
        if before >= 0:
            near.append((moment.ns - self._ends[before], self._by_end[before]))
        if after < len(self._starts):
            near.append((self._starts[after] - moment.ns, self._by_start[after]))
        distance, window = min(near, key=lambda found: found[0], default=(SKEW_NS + 1, None))
        return Stretch.of([window]) if window is not None and distance <= SKEW_NS else NOTHING
