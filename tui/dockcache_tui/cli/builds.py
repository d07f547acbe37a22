"""`dockcache-tui builds`."""

from collections.abc import Sequence

import click

from dockcache_tui.cli.listing import Cells, ListRequest, list_options, print_fields, scope_here
from dockcache_tui.cli.output import narrate, print_table
from dockcache_tui.core import wording
from dockcache_tui.core.builds.build import Build, BuildStatus, Step, StepState
from dockcache_tui.core.builds.fields import BUILD_FIELDS
from dockcache_tui.core.errors import ExitCode, SourceError
from dockcache_tui.core.instant import Instant


@click.command()
@list_options(
    BUILD_FIELDS,
    "-started_at",
    "json-builds.md",
    click.option(
        "--builder", default="", metavar="B", help="Only builds on this builder, including those that others started."
    ),
    click.option(
        "--limit",
        default=1_000,
        show_default=True,
        metavar="N",
        type=click.IntRange(min=1),
        help="Read only the newest N builds of the journal.",
    ),
)
def builds(*, builder: str, limit: int, asked: ListRequest[Build]) -> int:
    """List the builds started with dockcache-tui, in any project.

    With --builder it lists all builds that the builder remembers.
    """
    passes = asked.filter().compile(Instant.now())
    scope = scope_here(asked.branch, restorable=asked.restorable)
    known, failures = _known(builder, limit)
    for node, error in failures.items():
        narrate(f"{node}: {error.title}: {error}")
        narrate(error.hint)
    found = [build for build in known if scope.takes(build.project, build.branch) and passes(build)]
    asked.print(found, _totals(found), _print_builds)
    if asked.for_people:
        narrate(wording.count(len(found), "build"))
    return int(ExitCode.FAILED if failures else ExitCode.OK)


def _known(builder: str, limit: int) -> tuple[tuple[Build, ...], dict[str, SourceError]]:
    """Return the builds, and why nodes told none, by their names."""
    from dockcache_tui.cli.reading import heard, opened
    from dockcache_tui.core.builds.build import merge
    from dockcache_tui.sources.journal import Journal

    journal = Journal()
    try:
        if journal.notice:
            narrate(journal.notice)
        ours, refs = journal.builds(limit=limit), journal.refs()
    finally:
        journal.close()
    if not builder:
        return ours, {}
    with opened(builder) as source:
        history = source.history(follow=False)
        kept = {build.ref: build for build in ours if build.builder == source.name}
        return merge(kept.values(), heard(source, history, kept, refs)), history.failures


def _print_builds(found: Sequence[Build]) -> None:
    cells: Cells[Build] = {
        "REF": "ref",
        "BUILDER": "builder",
        "BRANCH": "branch",
        "REVISION": lambda build: build.revision[:12],
        "AGE": "started_at",
        "STATUS": "status",
        "REUSE": "reuse",
        "STEPS": lambda build: f"{build.cached}/{build.cacheable}",
        "TOOK": "duration",
        "SAVED": "time_saved",
        "PROJECT": lambda build: build.project.name if build.project else build.folder,
    }
    print_fields(BUILD_FIELDS, found, cells, Instant.now(), right=("STEPS",))


def _totals(found: list[Build]) -> dict[str, int]:
    return {
        "count": len(found),
        "succeeded": sum(build.status is BuildStatus.SUCCEEDED for build in found),
        "reused": sum(build.cached for build in found),
        "cacheable": sum(build.cacheable for build in found),
    }


def _why(step: Step) -> str:
    return step.error or (step.cause.text if step.cause else "")


def print_report(build: Build) -> None:
    """Print the reuse report of one build: every step that could be reused, then the totals."""
    steps = [step for step in build.steps if step.cacheable or step.state is StepState.FAILED]
    if steps:
        rows = [
            (step.state.value, wording.span(step.duration), str(step.line or "–"), step.name, _why(step))
            for step in steps
        ]
        print_table(("STATE", "TOOK", "LINE", "STEP", ""), rows, right=("TOOK", "LINE"))
    saved = f", {wording.span(build.time_saved)} saved" if build.time_saved is not None else ""
    share = f"{wording.share(build.reuse)} reused ({build.cached} of {wording.count(build.cacheable, 'step')}{saved})"
    print_table((f"{build.status.value} in {wording.span(build.duration)}: {share}",), ())
