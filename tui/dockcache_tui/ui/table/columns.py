"""What a column is, and how columns share the width there is."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Generic, Literal, TypeVar

from dockcache_tui.core.field import ColumnLook, Field, Kind, sort_key, text
from dockcache_tui.core.instant import Instant

Row = TypeVar("Row")
T = TypeVar("T")

MEASURED_MOST = 60
"""The widest a measured column becomes unless it says otherwise, in cells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column(ColumnLook, Generic[Row]):
    """One column: what it shows, how it sorts, and what width it asks for.

    Widths are in cells. A column with `width` is fixed; one with `weight` shares what is left over, from `min_width`
    up to `max_width`; any other is as wide as its texts, within the same bounds. `sort_key` gives a plain value (int,
    float, str or a tuple of them), or None for rows that go last; without it the column does not sort. `style` names a
    component class of the table, or is empty. `prefix` is drawn before the text in natural order only (tree guides).
    The highest `priority` is dropped first when the table is narrow.
    """

    id: str
    text: Callable[[Row], str]
    sort_key: Callable[[Row], Any] | None = None
    style: Callable[[Row], str] | None = None
    prefix: Callable[[Row], str] | None = None
    justify: Literal["left", "right"] = "left"

    @property
    def measured(self) -> bool:
        """Whether the width comes from the texts."""
        return self.width is None and not self.weight

    @property
    def title_width(self) -> int:
        """The cells its title takes, with room for a sort arrow."""
        return len(self.title) + 2 * (self.sort_key is not None)


def field_columns(
    fields: Iterable[Field[T]], of: Callable[[Row], T | None], now: Callable[[], Instant]
) -> dict[str, Column[Row]]:
    """Return the columns of fields by their names; `of` gives what a row shows, None where it shows none."""
    return {field.name: _column(field, field.look, of, now) for field in fields if field.look}


def in_order(columns: Mapping[str, Column[Row]], *first: str) -> tuple[Column[Row], ...]:
    """Return these columns first, then all others."""
    return tuple(columns[name] for name in dict.fromkeys((*first, *columns)))


def _column(
    field: Field[T], look: ColumnLook, of: Callable[[Row], T | None], now: Callable[[], Instant]
) -> Column[Row]:
    key = sort_key(field)
    return Column(
        **asdict(look),
        id=field.name,
        text=lambda row: "" if (one := of(row)) is None else text(field, one, now()),
        sort_key=lambda row: None if (one := of(row)) is None else key(one),
        style=(lambda _: "record-table--accent") if field.kind is Kind.BRANCH else None,
        justify="right" if field.kind.numeric else "left",
    )


@dataclass(frozen=True, slots=True)
class Placed(Generic[Row]):
    """A column that has a place: its left edge and its width, in cells from the first column's edge."""

    column: Column[Row]
    left: int
    width: int


def lay_out(columns: Sequence[Column[Row]], natural: Mapping[str, int], room: int, gap: int) -> tuple[Placed[Row], ...]:
    """Place the columns that fit in `room` cells, `gap` cells apart; `natural` holds measured widths by column id."""
    kept = list(columns)
    least = {column.id: _least(column, natural) for column in columns}
    while len(kept) > 1 and _total(least, kept, gap) > room:
        kept.remove(max(reversed(kept), key=lambda column: column.priority))
    widths = dict(least)
    if len(kept) == 1:
        widths[kept[0].id] = max(1, min(widths[kept[0].id], room))
    _spread(kept, widths, room - _total(widths, kept, gap))
    placed, left = [], 0
    for column in kept:
        placed.append(Placed(column, left, widths[column.id]))
        left += widths[column.id] + gap
    return tuple(placed)


def _least(column: Column[Row], natural: Mapping[str, int]) -> int:
    if column.width is not None:
        return column.width
    if column.weight:
        return column.min_width
    widest = max(natural.get(column.id, 0), column.title_width)
    return max(column.min_width, min(widest, column.max_width or MEASURED_MOST))


def _total(widths: Mapping[str, int], kept: Iterable[Column[Row]], gap: int) -> int:
    return sum(widths[column.id] + gap for column in kept) - gap


def _spread(kept: Sequence[Column[Row]], widths: dict[str, int], spare: int) -> None:
    """Give the spare cells to the columns with a weight, one by one to the one furthest below its share."""
    floor = dict(widths)
    for _ in range(spare):
        growing = [c for c in kept if c.weight and (c.max_width is None or widths[c.id] < c.max_width)]
        if not growing:
            return
        poorest = min(growing, key=lambda c: (widths[c.id] - floor[c.id]) / c.weight)
        widths[poorest.id] += 1
