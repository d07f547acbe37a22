"""`dockcache-tui records` and `records prune`."""

from collections.abc import Callable, Sequence

import click
from click.core import ParameterSource

from dockcache_tui.cli.output import Row, narrate, print_csv, print_document, print_table
from dockcache_tui.cli.reading import chosen, opened, read
from dockcache_tui.cli.scoping import BRANCH, RESTORABLE, expect_some, owner_scope, scope_here
from dockcache_tui.core import wording
from dockcache_tui.core.errors import ExitCode, UsageError
from dockcache_tui.core.filter import parse
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.attribution import ScopedRecord
from dockcache_tui.core.records.fields import RECORD_FIELDS
from dockcache_tui.core.records.owning import plan_of
from dockcache_tui.core.records.row import record_row

Key = Callable[[ScopedRecord], int | str | None]

COLUMNS: dict[str, Key] = {
    "builder": lambda one: one.record.builder,
    "node": lambda one: one.record.node,
    "id": lambda one: one.record.id,
    "type": lambda one: one.record.type,
    "size": lambda one: one.record.size,
    "created_at": lambda one: one.record.created_at.ns,
    "last_used_at": lambda one: one.record.last_used_at.ns if one.record.last_used_at else None,
    "usage_count": lambda one: one.record.usage_count,
    "parents": lambda one: len(one.record.parents),
    "in_use": lambda one: one.record.in_use,
    "shared": lambda one: one.record.shared,
    "mutable": lambda one: one.record.mutable,
    "reclaimable": lambda one: one.record.reclaimable,
    "description": lambda one: one.record.description,
    "project": lambda one: one.project.name if one.project else None,
    "branches": lambda one: " ".join(branch.ref for branch in one.branches) or None,
    "owners": lambda one: len(one.owners),
}
"""The fields in their order, each with what it is sorted by."""


def totals(found: Sequence[ScopedRecord]) -> Row:
    """Return the number of records and their bytes."""
    return {
        "count": len(found),
        "size": sum(one.record.size for one in found),
        "reclaimable_size": sum(one.record.size for one in found if one.record.reclaimable),
    }


def ordered(found: Sequence[ScopedRecord], sort: str) -> list[ScopedRecord]:
    """Order by a column (descending with `-`), equal ones by node and id; what has no value comes last either way."""
    key = COLUMNS[sort.removeprefix("-")]
    by_id = sorted(found, key=lambda one: (one.record.node, one.record.id))
    keyed = [(value, one) for one in by_id if (value := key(one)) is not None]
    keyed.sort(key=lambda pair: pair[0], reverse=sort.startswith("-"))
    return [one for _, one in keyed] + [one for one in by_id if key(one) is None]


def print_records(found: Sequence[ScopedRecord]) -> None:
    """Print the table people read; the node is told when there are several."""
    now = Instant.now()
    several = len({one.record.node for one in found}) > 1
    head = ("ID", *(["NODE"] if several else []), "TYPE", "SIZE", "CREATED", "USED", "USES", "STATE", "BRANCH", "WHAT")
    rows = [
        (
            one.record.id,
            *([one.record.node] if several else []),
            one.record.type,
            wording.size(one.record.size),
            wording.age(one.record.created_at, now),
            wording.age(one.record.last_used_at, now),
            str(one.record.usage_count),
            state(one),
            ", ".join(branch.short for branch in one.branches) or "–",
            one.record.description,
        )
        for one in found
    ]
    print_table(head, rows, right=("SIZE", "CREATED", "USED", "USES"))


def state(scoped: ScopedRecord) -> str:
    """Return what is special about a record, in words."""
    record = scoped.record
    marks = (("in use", record.in_use), ("shared", record.shared), ("mutable", record.mutable))
    return ", ".join(word for word, holds in marks if holds) or "–"


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
    from dockcache_tui.cli.records_prune import marked, prune_records

    if not (ids or branch or project or expression.strip()):
        raise UsageError("nothing was named to prune", hint="Name ids, or give --filter, --branch or --project.")
    if shared and not (branch or project):
        raise UsageError("--shared goes with --branch or --project")
    parse(expression, RECORD_FIELDS)
    with opened(builder) as source:
        reading = read(source)
        scope = owner_scope(branch, project, reading.owners)
        whole = not any(node.error for node in reading.snapshot.nodes)
        if not scope.empty:
            expect_some(any(scope.admits_owners(one.owners) for one in reading.records), scope, "record", whole=whole)
        keys = marked(chosen(reading, scope, expression), ids)
        planned = plan_of(reading, keys, scope, shared=shared)
        return int(prune_records(source, reading, planned, yes=yes, as_json=as_json))
