"""Where a build's wall time went."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dockcache_tui.core.builds.build import Step
from dockcache_tui.core.builds.names import StepKind, parse_name
from dockcache_tui.core.builds.progress import TransferUpdate
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.lab.job import Split

_ORDER = ("importing", "building", "exporting")
"""Where two overlap, the earlier one counts: a step that waits for its layers is told as running."""


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int
    what: str


def split_build(
    steps: Sequence[Step], transfers: Iterable[TransferUpdate], started: Instant, completed: Instant
) -> Split:
    """Return the split of a build's wall time; `transfers` are the newest updates of its steps' transfers."""
    exports = {step.digest for step in steps if _part(step) == "exporting"}
    spans = [
        *(_span(step.started_at, step.completed_at, _part(step)) for step in steps),
        *(_span(one.started, one.completed, "importing") for one in transfers if one.vertex not in exports),
    ]
    clipped = [
        _Span(max(span.start, started.ns), min(span.end, completed.ns), span.what) for span in spans if span.what
    ]
    taken: list[tuple[int, int]] = []
    seconds = {}
    for part in _ORDER:
        before = _length(taken)
        taken += [(span.start, span.end) for span in clipped if span.what == part and span.end > span.start]
        seconds[part] = (_length(taken) - before) / 1e9
    return Split(**seconds, rest=max(0.0, completed.seconds_since(started) - sum(seconds.values())))


def _span(start: Instant | None, end: Instant | None, what: str) -> _Span:
    return _Span(start.ns, end.ns, what) if start and end else _Span(0, 0, "")


def _part(step: Step) -> str:
    """Return which part of the split a step's own time belongs to; empty for the rest."""
    name = parse_name(step.name)
    if name.kind is StepKind.EXPORT:
        return "exporting"
    if name.kind in {StepKind.OPERATION, StepKind.MERGE}:
        return "building"
    brings = name.instruction.startswith(("importing ", "FROM "))
    return "importing" if brings else ""


def _length(spans: Iterable[tuple[int, int]]) -> int:
    """Return how much time some spans cover together."""
    total = reached = 0
    for start, end in sorted(spans):
        total += max(0, end - max(start, reached))
        reached = max(reached, end)
    return total
