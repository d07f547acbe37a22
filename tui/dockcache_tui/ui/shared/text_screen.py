"""A long text in a box: help, the commands that were run."""

from rich.console import RenderableType
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

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
