"""Rows and header as strips of styled segments."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Generic, TypeVar

from rich.cells import cell_len, split_text
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from dockcache_tui.ui.table.cells import Glyphs, fit, split_matches
from dockcache_tui.ui.table.columns import Placed
from dockcache_tui.ui.table.view import Sort

Row = TypeVar("Row")
Piece = tuple[str, Style]

GUTTER = 3
"""Cells before the first column: the cursor's sign, the mark's sign and a space."""

HEADER = "record-table--header"
CURSOR = "record-table--cursor"
MARKED = "record-table--marked"
MARK = "record-table--mark"
MATCH = "record-table--match"
GUIDE = "record-table--guide"


@dataclass(frozen=True, slots=True, eq=False)
class Painting(Generic[Row]):
    """All that decides how a row is painted besides the row; `style` turns component classes into one style."""

    placed: tuple[Placed[Row], ...]
    width: int
    glyphs: Glyphs
    sort: Sort | None
    pattern: re.Pattern[str] | None
    pan: int
    style: Callable[..., Style]

    def row(self, row: Row, *, cursor: bool, marked: bool) -> Strip:
        """Paint one row."""
        under = (MARKED,) if marked else ()
        over = (CURSOR,) if cursor else ()
        plain = self.style(*under, *over)
        pieces = [
            (self.glyphs.cursor if cursor else " ", plain),
            (self.glyphs.mark if marked else " ", self.style(MARK, *over)),
        ]
        at = len(pieces)
        for place in self.placed:
            pieces.append((" " * (GUTTER + place.left - at), plain))
            pieces += self._cell(place, row, under, over)
            at = GUTTER + place.left + place.width
        pieces.append((" " * (self.width - at), plain))
        return Strip(list(_joined(pieces)), max(at, self.width)).crop(0, self.width)

    def header(self) -> Strip:
        """Paint the titles, with an arrow on the sorted one."""
        style = self.style(HEADER)
        line = " " * GUTTER
        for place in self.placed:
            line = line.ljust(GUTTER + place.left) + self._title(place)
        return Strip([Segment(line, style)]).adjust_cell_length(self.width, style)

    def hidden(self, row: Row) -> int:
        """Return how many cells of its longest text a row can't show at once."""
        texts = (
            (place, self._guide(place, row) + place.column.text(row)) for place in self.placed if place.column.weight
        )
        return max((cell_len(self.glyphs.shown(text)) - place.width for place, text in texts), default=0)

    def column_at(self, x: int) -> Placed[Row] | None:
        """Return the column at a cell of the line, the gap after it included."""
        return next((place for place in reversed(self.placed) if GUTTER + place.left <= x), None)

    def _title(self, place: Placed[Row]) -> str:
        column, arrow = place.column, ""
        if self.sort and self.sort.column == column.id:
            arrow = self.glyphs.descending if self.sort.reverse else self.glyphs.ascending
        title = fit(column.title, place.width - len(arrow), self.glyphs)
        if arrow and len(title) + 2 <= place.width:
            title += " "
        return (title + arrow).rjust(place.width) if column.justify == "right" else (title + arrow).ljust(place.width)

    def _cell(self, place: Placed[Row], row: Row, under: tuple[str, ...], over: tuple[str, ...]) -> Iterator[Piece]:
        column = place.column
        guide = self._guide(place, row)
        room = place.width - cell_len(guide)
        text = fit(column.text(row), room, self.glyphs, self.pan if column.weight else 0)
        blank = " " * (room - cell_len(text)), self.style(*under, *over)
        tone = (name,) if column.style and (name := column.style(row)) else ()
        if guide:
            yield guide, self.style(GUIDE, *over)
        if column.justify == "right":
            yield blank
        for piece, matched in split_matches(text, self.pattern if column.justify == "left" else None):
            yield piece, self.style(*under, *tone, *((MATCH,) if matched else ()), *over)
        if column.justify == "left":
            yield blank

    def _guide(self, place: Placed[Row], row: Row) -> str:
        """Return the tree guides in front of a text: in natural order only, and their near end when they are deep."""
        if self.sort or not place.column.prefix:
            return ""
        guide = self.glyphs.shown(place.column.prefix(row))
        most = place.width // 2
        excess = cell_len(guide) - most
        if excess <= 0:
            return guide
        return self.glyphs.more + split_text(guide, excess + 1)[1] if most else ""


def _joined(pieces: Iterable[Piece]) -> Iterator[Segment]:
    """Make neighbours of one style one segment: Textual's cost is by the segment."""
    for _, run in groupby(pieces, key=lambda piece: id(piece[1])):
        texts, styles = zip(*run, strict=True)
        yield Segment("".join(texts), styles[0])
