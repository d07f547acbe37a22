"""`dockcache-tui lab`: run the experiments and compare them."""

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dockcache_tui.cli.lab_following import follow
from dockcache_tui.cli.lab_rows import print_changes, print_rows, run_document
from dockcache_tui.cli.output import narrate, print_json
from dockcache_tui.core.errors import DockcacheError, ExitCode, UsageError
from dockcache_tui.core.lab.comparison import compare
from dockcache_tui.core.lab.conclusions import conclusions
from dockcache_tui.core.lab.experiment import EXPERIMENTS, Situation
from dockcache_tui.core.lab.run import LabPlan, LabRun, LabStatus
from dockcache_tui.core.lab.summary import summarize
from dockcache_tui.core.lab.table import markdown, provenance

if TYPE_CHECKING:
    from dockcache_tui.sources.journal.lab_runs import LabRuns

_NUMBERS = sorted({str(one.number) for one in EXPERIMENTS})
_EXPERIMENT = click.option(
    "--experiment",
    "experiments",
    multiple=True,
    type=click.Choice([*_NUMBERS, *(one.name for one in EXPERIMENTS)]),
    help="Only this one, by number (both layouts) or name; may be repeated.",
)
_SITUATION = click.option(
    "--situation",
    "situations",
    multiple=True,
    type=click.Choice([one.value for one in Situation]),
    help="Only this one; may be repeated. Each round begins cold all the same.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document (docs/lab.md).")
_MARKDOWN = click.option("--markdown", "as_markdown", is_flag=True, help="Print the table as Markdown.")
_ORIENTATION = "For orientation, the original on GitHub's runners, cold, one reading each: 1 ~65 s, 2 ~64 s, 3 ~43 s."


@click.group(invoke_without_command=True)
@click.pass_context
def lab(ctx: click.Context) -> int:
    """Run the experiments as their jobs would run, and compare what they cost (docs/lab.md)."""
    return ctx.invoke(run) if ctx.invoked_subcommand is None else int(ExitCode.OK)


@lab.command()
@click.option("-n", "rounds", default=1, show_default=True, type=click.IntRange(1, 100), help="How many rounds.")
@_EXPERIMENT
@_SITUATION
@click.option("--resume", "resumes", is_flag=True, help="Go on with the newest run, as it was asked for.")
@click.option(
    "--data", type=click.Path(path_type=Path), metavar="DIR", help="Where it keeps the sample program and the caches."
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
    """Run experiments, each job on a builder of its own, with the local Actions service between the jobs.

    The engine is the private one where it can be made, else the Docker that is there. ctrl+c ends the run; what was
    measured is kept.
    """
    _check(as_json, as_markdown)
    if resumes and (experiments or situations or rounds > 1):
        raise UsageError("--resume goes on with what was asked for before", hint="Leave out the other options.")
    plan = LabPlan(_experiments(experiments), _situations(situations), rounds)
    from dockcache_tui.lab.experiments import starting
    from dockcache_tui.lab.experiments.lending import lend

    folder = data or starting.default_folder()
    with ExitStack() as stack:
        engine = lend(stack, narrate)
        running = starting.resume(engine, folder) if resumes else starting.start(engine, plan, folder)
        try:
            ended = follow(running)
        except DockcacheError:
            narrate(f"What was measured is kept: {_resuming(data)} goes on.")
            raise
    _print(ended, None, plan, as_json=as_json, as_markdown=as_markdown)
    if ended.status is LabStatus.CANCELED:
        narrate(f"Canceled: {_resuming(data)} goes on.")
        return int(ExitCode.INTERRUPTED)
    narrate(f"Its builds: dockcache-tui {folder / 'sample' / 'app'}")
    narrate(f"Its caches: dockcache-tui service --data {folder / 'service'}")
    return int(ExitCode.OK)


@lab.command()
@click.argument("number", metavar="[RUN]", type=int, required=False)
@click.option("--against", type=int, metavar="RUN", help="Compare with an earlier run.")
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
    """Show a run, by default the newest that measured something, and compare it with another."""
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
        raise UsageError("--json and --markdown exclude each other")
