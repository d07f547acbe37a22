"""`dockcache-tui records` and `records prune`."""

import click
from click.core import ParameterSource

from dockcache_tui.cli.output import narrate, print_csv, print_document
from dockcache_tui.cli.reading import chosen, opened, read
from dockcache_tui.cli.record_rows import COLUMNS, ordered, print_records, totals
from dockcache_tui.cli.scoping import BRANCH, RESTORABLE, expect_some, owner_scope, scope_here
from dockcache_tui.core import wording
from dockcache_tui.core.errors import ExitCode, UsageError
from dockcache_tui.core.filter import RECORD_FIELDS, parse
from dockcache_tui.core.records.owning import Owned, owned
from dockcache_tui.core.records.row import record_row

_BUILDER = click.option(
    "--builder", default="", metavar="B", help="The buildx builder; else BUILDX_BUILDER or the current one."
)
_FILTER = click.option("--filter", "expression", default="", metavar="EXPR", help="Only what passes, as in the app.")
_SORT = click.Choice([*COLUMNS, *(f"-{name}" for name in COLUMNS)])
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document (docs/json.md).")


@click.group(invoke_without_command=True)
@_BUILDER
@BRANCH
@RESTORABLE
@_FILTER
@click.option("--sort", default="-size", metavar="COL", type=_SORT, help="Order by a column; -COL descending.")
@_JSON
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@click.pass_context
def records(
    ctx: click.Context,
    /,
    *,
    builder: str,
    branch: str,
    restorable: bool,
    expression: str,
    sort: str,
    as_json: bool,
    as_csv: bool,
) -> int:
    """List the cache records of every node of a builder."""
    if ctx.invoked_subcommand:
        if any(ctx.get_parameter_source(name) is not ParameterSource.DEFAULT for name in ctx.params):
            raise UsageError("options for `records prune` belong after `prune`")
        return int(ExitCode.OK)
    if as_json and as_csv:
        raise UsageError("--json and --csv exclude each other")
    parse(expression, RECORD_FIELDS)
    scope = scope_here(branch, restorable=restorable)
    with opened(builder) as source:
        reading = read(source)
    found = ordered(chosen(reading, scope, expression), sort)
    if as_json:
        print_document(map(record_row, found), totals(found))
    elif as_csv:
        print_csv(tuple(COLUMNS), map(record_row, found))
    else:
        print_records(found)
        whole = sum(one.record.size for one in found)
        narrate(f"{wording.count(len(found), 'record')}, {wording.exact_size(whole)} on {reading.snapshot.builder}")
    return int(ExitCode.FAILED if any(node.error for node in reading.snapshot.nodes) else ExitCode.OK)


@records.command("prune")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@_BUILDER
@BRANCH
@click.option("--project", default="", metavar="P", help="Of this project, owner/name or folder; else the current one.")
@click.option("--shared", is_flag=True, help="With --branch or --project: also what others own too.")
@_FILTER
@click.option("--yes", is_flag=True, help="Prune; without it the plan is shown and nothing changes.")
@_JSON
def prune(
    *,
    ids: tuple[str, ...],
    builder: str,
    branch: str,
    project: str,
    shared: bool,
    expression: str,
    yes: bool,
    as_json: bool,
) -> int:
    """Prune records by ID or by filter, leaf first; a dry run unless --yes.

    By branch or project goes only what no other branch owns too; --shared takes that as well.
    """
    from dockcache_tui.cli.pruning import marked, prune_records

    if not (ids or branch or project or expression.strip()):
        raise UsageError("nothing was named to prune", hint="Name ids, or give --filter, --branch or --project.")
    if shared and not (branch or project):
        raise UsageError("--shared goes with --branch or --project")
    parse(expression, RECORD_FIELDS)
    with opened(builder) as source:
        reading = read(source)
        scope = owner_scope(branch, project, [owner for one in reading.records for owner in one.owners])
        whole = not any(node.error for node in reading.snapshot.nodes)
        if not scope.empty:
            expect_some(any(scope.admits_owners(one.owners) for one in reading.records), scope, "record", whole=whole)
        found = marked(chosen(reading, scope, expression), ids)
        split = Owned(found, ()) if shared or scope.empty else owned(found, scope)
        return int(prune_records(source, reading, split, yes=yes, as_json=as_json))
