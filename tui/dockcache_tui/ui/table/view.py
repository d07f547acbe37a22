"""Which rows are shown, in what order, and which are marked; worked out in slices so that a screen never waits."""

from bisect import bisect_right
from collections.abc import Callable, Container, Generator, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any, Generic, TypeVar, cast


@dataclass(frozen=True, slots=True)
class Marks:
    """Marked keys, and where an open range began with what was marked before it."""

    keys: frozenset[Hashable] = frozenset()
    anchor: Hashable | None = None
    before: frozenset[Hashable] = frozenset()

    def toggled(self, key: Hashable) -> "Marks":
        """Mark a key, or unmark it; an open range ends."""
        return Marks(self.keys ^ {key})

    def begun(self, key: Hashable) -> "Marks":
        """Open a range at a key."""
        return Marks(self.keys | {key}, key, self.keys)

    def spanning(self, keys: Iterable[Hashable]) -> "Marks":
        """Let the open range be these keys."""
        return replace(self, keys=self.before.union(keys))

    def ended(self) -> "Marks":
        """Close the range and keep its marks."""
        return Marks(self.keys)

    def within(self, known: Container[Hashable]) -> "Marks":
        """Forget the keys that are no more."""
        kept = frozenset(key for key in self.keys if key in known)
        if self.anchor not in known:
            return Marks(kept)
        return replace(self, keys=kept, before=self.before & kept)


Row = TypeVar("Row")
Result = TypeVar("Result")
Steps = Generator[None, None, Result]

SLICE = 128
"""Rows looked at between two yields."""

SAMPLES = 512
"""Values looked at to choose the buckets of a sort."""

SAMPLES_EACH = 4
"""Samples that fall into one bucket."""


@dataclass(frozen=True, slots=True)
class Sort:
    """Sorted by one column."""

    column: str
    reverse: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class WantedRows(Generic[Row]):
    """What the table is asked to show; without a sort key the rows keep their natural order."""

    rows: Sequence[Row] = ()
    sort_key: Callable[[Row], Any] | None = None
    reverse: bool = False
    predicate: Callable[[Row], bool] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Arrangement(Generic[Row]):
    """An answer: `ordered` and `shown` are indexes into its rows; of equal keys the first one counts."""

    wanted: WantedRows[Row] = field(default_factory=WantedRows)
    keys: Sequence[Hashable] = ()
    index: Mapping[Hashable, int] = field(default_factory=dict)
    ordered: Sequence[int] = ()
    shown: Sequence[int] = ()

    def row(self, position: int) -> Row:
        """Return the row at a shown position."""
        return self.wanted.rows[self.shown[position]]

    def key(self, position: int) -> Hashable | None:
        """Return the key at a shown position, or None past the end."""
        return self.keys[self.shown[position]] if position < len(self.shown) else None

    def position(self, key: Hashable | None) -> int | None:
        """Return where a key is shown, or None when it is not."""
        try:
            return self.shown.index(self.index[key])
        except (KeyError, ValueError):
            return None


def arrange(wanted: WantedRows[Row], key: Callable[[Row], Hashable], last: Arrangement[Row]) -> Steps[Arrangement[Row]]:
    """Answer `wanted` step by step, taking from the last answer what still holds."""
    same_rows = wanted.rows is last.wanted.rows
    keys, index = (last.keys, last.index) if same_rows else (yield from _keyed(wanted.rows, key))
    same_order = same_rows and (wanted.sort_key, wanted.reverse) == (last.wanted.sort_key, last.wanted.reverse)
    ordered = last.ordered if same_order else (yield from _sorted(wanted))
    shown = ordered if wanted.predicate is None else (yield from _passing(wanted.rows, ordered, wanted.predicate))
    return Arrangement(wanted, keys, index, ordered, shown)


def advance(steps: Steps[Result], seconds: float) -> Result | None:
    """Run steps for about this long and return what they came to, or None when there is more to do."""
    deadline = perf_counter() + seconds
    try:
        while perf_counter() < deadline:
            next(steps)
    except StopIteration as stop:
        return cast("Result", stop.value)
    return None


def _keyed(rows: Sequence[Row], key: Callable[[Row], Hashable]) -> Steps[tuple[list[Hashable], dict[Hashable, int]]]:
    keys: list[Hashable] = []
    index: dict[Hashable, int] = {}
    for start in range(0, len(rows), SLICE):
        for row in rows[start : start + SLICE]:
            index.setdefault(row_key := key(row), len(keys))
            keys.append(row_key)
        yield
    return keys, index


def _sorted(wanted: WantedRows[Row]) -> Steps[Sequence[int]]:
    """Deal the rows into buckets between sampled values, then sort each: no sort in C, which can't stop, is long."""
    rows, sort_key = wanted.rows, wanted.sort_key
    if sort_key is None:
        return range(len(rows))
    values: list[Any] = []
    known: list[int] = []
    unknown: list[int] = []
    for start in range(0, len(rows), SLICE):
        for row in rows[start : start + SLICE]:
            value = sort_key(row)
            (unknown if value is None else known).append(len(values))
            values.append(value)
        yield
    bounds = sorted(values[at] for at in known[:: len(known) // SAMPLES + 1])[::SAMPLES_EACH]
    buckets: list[list[int]] = [[] for _ in range(len(bounds) + 1)]
    for start in range(0, len(known), SLICE):
        for at in known[start : start + SLICE]:
            buckets[bisect_right(bounds, values[at])].append(at)
        yield
    ordered: list[int] = []
    for bucket in reversed(buckets) if wanted.reverse else buckets:
        ordered += sorted(bucket, key=values.__getitem__, reverse=wanted.reverse)
        yield
    return ordered + unknown


def _passing(rows: Sequence[Row], ordered: Sequence[int], predicate: Callable[[Row], bool]) -> Steps[list[int]]:
    shown: list[int] = []
    for start in range(0, len(ordered), SLICE):
        shown += [at for at in ordered[start : start + SLICE] if predicate(rows[at])]
        yield
    return shown


@dataclass(frozen=True, slots=True)
class Position:
    """The cursor and the first line in sight, as shown positions."""

    cursor: int = 0
    top: int = 0

    def moved(self, cursor: int, count: int, height: int) -> "Position":
        """Put the cursor elsewhere among `count` rows and scroll no further than keeps it in sight."""
        cursor = max(0, min(cursor, count - 1))
        return Position(cursor, max(cursor - height + 1, min(self.top, cursor), 0))


def follow(
    place: Position, key: Hashable | None, before: Arrangement[Row], after: Arrangement[Row], height: int
) -> Position:
    """Find the place in a new arrangement: the cursor follows its key, and what the eye is on stays where it is.

    A cursor in sight keeps its line on the screen; else the first row in sight does. A list at its top stays there.
    """
    count = len(after.shown)
    found = after.position(key)
    cursor = max(0, min(place.cursor, count - 1)) if found is None else found
    if place.top == 0 and cursor < height:
        top = 0
    elif place.top <= place.cursor < place.top + height:
        top = cursor - (place.cursor - place.top)
    else:
        first = after.position(before.key(place.top))
        top = place.top if first is None else first
    return Position(cursor, max(0, min(top, count - height)))
