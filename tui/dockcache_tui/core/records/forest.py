"""Records as a forest: what each was built on above it, what was built on it below."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from dockcache_tui.core.records.lineage import Lineage
from dockcache_tui.core.records.record import Record, RecordKey

GUIDE_LEVELS = 12
"""Guides show this many levels at most; deeper rows start with an ellipsis."""


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One row of the forest. A record is shown once in full, and as a `link` under each further parent.

    `total` is the bytes, and `count` the number, of the record and all that is shown in full under it. `missing` are
    parents' ids that the reading does not hold. `context` is an ancestor of a match, not one itself. `above` is the
    record it is shown under.
    """

    record: Record
    depth: int
    guide: str
    above: Record | None
    link: bool
    missing: tuple[str, ...]
    context: bool
    expandable: bool
    collapsed: bool
    total: int
    count: int

    @property
    def key(self) -> tuple[RecordKey, RecordKey | None]:
        """Return what tells the row from all others: the record's key, and for a link the key of what it is under."""
        return self.record.key, self.above.key if self.link and self.above else None


def forest(
    records: Iterable[Record] | Lineage,
    *,
    collapsed: Collection[RecordKey] = frozenset(),
    matching: Collection[RecordKey] | None = None,
) -> tuple[ForestRow, ...]:
    """Return the rows from top to bottom, node by node; give a Lineage when asking again for the same reading.

    Nothing below a `collapsed` record is shown. With `matching`, those records and all their ancestors are shown.
    """
    lineage = Lineage.of(records)
    matches = None if matching is None else _positions(lineage, matching)
    walk = _Walk(
        lineage,
        matches,
        None if matches is None else lineage.above(matches),
        _positions(lineage, collapsed),
    )
    return tuple(walk.rows())


def _positions(lineage: Lineage, keys: Iterable[RecordKey]) -> set[int]:
    return {position for key in keys if (position := lineage.position(key)) is not None}


@dataclass(frozen=True, slots=True)
class _Walk:
    lineage: Lineage
    matches: set[int] | None
    kept: set[int] | None
    collapsed: set[int]

    def rows(self) -> Iterator[ForestRow]:
        """Walk down with a stack of (position, record above, depth, last of its siblings, rails to its left)."""
        homes = self.lineage.homes
        stack = [(root, -1, 0, False, "") for root in reversed(self._shown(range(len(homes)))) if homes[root] < 0]
        while stack:
            position, above, depth, last, rails = stack.pop()
            link = above >= 0 and homes[position] != above
            below: Sequence[int] = () if link else self._shown(self.lineage.children[position])
            guide = self._guide(depth, rails, last=last, link=link)
            yield self._row(position, above, depth, guide, link=link, expandable=bool(below))
            if not below or position in self.collapsed:
                continue
            inner = (rails + ("  " if last else "│ "))[-2 * GUIDE_LEVELS :] if depth else ""
            end = below[-1]
            stack.extend((child, position, depth + 1, child == end, inner) for child in reversed(below))

    def _shown(self, positions: Sequence[int]) -> Sequence[int]:
        return positions if self.kept is None else [one for one in positions if one in self.kept]

    def _guide(self, depth: int, rails: str, *, last: bool, link: bool) -> str:
        if not depth:
            return ""
        cut = "… " if depth > GUIDE_LEVELS else ""
        return f"{cut}{rails[-2 * (GUIDE_LEVELS - 1) :]}{'└─' if last else '├─'}{'↪ ' if link else ''}"

    def _row(self, position: int, above: int, depth: int, guide: str, *, link: bool, expandable: bool) -> ForestRow:
        lineage = self.lineage
        return ForestRow(
            lineage.records[position],
            depth,
            guide,
            lineage.records[above] if above >= 0 else None,
            link,
            lineage.missing[position],
            self.matches is not None and position not in self.matches,
            expandable,
            expandable and position in self.collapsed,
            lineage.totals[position],
            lineage.counts[position],
        )
