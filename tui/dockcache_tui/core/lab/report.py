"""What a run tells: its table, what changed since another run, what it shows, and all of it as JSON."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from dockcache_tui.core import wording
from dockcache_tui.core.field import text
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.lab.experiment import EXPERIMENTS, Layout, Situation
from dockcache_tui.core.lab.fields import LAB_FIELDS
from dockcache_tui.core.lab.run import Counts, JobResult, LabRun, Split
from dockcache_tui.core.lab.summary import LabRow, Spread

Row = Mapping[str, Any]

COLUMNS = tuple(field.name.upper() for field in LAB_FIELDS)
NUMBERS = COLUMNS[2:]
CHANGE_COLUMNS = ("SITUATION", "EXPERIMENT", "BEFORE", "NOW", "TIMES", "DOWN", "MODULES", "PACKAGES", "")
_NO_TIME = Instant(0)
"""What ages count up to; no field of a row is one."""
_AIM = 0.5


@dataclass(frozen=True, slots=True)
class LabChange:
    """One experiment in one situation in two runs; `times` is the new total by the old one."""

    experiment: str
    situation: Situation
    now: LabRow
    before: LabRow

    @property
    def times(self) -> float | None:
        """Return the new total by the old one; None where the old one is nothing."""
        return self.now.total.median / self.before.total.median if self.before.total.median else None

    @property
    def is_beyond_spread(self) -> bool:
        """Tell whether the totals of the two runs don't overlap."""
        return self.now.total.low > self.before.total.high or self.now.total.high < self.before.total.low


def compare(now: Iterable[LabRow], before: Iterable[LabRow]) -> tuple[LabChange, ...]:
    """Return what both runs measured, in the order of the newer one."""
    earlier = {(row.experiment, row.situation): row for row in before}
    return tuple(
        LabChange(row.experiment, row.situation, row, earlier[row.experiment, row.situation])
        for row in now
        if (row.experiment, row.situation) in earlier
    )


def cells(row: LabRow) -> tuple[str, ...]:
    """Return a row's cells in the order of COLUMNS."""
    return tuple(
        "failed" if field.name == "total" and row.error else text(field, row, _NO_TIME) or "–" for field in LAB_FIELDS
    )


def change_cells(change: LabChange) -> tuple[str, ...]:
    """Return a change's cells in the order of CHANGE_COLUMNS."""
    now, before = change.now, change.before
    packages = [row.counts.own + row.counts.dependencies + row.counts.standard for row in (before, now)]
    return (
        change.situation.label,
        change.experiment,
        wording.span(before.total.median),
        wording.span(now.total.median),
        "–" if change.times is None else f"{change.times:.2f}×",
        _arrow(wording.size(before.counts.down), wording.size(now.counts.down)),
        _arrow(str(before.counts.modules), str(now.counts.modules)),
        _arrow(*map(str, packages)),
        "" if change.is_beyond_spread else "within the spread",
    )


def provenance(run: LabRun) -> str:
    """Return in one line how often, where and when a run measured."""
    machine = run.machine
    where = [machine.processor, wording.count(machine.cores, "core"), wording.size(machine.memory), machine.system]
    tools = [
        f"{name} {version}"
        for name, version in (("Docker", machine.docker), ("BuildKit", machine.buildkit), ("Go", machine.go))
        if version
    ]
    return f"n = {_rounds(run)}; {', '.join((*where, *tools))}; {run.started_at.datetime():%Y-%m-%d}; run {run.id}"


def markdown(run: LabRun, rows: Sequence[LabRow]) -> str:
    """Return a run's table in Markdown, with where it comes from below it."""
    header = [f"| {' | '.join(name.lower() for name in COLUMNS)} |"]
    ruler = [f"|{'|'.join('---:' if name in NUMBERS else '---' for name in COLUMNS)}|"]
    lines = [f"| {' | '.join(cells(row))} |" for row in rows]
    return "\n".join([*header, *ruler, *lines, "", provenance(run)])


def _rounds(run: LabRun) -> str:
    """Return how many rounds measured something; an unfinished run has more of some situations than of others."""
    found = Counter((job.experiment, job.situation) for job in run.jobs if job.is_build).values()
    low, high = min(found, default=0), max(found, default=0)
    return wording.count(low, "round") if low == high else f"{low} to {high} rounds"


def _arrow(before: str, now: str) -> str:
    return now if before == now else f"{before} → {now}"


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


def run_document(run: LabRun, rows: Sequence[LabRow], found: Sequence[Conclusion], changes: Sequence[LabChange]) -> Row:
    """Return the document of docs/lab.md."""
    return {
        "schema": 1,
        "run": _run_row(run),
        "items": [_lab_row(row) for row in rows],
        "jobs": [_job_row(job) for job in run.jobs],
        "conclusions": [asdict(one) for one in found],
        "changes": [_change_row(one) for one in changes],
    }


def _run_row(run: LabRun) -> Row:
    return {
        "id": run.id,
        "started_at": str(run.started_at),
        "completed_at": str(run.completed_at) if run.completed_at else None,
        "status": run.status.value,
        "experiments": list(run.plan.experiments),
        "situations": [one.value for one in run.plan.situations],
        "rounds": run.plan.rounds,
        "phrases": list(run.plan.phrases),
        "machine": asdict(run.machine),
    }


def _lab_row(row: LabRow) -> Row:
    return {
        "experiment": row.experiment,
        "situation": row.situation.value,
        "rounds": row.rounds,
        "error": row.error or None,
        "total": _spread(row.total),
        "wall": _spread(row.wall),
        **_measured(row.split, row.counts),
        "job_list": [
            {"job": job.job, "total": _spread(job.total), **_measured(job.split, job.counts)} for job in row.jobs
        ],
        "builds": list(row.builds),
    }


def _job_row(job: JobResult) -> Row:
    return {
        "experiment": job.experiment,
        "situation": job.situation.value,
        "round": job.round,
        "job": job.job,
        "started_at": str(job.started_at),
        "completed_at": str(job.completed_at),
        "total": job.split.total,
        **_measured(job.split, job.counts),
        "build": job.build or None,
        "error": job.error or None,
        "notes": list(job.notes),
    }


def _measured(split: Split, counts: Counts) -> Row:
    return {"seconds": asdict(split), "counts": {**asdict(counts), "reuse": counts.reuse}}


def _spread(spread: Spread) -> Row:
    return asdict(spread)


def _change_row(change: LabChange) -> Row:
    return {
        "experiment": change.experiment,
        "situation": change.situation.value,
        "before": _spread(change.before.total),
        "now": _spread(change.now.total),
        "times": change.times,
        "beyond_spread": change.is_beyond_spread,
    }
