"""The one virtual table of the app, on Textual's line API: only the lines in sight are ever worked out."""

import asyncio
import locale
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace
from typing import ClassVar, Generic, TypeAlias, TypeVar

from rich.segment import Segment
from rich.style import Style
from textual import events, work
from textual.binding import BindingType
from textual.cache import LRUCache
from textual.geometry import Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from dockcache_tui.ui.table import messages
from dockcache_tui.ui.table.cells import Glyphs, fit, glyphs_for, matcher, measure
from dockcache_tui.ui.table.columns import MEASURED_MOST, Column, lay_out
from dockcache_tui.ui.table.keys import TABLE_BINDINGS
from dockcache_tui.ui.table.paint import CURSOR, GUIDE, GUTTER, HEADER, MARK, MARKED, MATCH, Painting
from dockcache_tui.ui.table.view import Arrangement, Marks, Position, Sort, WantedRows, advance, arrange, follow

Row = TypeVar("Row")

TURN = 0.003
"""Seconds of filtering and sorting between two turns of the event loop."""

SAMPLE = 64
"""Rows measured for column widths besides those in sight."""

PAN = 8
"""Cells a long text moves sideways at once."""

GAP = 2
"""Cells between columns."""


class RecordTable(ScrollView, Generic[Row], can_focus=True, inherit_bindings=False):
    """A table of any number of records whose cursor and marks follow their keys."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = TABLE_BINDINGS
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        HEADER,
        CURSOR,
        MARKED,
        MARK,
        MATCH,
        GUIDE,
        "record-table--muted",
        "record-table--good",
        "record-table--warning",
        "record-table--bad",
        "record-table--accent",
    }
    DEFAULT_CSS = """
    RecordTable {
        background: $surface;
        color: $foreground;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-gutter: stable;
        scrollbar-size-vertical: 1;
        scrollbar-background: $surface;
        & > .record-table--header { background: $panel; color: $foreground; text-style: bold; }
        & > .record-table--cursor {
            background: $block-cursor-blurred-background;
            color: $block-cursor-blurred-foreground;
        }
        &:focus > .record-table--cursor { background: $block-cursor-background; color: $block-cursor-foreground; }
        & > .record-table--marked { text-style: bold; }
        & > .record-table--mark { color: $text-accent; text-style: bold; }
        & > .record-table--match { background: $warning 35%; text-style: bold underline; }
        & > .record-table--guide { color: $text-disabled; }
        & > .record-table--muted { color: $text-muted; }
        & > .record-table--good { color: $text-success; }
        & > .record-table--warning { color: $text-warning; }
        & > .record-table--bad { color: $text-error; text-style: bold; }
        & > .record-table--accent { color: $text-accent; }
    }
    """

    Highlighted: TypeAlias = messages.Highlighted
    Selected: TypeAlias = messages.Selected
    Marked: TypeAlias = messages.Marked
    Arranged: TypeAlias = messages.Arranged

    placeholder: reactive[str] = reactive("")
    """One line shown when there is no row to show."""

    def __init__(
        self,
        columns: Sequence[Column[Row]],
        key: Callable[[Row], Hashable],
        *,
        placeholder: str = "",
        glyphs: Glyphs | None = None,
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.columns = tuple(columns)
        self.sort: Sort | None = None
        self.marks = Marks()
        self.glyphs = glyphs or glyphs_for(locale.getencoding())
        self.set_reactive(RecordTable.placeholder, placeholder)
        self._row_key = key
        self._wanted: WantedRows[Row] = WantedRows()
        self._highlights: tuple[str, ...] = ()
        self._view: Arrangement[Row] = Arrangement()
        self._cursor = 0
        self._cursor_key: Hashable | None = None
        self._announced: Hashable | None = None
        self._pan = 0
        self._natural: dict[str, int] = {}
        self._styles: dict[tuple[str, ...], Style] = {}
        self._strips: LRUCache[tuple[int, bool, bool], Strip] = LRUCache(512)
        self._look: Painting[Row] = Painting((), 0, self.glyphs, None, None, 0, self._style)

    # What the screen asks for

    def set_rows(self, rows: Iterable[Row]) -> None:
        """Swap the rows; cursor and marks follow their keys, filter, sort and place stay."""
        self._wanted = replace(self._wanted, rows=tuple(rows))
        self._arrange()

    def filter(self, predicate: Callable[[Row], bool] | None, highlights: Sequence[str] = ()) -> None:
        """Show only the rows that pass (all, for None) and highlight these texts in left-justified columns."""
        self._wanted = replace(self._wanted, predicate=predicate)
        self._highlights = tuple(highlights)
        self._arrange()

    def sort_by(self, column: str | None, *, reverse: bool = False) -> None:
        """Sort by a column's id, or go back to natural order; raises KeyError for a column that does not sort."""
        sort_keys = {known.id: known.sort_key for known in self.columns if known.sort_key}
        self._wanted = replace(self._wanted, sort_key=sort_keys[column] if column else None, reverse=reverse)
        self.sort = Sort(column, reverse) if column else None
        self._arrange()

    def move_to(self, key: Hashable) -> bool:
        """Put the cursor on a key, or have it go there when rows under way bring it; return whether it is there now."""
        position = self._view.position(key)
        if position is not None:
            self._move(position)
        elif self.arranging:
            self._cursor_key = key
        return position is not None

    def mark(self, wanted: Callable[[Row], bool]) -> None:
        """Mark the rows that are wanted, shown or not, besides those that are marked."""
        rows = self._view.wanted.rows
        self._mark(Marks(self.marks.keys.union(self._row_key(row) for row in rows if wanted(row))))

    def repaint(self) -> None:
        """Work out every text in sight again, for texts that change with time."""
        self._measure(self._in_sight())
        self._lay_out()

    @property
    def arranging(self) -> bool:
        """Whether rows, filter or sort asked for are not shown yet."""
        return self._wanted is not self._view.wanted

    @property
    def shown(self) -> int:
        """How many rows pass the filter."""
        return len(self._view.shown)

    @property
    def total(self) -> int:
        """How many rows there are."""
        return len(self._view.keys)

    @property
    def cursor_key(self) -> Hashable | None:
        """The key under the cursor, or None when no row is shown."""
        return self._view.key(self._cursor)

    @property
    def followed_key(self) -> Hashable | None:
        """The key that the cursor stays with, also while rows under way are to bring it."""
        return self._cursor_key

    @property
    def cursor_row(self) -> Row | None:
        """The row under the cursor, or None when no row is shown."""
        return self._view.row(self._cursor) if self.shown else None

    @property
    def shown_rows(self) -> list[Row]:
        """The rows that pass the filter, in the order shown."""
        return [self._view.row(position) for position in range(self.shown)]

    @property
    def marked_rows(self) -> list[Row]:
        """The marked rows in natural order, filtered out or not."""
        return [self._view.wanted.rows[at] for at in sorted(self._view.index[key] for key in self.marks.keys)]

    # Keys

    def action_cursor_up(self) -> None:
        self._move(self._cursor - 1)

    def action_cursor_down(self) -> None:
        self._move(self._cursor + 1)

    def action_first(self) -> None:
        self._move(0)

    def action_last(self) -> None:
        self._move(self.shown - 1)

    def action_page_up(self) -> None:
        self._move(self._cursor - self._height, by=-self._height)

    def action_page_down(self) -> None:
        self._move(self._cursor + self._height, by=self._height)

    def action_half_page_up(self) -> None:
        self._move(self._cursor - self._height // 2, by=-self._height // 2)

    def action_half_page_down(self) -> None:
        self._move(self._cursor + self._height // 2, by=self._height // 2)

    def action_pan_left(self) -> None:
        """Show what a long text has further left."""
        self._pan_to(self._pan - PAN)

    def action_pan_right(self) -> None:
        """Show what a long text has further right."""
        rows = self._view.wanted.rows
        self._pan_to(min(self._pan + PAN, max((self._look.hidden(rows[at]) for at in self._in_sight()), default=0)))

    def action_open(self) -> None:
        """Tell the screen that the row under the cursor was chosen."""
        if self.cursor_key is not None:
            self.post_message(self.Selected(self, self.cursor_key))

    def action_mark(self) -> None:
        """Mark the row under the cursor, or unmark it, and move down."""
        if self.cursor_key is not None:
            self._mark(self.marks.toggled(self.cursor_key))
            self.action_cursor_down()

    def action_range(self) -> None:
        """Begin a range of marks that the cursor extends, or end it."""
        if self.marks.anchor is not None:
            self.marks = self.marks.ended()
        elif self.cursor_key is not None:
            self._mark(self.marks.begun(self.cursor_key))

    def action_unmark_all(self) -> None:
        self._mark(Marks())

    def action_sort_next(self) -> None:
        """Sort by the next column in sight that sorts; natural order comes round again after the last."""
        ring = [None, *(place.column.id for place in self._look.placed if place.column.sort_key)]
        now = self.sort.column if self.sort else None
        self.sort_by(ring[(ring.index(now) + 1) % len(ring)] if now in ring else None)

    def action_sort_flip(self) -> None:
        """Turn the sort round."""
        if self.sort:
            self.sort_by(self.sort.column, reverse=not self.sort.reverse)

    # Events

    def on_mount(self) -> None:
        """Take up what was asked for before there was a screen."""
        self._arrange()

    def on_resize(self) -> None:
        """Give the columns their new widths and keep the cursor in sight."""
        self._measure(self._in_sight())
        self._lay_out()
        self._move(self._cursor)

    def on_click(self, event: events.Click) -> None:
        """Sort by a title, mark in the gutter, move to a row, open the row under the cursor."""
        at = event.get_content_offset(self)
        if at is None:
            return
        position = self.scroll_offset.y + at.y - 1
        if at.y == 0:
            self._sort_at(at.x)
        elif position >= self.shown:
            return
        elif at.x < GUTTER:
            self._mark(self.marks.toggled(self._view.keys[self._view.shown[position]]))
        elif position == self._cursor:
            self.action_open()
        else:
            self._move(position)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Widen columns for rows that come into sight."""
        super().watch_scroll_y(old_value, new_value)
        if self._measure(self._in_sight()):
            self._lay_out()

    def notify_style_update(self) -> None:
        """Paint anew after a change of theme or focus."""
        super().notify_style_update()
        self._styles.clear()
        self._strips.clear()

    def render_line(self, y: int) -> Strip:
        """Paint one line of the screen: the header stays, the rows scroll under it."""
        if y == 0:
            return self._look.header()
        position = self.scroll_offset.y + y - 1
        if position < self.shown:
            return self._strip(position)
        width, style = self.size.width, self._style()
        if not self.shown and y == 1:
            text = " " * GUTTER + self.glyphs.shown(self.placeholder)
            return Strip([Segment(fit(text, width, self.glyphs), style)]).adjust_cell_length(width, style)
        return Strip.blank(width, style)

    # Inside

    @property
    def _height(self) -> int:
        """The rows there is space for."""
        return max(1, self.size.height - 1)

    def _in_sight(self) -> Sequence[int]:
        top = self.scroll_offset.y
        return self._view.shown[top : top + self._height]

    def _strip(self, position: int) -> Strip:
        at = self._view.shown[position]
        known = (at, position == self._cursor, self._view.keys[at] in self.marks.keys)
        strip = self._strips.get(known)
        if strip is None:
            strip = self._look.row(self._view.wanted.rows[at], cursor=known[1], marked=known[2])
            self._strips[known] = strip
        return strip

    def _style(self, *names: str) -> Style:
        """Return the table's own style with those of component classes over it, the last one on top."""
        if names not in self._styles:
            layers = (self.get_component_rich_style(name) for name in names)
            self._styles[names] = sum(layers, self.get_component_rich_style())
        return self._styles[names]

    def _arrange(self) -> None:
        """Answer at once when it takes no longer than a turn, else between turns; the newest request wins."""
        if not self.is_attached:
            return
        self.workers.cancel_group(self, "arrange")
        self._steps = arrange(self._wanted, self._row_key, self._view)
        view = advance(self._steps, TURN)
        if view is None:
            self._go_on()
        else:
            self._show(view)

    @work(group="arrange", description="filter and sort")
    async def _go_on(self) -> None:  # a worker keeps its arguments when it is done: it takes none that are large
        view, steps = None, self._steps
        while view is None:
            await asyncio.sleep(0)
            view = advance(steps, TURN)
        self._show(view)

    def _show(self, view: Arrangement[Row]) -> None:
        before, self._view = self._view, view
        place = follow(Position(self._cursor, self.scroll_offset.y), self._cursor_key, before, view, self._height)
        self._cursor = place.cursor
        if view.keys is not before.keys:
            rows = len(view.keys)
            self._measure(range(0, rows, rows // SAMPLE + 1))
            self._mark(self.marks.within(view.index))
        self.virtual_size = Size(self.size.width, self.shown + 1)
        self.scroll_to(y=place.top, animate=False, force=True)
        self._measure(self._in_sight())
        self._lay_out()
        self.post_message(self.Arranged(self, self.shown, self.total))
        self._announce()

    def _measure(self, indexes: Iterable[int]) -> bool:
        """Widen the measured columns for these rows; return whether any grew."""
        rows = [self._view.wanted.rows[at] for at in indexes]
        grew = False
        for column in self.columns:
            most = column.max_width or MEASURED_MOST
            known = self._natural.get(column.id, 0)
            if column.measured and known < most:
                texts = (column.text(row) for row in rows)
                widest = max((measure(text, most, self.glyphs) for text in texts), default=0)
                if widest > known:
                    self._natural[column.id], grew = widest, True
        return grew

    def _lay_out(self) -> None:
        width = self.size.width
        placed = lay_out(self.columns, self._natural, width - GUTTER - self.scrollbar_gutter.width, GAP)
        pattern = matcher(self._highlights, self.glyphs)
        self._look = Painting(placed, width, self.glyphs, self.sort, pattern, self._pan, self._style)
        self._strips.clear()
        self.refresh()

    def _move(self, position: int, by: int = 0) -> None:
        """Put the cursor at a shown position, scrolling by `by` lines first, then as little as keeps it in sight."""
        place = Position(self._cursor, self.scroll_offset.y + by).moved(position, self.shown, self._height)
        self.refresh_line(self._cursor + 1)
        self._cursor = place.cursor
        self.refresh_line(self._cursor + 1)
        self.scroll_to(y=place.top, animate=False, force=True)
        if self.marks.anchor is not None:
            self._extend()
        self._announce()

    def _announce(self) -> None:
        if self.shown:
            self._cursor_key = self.cursor_key
        if self._announced != self.cursor_key:
            self._announced = self.cursor_key
            self.post_message(self.Highlighted(self, self._announced))

    def _extend(self) -> None:
        anchor = self._view.position(self.marks.anchor)
        if anchor is None:
            self.marks = self.marks.ended()
            return
        first, last = sorted((anchor, self._cursor))
        self._mark(self.marks.spanning(self._view.keys[at] for at in self._view.shown[first : last + 1]))

    def _mark(self, marks: Marks) -> None:
        changed = marks.keys != self.marks.keys
        self.marks = marks
        if changed:
            self.refresh()
            self.post_message(self.Marked(self, marks.keys))

    def _pan_to(self, pan: int) -> None:
        self._pan = max(0, pan)
        self._lay_out()

    def _sort_at(self, x: int) -> None:
        """Sort by the title at a cell: ascending, then descending, then natural order."""
        place = self._look.column_at(x)
        if place is None or not place.column.sort_key:
            return
        column = place.column.id
        if self.sort is None or self.sort.column != column:
            self.sort_by(column)
        elif self.sort.reverse:
            self.sort_by(None)
        else:
            self.sort_by(column, reverse=True)
