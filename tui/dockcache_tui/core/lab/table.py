"""A run's table on the command line and in Markdown, and what changed since another run."""

from collections import Counter
from collections.abc import Sequence

from dockcache_tui.core import wording
from dockcache_tui.core.field import text
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.lab.comparison import LabChange
from dockcache_tui.core.lab.fields import LAB_FIELDS
from dockcache_tui.core.lab.run import LabRun
from dockcache_tui.core.lab.summary import LabRow

COLUMNS = tuple(field.name.upper() for field in LAB_FIELDS)
NUMBERS = COLUMNS[2:]
CHANGE_COLUMNS = ("SITUATION", "EXPERIMENT", "BEFORE", "NOW", "TIMES", "DOWN", "MODULES", "PACKAGES", "")
_NO_TIME = Instant(0)
"""What ages count up to; no field of a row is one."""


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
