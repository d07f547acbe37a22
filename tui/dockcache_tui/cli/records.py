"""`dockcache-tui records`, `records prune`, `records forecast` and `records gone`."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from dockcache_tui.cli.deletion import exit_code, printed, tell_unaudited
from dockcache_tui.cli.listing import (
    BRANCH,
    BUILDER,
    FILTER,
    Cells,
    ListRequest,
    expect_some,
    json_option,
    list_options,
    owner_scope,
    print_fields,
    scope_here,
)
from dockcache_tui.cli.output import Row, narrate, print_document, print_table
from dockcache_tui.cli.reading import chosen, kept, opened, read, remember
from dockcache_tui.cli.records_forecast import forecast
from dockcache_tui.cli.records_gone import gone
from dockcache_tui.cli.waiting import beside, telling, wait_for
from dockcache_tui.core import wording
from dockcache_tui.core.errors import ExitCode, SourceError, UsageError
from dockcache_tui.core.field import json_row
from dockcache_tui.core.filter import parse
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.attribution import ScopedRecord
from dockcache_tui.core.records.fields import RECORD_FIELDS
from dockcache_tui.core.records.outcome import Comparison, Outcome, compare, outcomes
from dockcache_tui.core.records.prune import KeepReason, Kept, PrunePlan, plan_of
from dockcache_tui.core.records.reading import Reading
from dockcache_tui.core.records.record import BuilderSnapshot, PruneOutcome, Record, RecordKey
from dockcache_tui.sources.ending import Ending
from dockcache_tui.sources.reading_after_prune import read_after

if TYPE_CHECKING:
    from dockcache_tui.sources.protocols import Builder

_PATIENCE = 2.0
"""Seconds that an interrupted prune may take to end the request under way: most take less than one."""


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
            raise UsageError(f"options for `records {ctx.invoked_subcommand}` belong after it")
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


records.add_command(forecast)
records.add_command(gone)


@records.command("prune")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@BUILDER
@BRANCH
@click.option("--project", default="", metavar="P", help="Only what this project owns: OWNER/NAME or a folder.")
@click.option("--shared", is_flag=True, help="With --branch or --project: also what others own as well.")
@FILTER
@click.option("--yes", is_flag=True, help="Prune; without this only the plan is shown.")
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
    """Show what pruning would free, and prune it with --yes.

    Names the records by ID, filter, branch or project. A branch means that of the current folder's project, or of
    --project. Only what that branch or project owns alone is pruned, unless --shared is given.
    """
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


def marked(found: Sequence[ScopedRecord], ids: Sequence[str]) -> tuple[RecordKey, ...]:
    """Return the records named by id, on whichever nodes they are, or all found when none is; raises UsageError."""
    unknown = set(ids) - {one.record.id for one in found}
    if unknown:
        raise UsageError(f"there is no record {', '.join(sorted(unknown))}", hint="See `dockcache-tui records`.")
    return tuple(one.key for one in found if not ids or one.record.id in ids)


def prune_records(builder: "Builder", reading: Reading, planned: PrunePlan, *, yes: bool, as_json: bool) -> ExitCode:
    """Show the plan, and with `yes` carry it out and tell what came of it, whatever fails."""
    if not yes:
        _show(planned, reading, None, as_json=as_json)
        narrate(f"{_sum(planned)} Nothing was changed: --yes prunes.")
        return ExitCode.FAILED if any(node.error for node in reading.snapshot.nodes) else ExitCode.OK
    outcome, interrupted = _prune(builder, planned.freed) if planned.freed else (PruneOutcome(()), False)
    after = None if interrupted or not planned.freed else _read_again(builder, outcome)
    unread = {node.name for node in after.nodes if node.error} if after else ()
    comparison = compare(planned, outcome, after.records if after else None, unread)
    written = printed(lambda: _show(planned, reading, comparison, as_json=as_json))
    _tell(planned, comparison)
    reached = not any(node.error for node in (*reading.snapshot.nodes, *(after.nodes if after else ())))
    seen = after is not None or not planned.freed
    whole = comparison.agrees and not comparison.unaudited and written and reached and seen
    return exit_code(interrupted=interrupted, untried=comparison.untried, whole=whole)


def _prune(builder: "Builder", records: Sequence[Record]) -> tuple[PruneOutcome, bool]:
    """Prune, and tell whether that was interrupted: the request under way is cut when it takes longer, or at a second.

    What became of its records is unknown then, as the account says.
    """
    ending = Ending(_PATIENCE)
    with ending.within():
        work = beside("prune", lambda: builder.prune(records))
    try:
        with telling(f"{builder.name} to free {wording.count(len(records), 'record')}"):
            return work.result(), False
    except KeyboardInterrupt:
        ending.ask()
        narrate(f"Interrupted: the request under way has {_PATIENCE:g} seconds to end, the rest is not tried.")
    try:
        return work.result(), True
    except KeyboardInterrupt:
        ending.ask()
    return work.result(), True


def _read_again(builder: "Builder", outcome: PruneOutcome) -> BuilderSnapshot | None:
    """Read the records again; where that can't be done, say so."""
    try:
        after = read_after(
            outcome, lambda: wait_for(f"the records of {builder.name}", builder.snapshot), lambda after: after.nodes
        )
    except SourceError as error:
        narrate(f"The builder can't be read again: {error}")
        return None
    with kept() as journal:
        remember(journal, after)
    return after


def _show(planned: PrunePlan, reading: Reading, found: Comparison | None, *, as_json: bool) -> None:
    """Print every chosen record with what happens to it, in the order of the pruning."""
    planning = [Outcome(one.key, "", 0) for one in planned.freed]
    planning += [Outcome(one.key, "", 0, kept=one) for one in planned.kept]
    items, rows = [], []
    for came in outcomes(planned, found) if found else planning:
        if came.key not in reading.by_key:  # freed besides, and made since
            continue
        one, kept = reading.by_key[came.key], came.kept
        detail = "" if kept else came.detail
        items.append(
            {
                **json_row(RECORD_FIELDS, one),
                "action": "keep" if kept else "prune",
                "reason": kept.reason.value if kept else None,
                "outcome": came.word if found else None,
                "freed": came.freed if found else None,
                "detail": detail,
            }
        )
        action = (
            f"keep: {_reason(kept, one)}" if kept else detail or (f"freed {came.freed:,} bytes" if found else "prune")
        )
        rows.append((came.key.id, came.key.node, wording.size(one.record.size), action, one.record.description))
    if as_json:
        sums = {
            "count": len(planned.freed),
            "size": planned.bytes,
            "pruned": found.records if found else None,
            "freed": found.freed if found else None,
            "audited": not found.unaudited if found else None,
        }
        print_document(items, sums)
    else:
        print_table(("ID", "NODE", "SIZE", "ACTION", "WHAT"), rows, right=("SIZE",))


def _reason(kept: Kept, record: ScopedRecord) -> str:
    if kept.reason is not KeepReason.OTHERS:
        return kept.reason.value
    return f"owned by {', '.join(map(str, record.owners))}"


def _sum(planned: PrunePlan) -> str:
    parts = [f"Would free {wording.count(len(planned.freed), 'record')}, {wording.exact_size(planned.bytes)}."]
    if planned.kept:
        parts.append(f"{wording.count(len(planned.kept), 'record')} would stay.")
    if planned.unmarked:
        parts.append(
            f"With {wording.count(len(planned.unmarked), 'record')} built on them it would be "
            f"{wording.exact_size(planned.deep_bytes)}."
        )
    return " ".join(parts)


def _tell(planned: PrunePlan, found: Comparison) -> None:
    narrate(f"Freed {wording.count(found.records, 'record')}, {wording.exact_size(found.freed)}.")
    if not planned.freed:
        narrate(
            "Nothing that was named can be freed as things are." if planned.kept else "No record passes the filter."
        )
    elif found.agrees:
        narrate("Exactly as planned.")
    for one in found.differences:
        detail = f" ({one.detail})" if one.detail else ""
        narrate(f"{one.key.id} on {one.key.node}: {one.planned:,} planned, {one.freed:,} freed: {one.cause}{detail}")
    tell_unaudited(found.unaudited)
