"""`records prune`: the plan, the outcome, and how they compare."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dockcache_tui.cli.output import narrate, print_document, print_table
from dockcache_tui.core import wording
from dockcache_tui.core.errors import ExitCode, UsageError
from dockcache_tui.core.records.attribution import ScopedRecord
from dockcache_tui.core.records.outcome import Comparison, compare
from dockcache_tui.core.records.prune import Kept, PrunePlan, plan
from dockcache_tui.core.records.reading import Reading
from dockcache_tui.core.records.record import PruneOutcome, RecordKey
from dockcache_tui.core.records.row import record_row

if TYPE_CHECKING:
    from dockcache_tui.sources.protocols import Builder


def marked(found: Sequence[ScopedRecord], ids: Sequence[str]) -> tuple[ScopedRecord, ...]:
    """Return the records named by id, on whichever nodes they are, or all found when none is; raises UsageError."""
    if not ids:
        return tuple(found)
    unknown = set(ids) - {one.record.id for one in found}
    if unknown:
        raise UsageError(f"there is no record {', '.join(sorted(unknown))}", hint="See `dockcache-tui records`.")
    return tuple(one for one in found if one.record.id in ids)


def prune_records(
    builder: "Builder", reading: Reading, chosen: Sequence[ScopedRecord], *, yes: bool, as_json: bool
) -> ExitCode:
    """Show the plan, and with `yes` carry it out and tell what came of it."""
    planned = plan(reading.lineage, [one.key for one in chosen])
    if not yes:
        _show(planned, chosen, None, as_json=as_json)
        narrate(f"{_sum(planned)} Nothing was changed: --yes prunes.")
        return ExitCode.OK
    outcome = builder.prune(planned.keys)
    comparison = compare(planned, outcome, builder.snapshot().records)
    _show(planned, chosen, outcome, as_json=as_json)
    _tell(comparison, len(outcome.freed))
    return ExitCode.OK if comparison.agrees else ExitCode.FAILED


def _show(planned: PrunePlan, chosen: Sequence[ScopedRecord], outcome: PruneOutcome | None, *, as_json: bool) -> None:
    """Print every chosen record with what happens to it, in the order of the pruning."""
    by_key = {one.key: one for one in chosen}
    freed = {} if outcome is None else {pruned.key: pruned.size for pruned in outcome.freed}
    order: list[tuple[RecordKey, Kept | None]] = [(key, None) for key in planned.keys]
    order += [(kept.key, kept) for kept in planned.kept]
    if as_json:
        items = [
            {
                **record_row(by_key[key]),
                "action": "keep" if kept else "prune",
                "reason": kept.reason.value if kept else None,
                "freed": None if outcome is None else freed.get(key, 0),
            }
            for key, kept in order
        ]
        sums = {"count": len(planned.freed), "size": planned.bytes, "freed": outcome.bytes if outcome else None}
        print_document(items, sums)
        return
    rows = [
        (
            key.id,
            key.node,
            wording.size(by_key[key].record.size),
            f"keep: {kept.reason}" if kept else "prune" if outcome is None else f"freed {freed.get(key, 0):,} bytes",
            by_key[key].record.description,
        )
        for key, kept in order
    ]
    print_table(("ID", "NODE", "SIZE", "ACTION", "WHAT"), rows, right=("SIZE",))


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


def _tell(comparison: Comparison, records: int) -> None:
    narrate(f"Freed {wording.count(records, 'record')}, {wording.exact_size(comparison.freed)}.")
    if comparison.agrees:
        narrate("Exactly as planned.")
    for one in comparison.differences:
        detail = f" ({one.detail})" if one.detail else ""
        narrate(f"{one.key.id} on {one.key.node}: {one.planned:,} planned, {one.freed:,} freed: {one.cause}{detail}")
