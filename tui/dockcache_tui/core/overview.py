"""Totals of a builder's cache: by type, by branch, and what of it is free to go."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from dockcache_tui.core.records.attribution import ScopedRecord
from dockcache_tui.core.scope import ScopeFilter

UNKNOWN_BRANCH = "unknown branch"


@dataclass(frozen=True, slots=True)
class Total:
    """A name with its bytes and how many records they are."""

    name: str
    bytes: int
    records: int


@dataclass(frozen=True, slots=True)
class Overview:
    """The totals in bytes; a record of several branches counts in each, so branches may add up to more than all."""

    all: Total
    reclaimable: Total
    types: tuple[Total, ...]
    branches: tuple[Total, ...]


def overview(records: Iterable[ScopedRecord], scope: ScopeFilter) -> Overview:
    """Add up the records a scope lets through, biggest first."""
    everything, types, branches = _Sums(), _Sums(), _Sums()
    for scoped in records:
        if not scope.admits(scoped.branches):
            continue
        record = scoped.record
        everything.add("all", record.size)
        if record.reclaimable:
            everything.add("reclaimable", record.size)
        types.add(record.type, record.size)
        for name in [branch.short for branch in scoped.branches] or [UNKNOWN_BRANCH]:
            branches.add(name, record.size)
    return Overview(everything.total("all"), everything.total("reclaimable"), types.ranked(), branches.ranked())


class _Sums:
    """Bytes and counts by name."""

    def __init__(self) -> None:
        self._bytes: Counter[str] = Counter()
        self._counts: Counter[str] = Counter()

    def add(self, name: str, size: int) -> None:
        """Count one record."""
        self._bytes[name] += size
        self._counts[name] += 1

    def total(self, name: str) -> Total:
        """Return the total of a name, zero when nothing was counted."""
        return Total(name, self._bytes[name], self._counts[name])

    def ranked(self) -> tuple[Total, ...]:
        """Return all totals, biggest first."""
        return tuple(sorted(map(self.total, self._bytes), key=lambda total: (-total.bytes, total.name)))
