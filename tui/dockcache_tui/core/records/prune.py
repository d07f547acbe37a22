"""What pruning would free, in which order, and what stays because it is used, shared or another's."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from dockcache_tui.core.records.attribution import ScopedRecord
from dockcache_tui.core.records.lineage import Lineage
from dockcache_tui.core.records.reading import Reading
from dockcache_tui.core.records.record import Record, RecordKey
from dockcache_tui.core.scope import BranchScope, Owner, Project, ScopeFilter, Whose

# Read in BuildKit's cache/manager.go and cache/refs.go:
# - A child holds a reference to each of its parents, and Prune passes over whatever is referenced: hence leaf first.
# - DiskUsage leaves idle children's references out of InUse, so an idle parent of an idle child says "not in use".
# - InUse so means that a build, or something that itself is in use, holds it; its parents are in use then too.
# - Shared is set on what an image's layers hold and on all its ancestors. Prune without `all` passes over them and over
#   `internal` and `frontend` records; with `all` it reports a shared record's size although the image keeps the bytes.
# - A mutable record in use says size 0, because it is changing; a lazily pulled one counts only the blobs it has.
# - Letting go of the last child removes a parent that nothing retains, without a word: it is gone when its turn comes.
# - A cache mount is a mutable record without a parent (unless it has `from=`) and is pruned like any other.


class KeepReason(StrEnum):
    """Why a marked record can't be freed."""

    IN_USE = "in use"
    SHARED = "shared with an image"
    HAS_CHILDREN = "under records that stay"
    MISSING = "gone since"
    OTHERS = "others own it too"
    UNOWNED = "its owner is not known"


Bar: TypeAlias = Callable[[RecordKey], KeepReason | None]
"""Tells why a record may not go although it could, which is None when it may."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A marked record that stays, and why; `children` are the records directly on it that stay."""

    key: RecordKey
    reason: KeepReason
    children: tuple[RecordKey, ...] = ()


@dataclass(frozen=True, slots=True)
class PrunePlan:
    """What to prune, leaf first, and what stays; with the `unmarked` descendants marked too, `deep` would go."""

    freed: tuple[Record, ...]
    kept: tuple[Kept, ...]
    unmarked: tuple[Record, ...]
    deep: tuple[Record, ...]

    @property
    def keys(self) -> tuple[RecordKey, ...]:
        """Return the keys to prune in this order."""
        return tuple(record.key for record in self.freed)

    @property
    def bytes(self) -> int:
        """Return the bytes that will be freed."""
        return sum(record.size for record in self.freed)

    @property
    def deep_bytes(self) -> int:
        """Return the bytes that would be freed with all descendants."""
        return sum(record.size for record in self.deep)


@dataclass(frozen=True, slots=True)
class Frees:
    """What pruning one record really frees: it and all its descendants, leaf first; nothing when one is blocked."""

    records: tuple[Record, ...]
    blocked_by: tuple[Kept, ...]

    @property
    def bytes(self) -> int:
        return sum(record.size for record in self.records)


def plan(records: Iterable[Record] | Lineage, marked: Iterable[RecordKey], barred: Bar = lambda _: None) -> PrunePlan:
    """Plan the pruning of the marked records that are not barred; a cycle stays, as it has no leaf to begin with."""
    lineage = Lineage.of(records)
    chosen: set[int] = set()
    gone = []
    for key in dict.fromkeys(marked):
        position = lineage.position(key)
        if position is None:
            gone.append(Kept(key, KeepReason.MISSING))
        else:
            chosen.add(position)
    family = lineage.below(chosen)
    bars = {one: reason for one in family if (reason := barred(lineage.records[one].key))}
    freed = _leaf_first(lineage, chosen - bars.keys())
    deep = freed if family == chosen else _leaf_first(lineage, family - bars.keys())
    return PrunePlan(
        _records(lineage, freed),
        (*_kept(lineage, chosen, freed, bars), *gone),
        _records(lineage, sorted(set(deep) - chosen)),
        _records(lineage, deep),
    )


def frees(records: Iterable[Record] | Lineage, key: RecordKey) -> Frees:
    """Work out what pruning one record frees: it goes only after all its descendants, also those with other parents.

    `blocked_by` names what stands in the way: those in use or shared, or, when there are none, a cycle's records.
    """
    lineage = Lineage.of(records)
    position = lineage.position(key)
    if position is None:
        return Frees((), (Kept(key, KeepReason.MISSING),))
    family = lineage.below([position])
    order = _leaf_first(lineage, family)
    if position in order:
        return Frees(_records(lineage, order), ())
    kept = _kept(lineage, family, order, {})
    causes = tuple(one for one in kept if one.reason is not KeepReason.HAS_CHILDREN)
    return Frees((), causes or kept)


def _leaf_first(lineage: Lineage, chosen: set[int]) -> list[int]:
    """Return those of the chosen that can go, each after all its children."""
    able = (position for position in chosen if lineage.records[position].reclaimable)
    waiting = {position: len(lineage.children[position]) for position in able}
    order = sorted((position for position, children in waiting.items() if not children), reverse=True)
    for position in order:
        for parent in lineage.parents[position]:
            if parent in waiting:
                waiting[parent] -= 1
                if not waiting[parent]:
                    order.append(parent)
    return order


def _kept(lineage: Lineage, chosen: set[int], freed: list[int], bars: Mapping[int, KeepReason]) -> tuple[Kept, ...]:
    going = set(freed)
    kept = []
    for position in sorted(chosen - going):
        record = lineage.records[position]
        reason = bars.get(position, KeepReason.HAS_CHILDREN)
        if not record.reclaimable:
            reason = KeepReason.IN_USE if record.in_use else KeepReason.SHARED
        staying = (child for child in lineage.children[position] if child not in going)
        kept.append(Kept(record.key, reason, tuple(lineage.records[child].key for child in staying)))
    return tuple(kept)


def _records(lineage: Lineage, positions: Iterable[int]) -> tuple[Record, ...]:
    return tuple(lineage.records[position] for position in positions)


def plan_of(reading: Reading, marked: Iterable[RecordKey], chosen: ScopeFilter, *, shared: bool) -> PrunePlan:
    """Plan the pruning of marked records; only what the chosen owner alone has goes, or with `shared` all of them.

    Without a chosen owner all of them may go. It takes a while for 100,000 records: call it off the event loop.
    """
    if shared or chosen.empty:
        return plan(reading.lineage, marked)

    def barred(key: RecordKey) -> KeepReason | None:
        owners = reading.by_key[key].owners
        if not owners:
            return KeepReason.UNOWNED
        return KeepReason.OTHERS if other_owners(reading.by_key[key], chosen) else None

    return plan(reading.lineage, marked, barred)


def other_owners(record: ScopedRecord, chosen: ScopeFilter) -> tuple[Owner, ...]:
    """Return the owners of a record that were not chosen; one of unknown project or branch may be anybody."""
    return tuple(one for one in record.owners if not chosen.takes(one.project, one.branch))


def projects_with(branch: BranchScope | None, owners: Iterable[Whose]) -> tuple[Project, ...]:
    """Return the projects that are known to have a branch of this name, in order."""
    return tuple(sorted({project for project, own in owners if project and own == branch}))
