"""A list to read before or after something is done: however long it is, only what is in sight is drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from dockcache_tui.ui.table.cells import UNICODE, fit, measure

Row: TypeAlias = str | tuple[str, ...]
"""A heading, or the texts of the columns, from outside as they are."""

_BETWEEN = 2
LONGEST = 1_000
"""Cells of a line that can be seen."""


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """Rows and the cells of each column, the first of which is numbers. Measuring many takes a while."""

    rows: Sequence[Row] = ()
    widths: tuple[int, ...] = ()

    @classmethod
    def of(cls, rows: Sequence[Row], widest: Sequence[int] = ()) -> "Listing":
        """Measure the columns, which all rows but headings have; those of which a `widest` is told are cut there."""
        widths: list[int] = []
        for row in rows:
            if not isinstance(row, str):
                widths = widths or [0] * len(row)
                for at, text in enumerate(row):
                    most = widest[at] if at < len(widest) else LONGEST
                    widths[at] = max(widths[at], measure(text, most, UNICODE))
        return cls(rows, tuple(widths))

    @property
    def size(self) -> Size:
        """Return the cells that all of it takes."""
        headings = max((measure(row, LONGEST, UNICODE) for row in self.rows if isinstance(row, str)), default=0)
        return Size(max(headings, sum(self.widths) + _BETWEEN * (len(self.widths) - 1)), len(self.rows))

    def line(self, number: int) -> Sequence[Segment]:
        """Return a row, literal."""
        row = self.rows[number]
        if isinstance(row, str):
            return (Segment(fit(row, LONGEST, UNICODE), Style(bold=True)),)
        cells = []
        for at, (text, width) in enumerate(zip(row, self.widths, strict=True)):
            shown = fit(text, width, UNICODE)
            room = " " * (width - measure(text, width, UNICODE))
            cells.append(room + shown if at == 0 else shown + room)
        return (Segment((" " * _BETWEEN).join(cells)),)


class ListingView(ScrollView, can_focus=True):
    """Scrolls both ways; no line is broken."""

    DEFAULT_CSS: ClassVar[str] = """
    ListingView {
        height: auto; max-height: 36vh; margin: 1 0; scrollbar-size-horizontal: 1;
        &:focus { background: $boost; }
    }
    """

    def __init__(self, listing: Listing | None = None) -> None:
        """Take what is known from the start."""
        super().__init__()
        self.listing = Listing()
        self.show(listing or self.listing)

    def show(self, listing: Listing) -> None:
        """Show another list."""
        self.listing = listing
        self.virtual_size = listing.size
        self.refresh(layout=True)

    def render_line(self, y: int) -> Strip:
        """Draw one line of the screen."""
        x, top = self.scroll_offset
        width, style = self.size.width, self.rich_style
        if top + y >= len(self.listing.rows):
            return Strip.blank(width, style)
        return Strip(self.listing.line(top + y)).apply_style(style).crop_extend(x, x + width, style)
