"""A long text in a box: help, the commands that were run, what became of what was to be deleted."""

from rich.console import RenderableType
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from dockcache_tui.core.literal import literal
from dockcache_tui.ui.shared.listing import Listing, ListingView
from dockcache_tui.ui.shared.modal import BoxScreen


class TextScreen(BoxScreen[None]):
    """A scrolling text; esc closes."""

    def __init__(self, title: str, text: RenderableType, *, at_end: bool = False) -> None:
        """Take the text; `at_end` starts at its last line."""
        super().__init__()
        self._title, self._text, self._at_end = title, text, at_end

    def compose(self) -> ComposeResult:
        """Lay out the text."""
        with VerticalScroll(classes="box") as box:
            box.border_title = Text(self._title)
            box.border_subtitle = Text("esc closes")
            yield Static(self._text, markup=False)

    def on_mount(self) -> None:
        """Let the keys scroll."""
        box = self.query_one(VerticalScroll)
        box.focus()
        if self._at_end:
            box.scroll_end(animate=False)


class ListScreen(BoxScreen[None]):
    """A few words and a list of any length; esc closes."""

    DEFAULT_CSS = "ListScreen { & > .box { max-width: 140; } & ListingView { max-height: 60vh; } }"

    def __init__(self, title: str, head: str, listing: Listing) -> None:
        """Take the words and the list."""
        super().__init__()
        self._title, self._head, self._listing = title, head, listing

    def compose(self) -> ComposeResult:
        """Lay out the words over the list."""
        with Vertical(classes="box") as box:
            box.border_title = Text(self._title)
            box.border_subtitle = Text("esc closes")
            yield Static(Text("\n".join(map(literal, self._head.split("\n"))), "bold"), markup=False)
            yield ListingView(self._listing)

    def on_mount(self) -> None:
        """Let the keys scroll."""
        self.query_one(ListingView).focus()
