"""`dockcache-tui lab`: run the experiments and compare them."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dockcache_tui.cli.listing import json_option
from dockcache_tui.cli.output import cut, narrate, print_json, print_table
from dockcache_tui.cli.waiting import interrupted_by
from dockcache_tui.core import wording
from dockcache_tui.core.errors import DockcacheError, ExitCode, UsageError
from dockcache_tui.core.lab import report
from dockcache_tui.core.lab.experiment import EXPERIMENTS, Situation
from dockcache_tui.core.lab.report import LabChange, compare, conclusions, markdown, provenance, run_document
from dockcache_tui.core.lab.run import LabPlan, LabProgress, LabRun, LabStatus
from dockcache_tui.core.lab.summary import LabRow, summarize
from dockcache_tui.core.literal import literal
from dockcache_tui.sources.protocols import RunningLab

if TYPE_CHECKING:
    from dockcache_tui.sources.journal.lab_runs import LabRuns


def follow(running: RunningLab) -> LabRun:
    """Follow a run to its end, telling each job as it ends, and in a terminal what happens meanwhile."""
    line = _Line()
    with interrupted_by(running.cancel):
        for progress in running:
            if progress.finished:
                line.keep(_finished(progress))
            else:
                line.show(_meanwhile(progress))
    line.show("")
    return running.result()


class _Line:
    """The last line of a terminal, written over and over; elsewhere only what is kept is written."""

    def __init__(self) -> None:
        self._moves = sys.stderr.isatty()

    def show(self, text: str) -> None:
        if self._moves:
            sys.stderr.write(f"\r\x1b[K{cut(literal(text), 79)}")
            sys.stderr.flush()

    def keep(self, text: str) -> None:
        self.show("")
        narrate(text)


def _finished(progress: LabProgress) -> str:
    job = progress.finished
    if job is None:
        return ""
    counts = job.counts
    packages = counts.own + counts.dependencies + counts.standard
    work = f"{wording.count(counts.modules, 'module')}, {wording.count(packages, 'package')}" if job.build else ""
    return (
        f"[{progress.done}/{progress.jobs}] {job.situation.label}, {job.experiment}, {job.job}:"
        f" {job.error or ', '.join(filter(None, (wording.span(job.split.total), work)))}{_left(progress)}"
    )


def _meanwhile(progress: LabProgress) -> str:
    where = f"[{progress.done}/{progress.jobs}] {progress.workflow.experiment}, {progress.job}"
    return f"{where}{_left(progress)}: {progress.phase}"


def _left(progress: LabProgress) -> str:
    return "" if progress.eta is None else f" (about {wording.span(progress.eta)} left)"


def print_rows(rows: Sequence[LabRow]) -> None:
    """Print the table people read."""
    print_table(report.COLUMNS, [report.cells(row) for row in rows], right=report.NUMBERS)


def print_changes(changes: Sequence[LabChange]) -> None:
    """Print what changed since another run."""
    print_table(report.CHANGE_COLUMNS, [report.change_cells(one) for one in changes], right=("BEFORE", "NOW", "TIMES"))


_NUMBERS = sorted({str(one.number) for one in EXPERIMENTS})
_EXPERIMENT = click.option(
    "--experiment",
    "experiments",
    multiple=True,
    metavar="NAME",
    type=click.Choice([*_NUMBERS, *(one.name for one in EXPERIMENTS)]),
    help=f"Only this one, by number (both layouts) or name: {', '.join(one.name for one in EXPERIMENTS)}. "
    "May be repeated.",
)
_SITUATION = click.option(
    "--situation",
    "situations",
    multiple=True,
    metavar="NAME",
    type=click.Choice([one.value for one in Situation]),
    help=f"Only this one: {', '.join(Situation)}. May be repeated.",
)
_JSON = json_option("lab.md")
_MARKDOWN = click.option("--markdown", "as_markdown", is_flag=True, help="Print the table as Markdown.")
_ORIENTATION = "For orientation, the original on GitHub's runners, cold, one reading each: 1 ~65 s, 2 ~64 s, 3 ~43 s."


@click.group(invoke_without_command=True)
@click.pass_context
def lab(ctx: click.Context) -> int:
    """Run the experiments on this machine, and compare what they cost (docs/lab.md).

    Without a command it does what `run` does.
    """
    return ctx.invoke(run) if ctx.invoked_subcommand is None else int(ExitCode.OK)


@lab.command()
@click.option(
    "-n", "rounds", default=1, show_default=True, metavar="N", type=click.IntRange(1, 100), help="How many rounds."
)
@_EXPERIMENT
@_SITUATION
@click.option(
    "--resume", "resumes", is_flag=True, help="Go on with the newest run, with the options that it was started with."
)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where the lab keeps the sample program and the caches.",
)
@_JSON
@_MARKDOWN
def run(
    rounds: int,
    experiments: tuple[str, ...],
    situations: tuple[str, ...],
    resumes: bool,
    data: Path | None,
    as_json: bool,
    as_markdown: bool,
) -> int:
    """Run experiments, and compare what they cost.

    Each job gets a builder of its own, and the local Actions service stands for GitHub. The engine is a private one
    where that can be made, else the Docker that is there. ctrl+c ends the run; what was measured is kept.
    """
    _check(as_json, as_markdown)
    if resumes and (experiments or situations or rounds > 1):
        raise UsageError("--resume repeats what was asked for before", hint="Leave out the other options.")
    plan = LabPlan(_experiments(experiments), _situations(situations), rounds)
    from dockcache_tui.lab.experiments.start import begun, default_folder

    folder = data or default_folder()
    with begun(None if resumes else plan, narrate, folder) as running:
        try:
            ended = follow(running)
        except DockcacheError:
            narrate(f"What was measured is kept: {_resuming(data)} continues.")
            raise
    _print(ended, None, plan, as_json=as_json, as_markdown=as_markdown)
    if ended.status is LabStatus.CANCELED:
        narrate(f"Canceled: {_resuming(data)} continues.")
        return int(ExitCode.INTERRUPTED)
    narrate(f"Its builds: dockcache-tui {folder / 'sample' / 'app'}")
    narrate(f"Its caches: dockcache-tui service --data {folder / 'service'}")
    return int(ExitCode.OK)


@lab.command()
@click.argument("number", metavar="[RUN]", type=int, required=False)
@click.option("--against", type=int, metavar="RUN", help="Compare it with an earlier run.")
@_EXPERIMENT
@_SITUATION
@_JSON
@_MARKDOWN
def show(
    number: int | None,
    against: int | None,
    experiments: tuple[str, ...],
    situations: tuple[str, ...],
    as_json: bool,
    as_markdown: bool,
) -> None:
    """Show an earlier run, or compare it with another.

    Without RUN it is the newest one that measured something.
    """
    _check(as_json, as_markdown)
    from dockcache_tui.sources.journal.lab_runs import LabRuns

    runs = LabRuns()
    try:
        found = _found(runs, number)
        other = _found(runs, against) if against is not None else None
    finally:
        runs.close()
    plan = LabPlan(_experiments(experiments), _situations(situations))
    _print(found, other, plan, as_json=as_json, as_markdown=as_markdown)


def _print(found: LabRun, other: LabRun | None, plan: LabPlan, *, as_json: bool, as_markdown: bool) -> None:
    """Print a run, what it shows, and how it differs from another; of it only what is in the plan."""
    now, before = (
        [row for row in summarize(one) if row.experiment in plan.experiments and row.situation in plan.situations]
        if one
        else []
        for one in (found, other)
    )
    changes, shown = compare(now, before), conclusions(now)
    if as_json:
        print_json(run_document(found, now, shown, changes))
        return
    if as_markdown:
        click.echo(markdown(found, now))
    elif now:
        print_rows(now)
    narrate(provenance(found))
    for one in shown:
        narrate(f"source changed: {one.text}")
    if changes and not as_markdown:
        print_changes(changes)
    if not as_markdown:
        narrate(_ORIENTATION)


def _resuming(data: Path | None) -> str:
    return f"`dockcache-tui lab run --resume{f' --data {data}' if data else ''}`"


def _found(runs: "LabRuns", number: int | None) -> LabRun:
    found = next((one for one in runs.runs() if one.jobs), None) if number is None else runs.run(number)
    if found is None:
        known = ", ".join(str(one.id) for one in runs.runs())
        what = f"there is no run {number} of the lab" if number is not None else "the lab has measured nothing yet"
        raise UsageError(what, hint=f"There are: {known}" if known else "`dockcache-tui lab run` begins one.")
    return found


def _experiments(asked: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(one.name for one in EXPERIMENTS if not asked or {one.name, str(one.number)} & set(asked))


def _situations(asked: tuple[str, ...]) -> tuple[Situation, ...]:
    return tuple(one for one in Situation if not asked or one.value in asked)


def _check(as_json: bool, as_markdown: bool) -> None:
    if as_json and as_markdown:
        raise UsageError("--json and --markdown can't be used together")
