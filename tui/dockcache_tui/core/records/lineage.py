"""The graph of records, parents and children, which the forest, the plans and the details all read."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from dockcache_tui.core.records.record import Record, RecordKey


@dataclass(frozen=True, slots=True)
class Lineage:
    """The parents and children of every record of a reading, by position in `records`; make it once with `of`.

    `records` are in the order siblings are shown. `homes` is the one parent under which a record is shown in full, or
    -1 for a root; `totals` is the bytes, and `counts` the number, of a record and all that is shown in full under it.
    """

    records: tuple[Record, ...]
    positions: dict[tuple[str, str], int]
    parents: tuple[tuple[int, ...], ...]
    missing: tuple[tuple[str, ...], ...]
    children: tuple[list[int], ...]
    homes: tuple[int, ...]
    totals: tuple[int, ...]
    counts: tuple[int, ...]

    @classmethod
    def of(cls, records: "Iterable[Record] | Lineage") -> "Lineage":
        """Relate records to each other, node by node; a lineage is returned as it is, of equal keys the last stays."""
        if isinstance(records, Lineage):
            return records
        unique = {(record.node, record.id): record for record in records}
        # Created first: it reads in build order, and rows keep their place while sizes and uses change.
        keyed = sorted((r.node, r.created_at.ns, r.id) for r in unique.values())
        ordered = tuple(unique[node, id_] for node, _, id_ in keyed)
        positions = {(node, id_): position for position, (node, _, id_) in enumerate(keyed)}
        parents, missing = _parents(ordered, positions)
        children: tuple[list[int], ...] = tuple([] for _ in ordered)
        for position, above in enumerate(parents):
            for parent in above:
                children[parent].append(position)
        homes = _homes(parents)
        totals, counts = _sums(ordered, homes)
        return cls(ordered, positions, parents, missing, children, homes, totals, counts)

    def position(self, key: RecordKey) -> int | None:
        """Return where a record stands in `records`; None when it is not there."""
        return self.positions.get((key.node, key.id))

    def parents_of(self, key: RecordKey) -> tuple[Record, ...]:
        """Return the records it was built on, in BuildKit's order; those missing are in `missing_of`."""
        position = self.position(key)
        return () if position is None else tuple(self.records[parent] for parent in self.parents[position])

    def missing_of(self, key: RecordKey) -> tuple[str, ...]:
        """Return the ids of parents that the reading does not hold."""
        position = self.position(key)
        return () if position is None else self.missing[position]

    def children_of(self, key: RecordKey) -> tuple[Record, ...]:
        """Return the records built directly on it, in sibling order."""
        position = self.position(key)
        return () if position is None else tuple(self.records[child] for child in self.children[position])

    def below(self, positions: Iterable[int]) -> set[int]:
        """Return these positions and those of all their descendants."""
        return _reach(positions, self.children)

    def above(self, positions: Iterable[int]) -> set[int]:
        """Return these positions and those of all their ancestors."""
        return _reach(positions, self.parents)


def _parents(
    records: tuple[Record, ...], positions: dict[tuple[str, str], int]
) -> tuple[tuple[tuple[int, ...], ...], tuple[tuple[str, ...], ...]]:
    """Return each record's parents by position, each once, and the ids of those missing."""
    found, missing = [], []
    for record in records:
        node = record.node
        ids = record.parents if len(record.parents) < 2 else tuple(dict.fromkeys(record.parents))
        here = tuple([positions[node, id_] for id_ in ids if (node, id_) in positions])
        found.append(here)
        missing.append(() if len(here) == len(ids) else tuple(id_ for id_ in ids if (node, id_) not in positions))
    return tuple(found), tuple(missing)


def _homes(parents: tuple[tuple[int, ...], ...]) -> tuple[int, ...]:
    """Return each record's first parent, or -1 for a root; every cycle is cut above its first record."""
    homes = [above[0] if above else -1 for above in parents]
    seen = [-1] * len(homes)
    for start in range(len(homes)):
        at = start
        while at >= 0 and seen[at] < 0:
            seen[at] = start
            at = homes[at]
        if at >= 0 and seen[at] == start:
            homes[_first_of_cycle(at, homes)] = -1
    return tuple(homes)


def _first_of_cycle(at: int, homes: list[int]) -> int:
    first, other = at, homes[at]
    while other != at:
        first, other = min(first, other), homes[other]
    return first


def _sums(records: tuple[Record, ...], homes: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the bytes and number of each record with all below it by home, leaves first and without recursion."""
    totals = [record.size for record in records]
    counts = [1] * len(records)
    waiting = [0] * len(records)
    for home in homes:
        if home >= 0:
            waiting[home] += 1
    ready = [position for position, below in enumerate(waiting) if not below]
    for position in ready:
        home = homes[position]
        if home < 0:
            continue
        totals[home] += totals[position]
        counts[home] += counts[position]
        waiting[home] -= 1
        if not waiting[home]:
            ready.append(home)
    return tuple(totals), tuple(counts)


def _reach(positions: Iterable[int], edges: tuple[Collection[int], ...]) -> set[int]:
    reached = set(positions)
    todo = list(reached)
    while todo:
        fresh = [other for other in edges[todo.pop()] if other not in reached]
        reached.update(fresh)
        todo.extend(fresh)
    return reached
