"""`dockcache-tui artifacts` and its commands."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from dockcache_tui.cli.cache_reading import opened, read_artifacts
from dockcache_tui.cli.deletion import After, Delete, DeleteWords
from dockcache_tui.cli.listing import (
    BRANCH,
    FILTER,
    REPO,
    Cells,
    ListRequest,
    expect_some,
    json_option,
    list_options,
    print_fields,
    scope_here,
    scope_of,
)
from dockcache_tui.cli.output import Row, narrate
from dockcache_tui.cli.waiting import wait_for
from dockcache_tui.core import wording
from dockcache_tui.core.archives.artifact import Artifact
from dockcache_tui.core.archives.fields import ARTIFACT_FIELDS
from dockcache_tui.core.deletion import DeletePlan
from dockcache_tui.core.errors import ExitCode, UsageError
from dockcache_tui.core.field import json_row
from dockcache_tui.core.filter import parse
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.scope import ScopeFilter

if TYPE_CHECKING:
    from dockcache_tui.sources.github.protocol import ActionsSource

_PAGE = "json-artifacts.md"


_ARTIFACT: DeleteWords[Artifact] = DeleteWords(
    "artifact",
    "NAME",
    lambda one: one.name,
    lambda one: one.branch.short if one.branch else "–",
    lambda one: json_row(ARTIFACT_FIELDS, one),
)


def delete_artifacts(source: "ActionsSource", found: Sequence[Artifact], *, yes: bool, as_json: bool) -> ExitCode:
    """Show the plan, and with `yes` carry it out and tell what came of it."""
    plan, refused = DeletePlan(source.repo, tuple(found)), wait_for(source.host, source.read_only)
    after: After[Artifact] = After(None, whole=True)
    delete = Delete(source.host, plan, _ARTIFACT, lambda: source.delete_artifacts(plan), refused, lambda: after)
    return delete.run(yes=yes, as_json=as_json)


def totals(found: Sequence[Artifact]) -> Row:
    """Return the sums of what was found; what expired keeps no bytes."""
    return {
        "count": len(found),
        "size_in_bytes": sum(one.size for one in found),
        "expired": sum(one.expired for one in found),
    }


def print_artifacts(found: Sequence[Artifact]) -> None:
    """Print the table people read."""
    now = Instant.now()
    cells: Cells[Artifact] = {
        "ID": "id",
        "BRANCH": "branch",
        "SIZE": "size_in_bytes",
        "CREATED": "created_at",
        "LEFT": lambda one: left(one, now),
        "NAME": "name",
    }
    print_fields(ARTIFACT_FIELDS, found, cells, now, right=("ID", "LEFT"))


def left(artifact: Artifact, now: Instant) -> str:
    """Return how long GitHub still keeps it."""
    if artifact.expired:
        return "expired"
    return wording.span(max(0.0, artifact.expires_at.seconds_since(now)) if artifact.expires_at else None)


@click.group(invoke_without_command=True)
@list_options(ARTIFACT_FIELDS, "-created_at", _PAGE, REPO)
@click.pass_context
def artifacts(ctx: click.Context, /, *, repo: str, asked: ListRequest[Artifact]) -> int:
    """List a repository's workflow artifacts."""
    if ctx.invoked_subcommand:
        if any(ctx.get_parameter_source(name) is not ParameterSource.DEFAULT for name in ctx.params):
            raise UsageError(f"options for `artifacts {ctx.invoked_subcommand}` belong after it")
        return int(ExitCode.OK)
    asked.filter()
    scope = scope_here(asked.branch, restorable=asked.restorable)
    with opened(repo) as source:
        found = sorted(_chosen(read_artifacts(source), scope, asked.expression), key=lambda one: one.id)
    asked.print(found, totals(found), print_artifacts)
    if asked.for_people:
        size = wording.exact_size(sum(one.size for one in found))
        narrate(f"{wording.count(len(found), 'artifact')}, {size}.")
    return int(ExitCode.OK)


@artifacts.command("download")
@click.argument("which", metavar="ID|NAME")
@REPO
@BRANCH
@click.option(
    "--to",
    default=".",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder to write to; by default the current one.",
)
@click.option("--replace", is_flag=True, help="Overwrite a file that is already there.")
def download(which: str, repo: str, branch: str, to: Path, replace: bool) -> int:
    """Download an artifact, and check it.

    Of several with one NAME it takes the newest. A download that broke off is resumed. Prints the path of the file.
    """
    from dockcache_tui.cli.waiting import progress

    with opened(repo) as source:
        artifact = _named(which, _chosen(read_artifacts(source), scope_of(branch), ""))
        with progress(f"Downloading {artifact.name}") as done:
            path = source.download_artifact(artifact, to, done, replace=replace)
    narrate(
        f"Its digest is {artifact.digest}, as GitHub says."
        if artifact.digest
        else "GitHub tells no digest of it, so it was not checked."
    )
    click.echo(str(path))
    return int(ExitCode.OK)


@artifacts.command("delete")
@click.argument("ids", nargs=-1, type=int, metavar="[ID]...")
@REPO
@BRANCH
@FILTER
@click.option("--yes", is_flag=True, help="Delete; without this only the plan is shown.")
@json_option(_PAGE)
def delete(*, ids: tuple[int, ...], repo: str, branch: str, expression: str, yes: bool, as_json: bool) -> int:
    """Show which artifacts would go, and delete them with --yes.

    Names them by ID, filter or branch.
    """
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
