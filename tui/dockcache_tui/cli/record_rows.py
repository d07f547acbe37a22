"""Records as rows: the stable fields of `--json` and `--csv`, and the table people read."""

from collections.abc import Callable, Sequence

from dockcache_tui.cli.output import Row, print_table
from dockcache_tui.core import wording
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.attribution import ScopedRecord

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
