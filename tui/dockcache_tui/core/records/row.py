"""A record as JSON gives it; the names are stable, see docs/json.md."""

from collections.abc import Mapping, Sequence

from dockcache_tui.core.records.attribution import ScopedRecord
from dockcache_tui.core.scope import Owner

Value = str | int | Sequence[str] | Sequence[Mapping[str, str | None]] | None


def record_row(scoped: ScopedRecord) -> Mapping[str, Value]:
    """Return the record's fields: sizes in bytes, times RFC 3339 in UTC, branches as full refs."""
    record = scoped.record
    return {
        "builder": record.builder,
        "node": record.node,
        "id": record.id,
        "type": record.type,
        "size": record.size,
        "created_at": str(record.created_at),
        "last_used_at": str(record.last_used_at) if record.last_used_at else None,
        "usage_count": record.usage_count,
        "parents": record.parents,
        "in_use": record.in_use,
        "shared": record.shared,
        "mutable": record.mutable,
        "reclaimable": record.reclaimable,
        "description": record.description,
        "project": scoped.project.name if scoped.project else None,
        "branches": [branch.ref for branch in scoped.branches],
        "owners": [owner_row(owner) for owner in scoped.owners],
    }


def owner_row(owner: Owner) -> Mapping[str, str | None]:
    """Return an owner's fields; what is not known is null."""
    return {
        "project": owner.project.name if owner.project else None,
        "branch": owner.branch.ref if owner.branch else None,
        "known": owner.known.value,
    }
