"""Totals of what each place keeps, in all and by branch; of a builder also by type, and what could be freed."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from dockcache_tui.core.records.attribution import ScopedRecord
from dockcache_tui.core.scope import BranchScope, ScopeFilter

UNKNOWN_BRANCH = "unknown branch"


@dataclass(frozen=True, slots=True)
class Total:
    """A name with its bytes and how many things they are."""

    name: str
    bytes: int
    count: int


@dataclass(frozen=True, slots=True)
class Held:
    """What a place keeps, in bytes; a thing of several branches counts in each, so they may add up to more than all."""

    all: Total
    branches: tuple[Total, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """What a builder keeps."""

    held: Held
    reclaimable: Total
    types: tuple[Total, ...]


def held(things: Iterable[tuple[int, tuple[BranchScope, ...]]], scope: ScopeFilter) -> Held:
    """Add up the bytes of the things whose branches a scope lets through, biggest branch first."""
    everything, branches = _Sums(), _Sums()
    for size, whose in things:
        if scope.admits(whose):
            everything.add("all", size)
            for name in [branch.short for branch in whose] or [UNKNOWN_BRANCH]:
                branches.add(name, size)
    return Held(everything.total("all"), branches.ranked())


def overview(records: Iterable[ScopedRecord], scope: ScopeFilter) -> Overview:
    """Add up the records a scope lets through, biggest type and branch first."""
    admitted = [scoped for scoped in records if scope.admits_owners(scoped.owners)]
    free, types = _Sums(), _Sums()
    for record in (scoped.record for scoped in admitted):
        types.add(record.type, record.size)
        if record.reclaimable:
            free.add("reclaimable", record.size)
    found = held(((scoped.record.size, scoped.branches) for scoped in admitted), scope)
    return Overview(found, free.total("reclaimable"), types.ranked())


class _Sums:
    """Bytes and counts by name."""

    def __init__(self) -> None:
        self._bytes: Counter[str] = Counter()
        self._counts: Counter[str] = Counter()

    def add(self, name: str, size: int) -> None:
        """Count one thing."""
        self._bytes[name] += size
        self._counts[name] += 1

    def total(self, name: str) -> Total:
        """Return the total of a name, zero when nothing was counted."""
        return Total(name, self._bytes[name], self._counts[name])

    def ranked(self) -> tuple[Total, ...]:
        """Return all totals, biggest first."""
        return tuple(sorted(map(self.total, self._bytes), key=lambda total: (-total.bytes, total.name)))
