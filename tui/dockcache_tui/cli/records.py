"""`dockcache-tui records` and `records prune`."""

from collections.abc import Iterable, Sequence

import click
from click.core import ParameterSource

from dockcache_tui.cli.listing import BUILDER, FILTER, Cells, ListRequest, json_option, list_options, print_fields
from dockcache_tui.cli.output import Row, narrate
from dockcache_tui.cli.reading import chosen, opened, read
from dockcache_tui.cli.scoping import BRANCH, expect_some, owner_scope, scope_here
from dockcache_tui.core import wording
from dockcache_tui.core.errors import ExitCode, UsageError
from dockcache_tui.core.filter import parse
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.attribution import ScopedRecord
from dockcache_tui.core.records.fields import RECORD_FIELDS
from dockcache_tui.core.records.prune import plan_of


def totals(found: Sequence[ScopedRecord]) -> Row:
    """Return the number of records and their bytes."""
    return {
        "count": len(found),
        "size": sum(one.record.size for one in found),
        "reclaimable_size": sum(one.record.size for one in found if one.record.reclaimable),
    }


def by_id(found: Iterable[ScopedRecord]) -> list[ScopedRecord]:
    """Return records by node and id, the order of those that are equal in what they are sorted by."""
    return sorted(found, key=lambda one: (one.record.node, one.record.id))


def print_records(found: Sequence[ScopedRecord]) -> None:
    """Print the table people read; the node is told when there are several."""
    several = len({one.record.node for one in found}) > 1
    cells: Cells[ScopedRecord] = {
        "ID": "id",
        **({"NODE": "node"} if several else {}),
        "TYPE": "type",
        "SIZE": "size",
        "CREATED": "created_at",
        "USED": "last_used_at",
        "USES": "usage_count",
        "STATE": state,
        "BRANCH": "branches",
        "WHAT": "description",
    }
    print_fields(RECORD_FIELDS, found, cells, Instant.now())


def state(scoped: ScopedRecord) -> str:
    """Return what is special about a record, in words."""
    record = scoped.record
    marks = (("in use", record.in_use), ("shared", record.shared), ("mutable", record.mutable))
    return ", ".join(word for word, holds in marks if holds)


@click.group(invoke_without_command=True)
@list_options(RECORD_FIELDS, "-size", "json.md", BUILDER)
@click.pass_context
def records(ctx: click.Context, /, *, builder: str, asked: ListRequest[ScopedRecord]) -> int:
    """List the cache records of every node of a builder."""
    if ctx.invoked_subcommand:
        if any(ctx.get_parameter_source(name) is not ParameterSource.DEFAULT for name in ctx.params):
            raise UsageError("options for `records prune` belong after `prune`")
        return int(ExitCode.OK)
    asked.filter()
    scope = scope_here(asked.branch, restorable=asked.restorable)
    with opened(builder) as source:
        reading = read(source)
    found = by_id(chosen(reading, scope, asked.expression))
    asked.print(found, totals(found), print_records)
    if asked.for_people:
        whole = sum(one.record.size for one in found)
        narrate(f"{wording.count(len(found), 'record')}, {wording.exact_size(whole)} on {reading.snapshot.builder}")
    return int(ExitCode.FAILED if any(node.error for node in reading.snapshot.nodes) else ExitCode.OK)


@records.command("prune")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@BUILDER
@BRANCH
@click.option(
    "--project", default="", metavar="P", help="Only this project's, owner/name or folder; else the current one's."
)
@click.option("--shared", is_flag=True, help="With --branch or --project: also what others own too.")
@FILTER
@click.option("--yes", is_flag=True, help="Prune; without it the plan is shown and nothing changes.")
@json_option("json.md")
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

    By branch or project it prunes only what no other branch owns as well; --shared prunes that too.
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
