"""`dockcache-tui builds`."""

import click

from dockcache_tui.cli.build_rows import print_builds
from dockcache_tui.cli.output import narrate, print_csv, print_document
from dockcache_tui.cli.scoping import BRANCH, RESTORABLE, scope_here
from dockcache_tui.core import wording
from dockcache_tui.core.builds.build import Build, BuildStatus
from dockcache_tui.core.builds.fields import BUILD_FIELDS
from dockcache_tui.core.builds.row import BUILD_COLUMNS, build_row
from dockcache_tui.core.errors import ExitCode, SourceError, UsageError
from dockcache_tui.core.filter import parse
from dockcache_tui.core.instant import Instant

_SORT = click.Choice([*BUILD_COLUMNS, *(f"-{name}" for name in BUILD_COLUMNS)])


@click.command()
@click.option("--builder", default="", metavar="B", help="Only builds of this builder, with those that others started.")
@BRANCH
@RESTORABLE
@click.option("--filter", "expression", default="", metavar="EXPR", help="Only what passes, as in the app.")
@click.option("--sort", default="-started_at", metavar="COL", type=_SORT, help="Order by a column; -COL descending.")
@click.option(
    "--limit", default=1_000, show_default=True, type=click.IntRange(min=1), help="The newest N of the journal."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document (docs/json-builds.md).")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
def builds(
    *,
    builder: str,
    branch: str,
    restorable: bool,
    expression: str,
    sort: str,
    limit: int,
    as_json: bool,
    as_csv: bool,
) -> int:
    """List the builds launched from here, and with --builder all that the builder remembers."""
    if as_json and as_csv:
        raise UsageError("--json and --csv exclude each other")
    passes = parse(expression, BUILD_FIELDS).compile(Instant.now())
    scope = scope_here(branch, restorable=restorable)
    known, failures = _known(builder, limit)
    for node, error in failures.items():
        narrate(f"{node}: {error.title}: {error}")
        narrate(error.hint)
    found = [build for build in known if scope.takes(build.project, build.branch) and passes(build)]
    found = _ordered(found, sort)
    if as_json:
        print_document(map(build_row, found), _totals(found))
    elif as_csv:
        print_csv(tuple(BUILD_COLUMNS), map(build_row, found))
    else:
        print_builds(found)
        narrate(wording.count(len(found), "build"))
    return int(ExitCode.FAILED if failures else ExitCode.OK)


def _known(builder: str, limit: int) -> tuple[tuple[Build, ...], dict[str, SourceError]]:
    """Return the builds, and why nodes told none, by their names."""
    from dockcache_tui.cli.reading import heard, opened
    from dockcache_tui.core.builds.merging import merge
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


def _ordered(found: list[Build], sort: str) -> list[Build]:
    """Order by a column (descending with `-`); what has no value comes last either way."""
    key = BUILD_COLUMNS[sort.removeprefix("-")]
    known = [build for build in found if key(build) is not None]
    known.sort(key=key, reverse=sort.startswith("-"))  # type: ignore[arg-type]
    return known + [build for build in found if key(build) is None]


def _totals(found: list[Build]) -> dict[str, int]:
    return {
        "count": len(found),
        "succeeded": sum(build.status is BuildStatus.SUCCEEDED for build in found),
        "reused": sum(build.cached for build in found),
        "cacheable": sum(build.cacheable for build in found),
    }
