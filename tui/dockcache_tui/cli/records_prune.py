"""`records prune`: the plan, the outcome, and how they compare."""

from collections.abc import Sequence
from threading import Event
from time import monotonic, sleep
from typing import TYPE_CHECKING

from dockcache_tui.cli.account import exit_code, printed, tell_unaudited
from dockcache_tui.cli.output import narrate, print_document, print_table
from dockcache_tui.cli.waiting import beside, telling, wait_for
from dockcache_tui.core import wording
from dockcache_tui.core.errors import ExitCode, SourceError, UsageError
from dockcache_tui.core.field import json_row
from dockcache_tui.core.records.attribution import ScopedRecord
from dockcache_tui.core.records.fields import RECORD_FIELDS
from dockcache_tui.core.records.outcome import Comparison, Outcome, compare, outcomes
from dockcache_tui.core.records.prune import KeepReason, Kept, PrunePlan
from dockcache_tui.core.records.reading import Reading
from dockcache_tui.core.records.record import BuilderSnapshot, PruneOutcome, Record, RecordKey

if TYPE_CHECKING:
    from dockcache_tui.sources.protocols import Builder

_PATIENCE = 2.0
"""Seconds that an interrupted prune may take to end the request under way: most take less than one."""
_RETURN = 5.0
"""Seconds in which a builder that was lost may come back and tell what became of the records no answer told of."""


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
    after = None if interrupted or not planned.freed else _read_again(builder, _RETURN if outcome.unknown else 0)
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
    stop = Event()
    work = beside("prune", lambda: builder.prune(records, stop))
    try:
        with telling(f"{builder.name} to free {wording.count(len(records), 'record')}"):
            return work.result(), False
    except KeyboardInterrupt:
        stop.set()
        narrate(f"Interrupted: the request under way has {_PATIENCE:g} seconds to end, the rest is not tried.")
    try:
        return work.result(_PATIENCE), True
    except (KeyboardInterrupt, TimeoutError):
        builder.close()
    return work.result(), True


def _read_again(builder: "Builder", patience: float) -> BuilderSnapshot | None:
    """Read the records, trying for some seconds where a builder may be coming back."""
    deadline = monotonic() + patience
    while True:
        try:
            after = wait_for(f"the records of {builder.name}", builder.snapshot)
            if monotonic() >= deadline or not any(node.error for node in after.nodes):
                return after
        except SourceError as error:
            if monotonic() >= deadline:
                narrate(f"The builder can't be read again: {error}")
                return None
        sleep(0.5)


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
