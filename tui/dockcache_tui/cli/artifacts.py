"""`dockcache-tui artifacts` and its commands."""

from pathlib import Path

import click
from click.core import ParameterSource

from dockcache_tui.cli.artifact_rows import ordered, print_artifacts, totals
from dockcache_tui.cli.cache_reading import opened, read_artifacts
from dockcache_tui.cli.output import narrate, print_csv, print_document
from dockcache_tui.cli.scoping import BRANCH, RESTORABLE, expect_some, scope_here, scope_of
from dockcache_tui.core import wording
from dockcache_tui.core.actions_cache.artifact import Artifact
from dockcache_tui.core.actions_cache.artifact_row import ARTIFACT_COLUMNS, ARTIFACT_FIELDS, artifact_row
from dockcache_tui.core.errors import ExitCode, UsageError
from dockcache_tui.core.filter import parse
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.scope import ScopeFilter

_REPO = click.option(
    "--repo", default="", metavar="[HOST/]OWNER/NAME", help="The repository; else GITHUB_REPOSITORY or git's remote."
)
_FILTER = click.option("--filter", "expression", default="", metavar="EXPR", help="Only what passes, as in the app.")
_SORT = click.Choice([*ARTIFACT_COLUMNS, *(f"-{name}" for name in ARTIFACT_COLUMNS)])
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document (docs/json-artifacts.md).")


@click.group(invoke_without_command=True)
@_REPO
@BRANCH
@RESTORABLE
@_FILTER
@click.option("--sort", default="-created_at", metavar="COL", type=_SORT, help="Order by a column; -COL descending.")
@_JSON
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@click.pass_context
def artifacts(
    ctx: click.Context,
    /,
    *,
    repo: str,
    branch: str,
    restorable: bool,
    expression: str,
    sort: str,
    as_json: bool,
    as_csv: bool,
) -> int:
    """List a repository's workflow artifacts."""
    if ctx.invoked_subcommand:
        if any(ctx.get_parameter_source(name) is not ParameterSource.DEFAULT for name in ctx.params):
            raise UsageError(f"options for `artifacts {ctx.invoked_subcommand}` belong after it")
        return int(ExitCode.OK)
    if as_json and as_csv:
        raise UsageError("--json and --csv exclude each other")
    parse(expression, ARTIFACT_FIELDS)
    scope = scope_here(branch, restorable=restorable)
    with opened(repo) as source:
        found = ordered(_chosen(read_artifacts(source), scope, expression), sort)
    if as_json:
        print_document(map(artifact_row, found), totals(found))
    elif as_csv:
        print_csv(tuple(ARTIFACT_COLUMNS), map(artifact_row, found))
    else:
        print_artifacts(found, Instant.now())
        size = wording.exact_size(sum(one.size for one in found))
        narrate(f"{wording.count(len(found), 'artifact')}, {size}.")
    return int(ExitCode.OK)


@artifacts.command("download")
@click.argument("which", metavar="ID|NAME")
@_REPO
@BRANCH
@click.option(
    "--to", default=".", metavar="DIR", type=click.Path(path_type=Path, file_okay=False), help="The folder; else here."
)
@click.option("--replace", is_flag=True, help="Write over a file that is there.")
def download(which: str, repo: str, branch: str, to: Path, replace: bool) -> int:
    """Download an artifact, the newest of its name; goes on where the last try broke off.

    Prints where the file is.
    """
    from dockcache_tui.cli.progress import progress

    with opened(repo) as source:
        artifact = _named(which, _chosen(read_artifacts(source), scope_of(branch), ""))
        with progress(f"Downloading {artifact.name}") as done:
            path = source.download_artifact(artifact, to, done, replace=replace)
    narrate(
        f"Its digest is {artifact.digest}, as it should be." if artifact.digest else "GitHub knows no digest of it."
    )
    click.echo(str(path))
    return int(ExitCode.OK)


@artifacts.command("delete")
@click.argument("ids", nargs=-1, type=int, metavar="[ID]...")
@_REPO
@BRANCH
@_FILTER
@click.option("--yes", is_flag=True, help="Delete; without it the plan is shown and nothing changes.")
@_JSON
def delete(*, ids: tuple[int, ...], repo: str, branch: str, expression: str, yes: bool, as_json: bool) -> int:
    """Delete artifacts by ID, filter or branch; a dry run unless --yes."""
    from dockcache_tui.cli.artifact_deleting import delete_artifacts

    if not (ids or branch or expression.strip()):
        raise UsageError("nothing was named to delete", hint="Name ids, or give --filter or --branch.")
    parse(expression, ARTIFACT_FIELDS)
    with opened(repo) as source:
        scope, kept = scope_of(branch), read_artifacts(source)
        if branch:
            expect_some(any(one.branch and scope.admits((one.branch,)) for one in kept), scope, "artifact")
        found = _chosen(kept, scope, expression)
        unknown = set(ids) - {one.id for one in found}
        if unknown:
            named = ", ".join(map(str, sorted(unknown)))
            raise UsageError(f"there is no such artifact: {named}", hint="See `dockcache-tui artifacts`.")
        plan = [one for one in found if not ids or one.id in ids]
        return int(delete_artifacts(source, plan, yes=yes, as_json=as_json))


def _chosen(found: tuple[Artifact, ...], scope: ScopeFilter, expression: str) -> list[Artifact]:
    """Return those of a scope that pass a filter, newest first; raises FilterError."""
    passes = parse(expression, ARTIFACT_FIELDS).compile(Instant.now())
    return [one for one in found if scope.admits((one.branch,) if one.branch else ()) and passes(one)]


def _named(which: str, found: list[Artifact]) -> Artifact:
    """Return the artifact of an id, else the newest of a name, one that has its bytes first; raises UsageError."""
    fits = [one for one in found if str(one.id) == which] or [one for one in found if one.name == which]
    if not fits:
        raise UsageError(f"there is no artifact {which!r}", hint="See `dockcache-tui artifacts`.")
    return min(fits, key=lambda one: one.expired)
