"""A run of the lab as it is printed: a table, Markdown or JSON."""

from collections.abc import Sequence
from dataclasses import asdict

from dockcache_tui.cli.output import JsonValue, Row, print_table
from dockcache_tui.core.lab import table
from dockcache_tui.core.lab.comparison import LabChange
from dockcache_tui.core.lab.conclusions import Conclusion
from dockcache_tui.core.lab.job import Counts, JobResult, Split
from dockcache_tui.core.lab.run import LabRun
from dockcache_tui.core.lab.summary import LabRow, Spread


def print_rows(rows: Sequence[LabRow]) -> None:
    """Print the table people read."""
    print_table(table.COLUMNS, [table.cells(row) for row in rows], right=table.NUMBERS)


def print_changes(changes: Sequence[LabChange]) -> None:
    """Print what changed since another run."""
    print_table(table.CHANGE_COLUMNS, [table.change_cells(one) for one in changes], right=("BEFORE", "NOW", "TIMES"))


def run_document(run: LabRun, rows: Sequence[LabRow], found: Sequence[Conclusion], changes: Sequence[LabChange]) -> Row:
    """Return the document of docs/lab.md."""
    return {
        "schema": 1,
        "run": _run(run),
        "items": [_row(row) for row in rows],
        "jobs": [_job(job) for job in run.jobs],
        "conclusions": [asdict(one) for one in found],
        "changes": [_change(one) for one in changes],
    }


def _run(run: LabRun) -> Row:
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


def _row(row: LabRow) -> Row:
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


def _job(job: JobResult) -> Row:
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


def _measured(split: Split, counts: Counts) -> dict[str, JsonValue]:
    return {"seconds": asdict(split), "counts": {**asdict(counts), "reuse": counts.reuse}}


def _spread(spread: Spread) -> Row:
    return asdict(spread)


def _change(change: LabChange) -> Row:
    return {
        "experiment": change.experiment,
        "situation": change.situation.value,
        "before": _spread(change.before.total),
        "now": _spread(change.now.total),
        "times": change.times,
        "beyond_spread": change.is_beyond_spread,
    }
