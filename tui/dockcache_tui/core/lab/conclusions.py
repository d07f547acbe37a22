"""What a run shows of the question behind the experiments: what does a change of the source alone cost?"""

from collections.abc import Iterable
from dataclasses import dataclass

from dockcache_tui.core import wording
from dockcache_tui.core.lab.experiment import EXPERIMENTS, Layout, Situation
from dockcache_tui.core.lab.summary import LabRow

_AIM = 0.5


@dataclass(frozen=True, slots=True)
class Conclusion:
    """One sentence, and whether it says what the project aims for."""

    text: str
    holds: bool


def conclusions(rows: Iterable[LabRow]) -> tuple[Conclusion, ...]:
    """Return what the rows of a source-only change show; nothing where they were not measured."""
    changed = {row.experiment: row for row in rows if row.situation is Situation.SOURCE}
    original = [changed[one.name] for one in EXPERIMENTS if one.layout is Layout.ORIGINAL and one.name in changed]
    found = [_again(row) for row in original]
    ours, artifact = changed.get("ours"), changed.get("artifact")
    if ours:
        text = f"ours {_work(ours)}"
        found.append(Conclusion(text, not any((ours.counts.modules, ours.counts.dependencies, ours.counts.standard))))
    if ours and artifact:
        part = ours.total.median / artifact.total.median
        times = f"{wording.span(ours.total.median)} instead of {wording.span(artifact.total.median)}"
        found.append(Conclusion(f"ours takes {part:.2f}× the time of the image as artifact ({times})", part <= _AIM))
    return tuple(found)


def _again(row: LabRow) -> Conclusion:
    again = row.counts.modules > 0 and row.counts.dependencies > 0 and row.counts.standard > 0
    return Conclusion(f"{row.experiment} {_work(row)}", again)


def _work(row: LabRow) -> str:
    counts = row.counts
    packages = f"{counts.dependencies} of dependencies and {counts.standard} of the standard library"
    return (
        f"downloads {wording.count(counts.modules, 'module')} and compiles {counts.own} packages of its own, {packages}"
    )
