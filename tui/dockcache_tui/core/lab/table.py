"""The columns of a run's table, the same on the command line, in Markdown and in the app."""

from collections import Counter
from collections.abc import Sequence

from dockcache_tui.core import wording
from dockcache_tui.core.lab.comparison import LabChange
from dockcache_tui.core.lab.run import LabRun
from dockcache_tui.core.lab.summary import LabRow, Spread

COLUMNS = (
    *("SITUATION", "EXPERIMENT", "TOTAL", "SPREAD", "WALL", "SET-UP", "IMPORT", "BUILD", "EXPORT", "TRANSFER"),
    *("UP", "DOWN", "PULLED", "REUSE", "MODULES", "PACKAGES"),
)
NUMBERS = COLUMNS[2:]
CHANGE_COLUMNS = ("SITUATION", "EXPERIMENT", "BEFORE", "NOW", "TIMES", "DOWN", "MODULES", "PACKAGES", "")


def cells(row: LabRow) -> tuple[str, ...]:
    """Return a row's cells in the order of COLUMNS; packages are the program's own + dependencies' + standard ones."""
    split, counts = row.split, row.counts
    parts = (split.setup, split.importing, split.building, split.exporting, split.transfer)
    return (
        row.situation.label,
        row.experiment,
        "failed" if row.error else wording.span(row.total.median),
        _ends(row.total),
        wording.span(row.wall.median),
        *map(wording.span, parts),
        *map(wording.size, (counts.up, counts.down, counts.pulled)),
        wording.share(counts.reuse),
        str(counts.modules),
        f"{counts.own} + {counts.dependencies} + {counts.standard}",
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


def _ends(spread: Spread) -> str:
    return f"{wording.span(spread.low)} – {wording.span(spread.high)}"


def _arrow(before: str, now: str) -> str:
    return now if before == now else f"{before} → {now}"
