"""What of some records a chosen owner has alone, and what it shares with others."""

from collections.abc import Iterable
from dataclasses import dataclass

from dockcache_tui.core.records.attribution import ScopedRecord
from dockcache_tui.core.scope import Owner, ScopeFilter


@dataclass(frozen=True, slots=True)
class Owned:
    """Records of a chosen owner: those that nobody else has, and those that others have too."""

    alone: tuple[ScopedRecord, ...]
    shared: tuple[ScopedRecord, ...]


def owned(records: Iterable[ScopedRecord], chosen: ScopeFilter) -> Owned:
    """Split the records of a chosen owner; those that are not its own, or of nobody known, are in neither part."""
    found = [
        one for one in records if one.owners and any(chosen.takes(each.project, each.branch) for each in one.owners)
    ]
    alone = tuple(one for one in found if not other_owners(one, chosen))
    return Owned(alone, tuple(one for one in found if other_owners(one, chosen)))


def other_owners(record: ScopedRecord, chosen: ScopeFilter) -> tuple[Owner, ...]:
    """Return the owners of a record that were not chosen; one of unknown project or branch may be anybody."""
    return tuple(one for one in record.owners if not chosen.takes(one.project, one.branch))
