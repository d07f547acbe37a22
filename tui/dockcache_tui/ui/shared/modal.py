"""What every modal screen shares: a box in the middle that esc closes."""

from collections.abc import Sequence
from typing import ClassVar, TypeVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Log, Static

MAX_LINES = 500
"""As many are laid out at once; of more only those in sight."""

Answer = TypeVar("Answer")


class BoxScreen(ModalScreen[Answer | None]):
    """A box over the view; esc dismisses it without an answer."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "Close", show=False)]
    DEFAULT_CSS = """
    BoxScreen {
        align: center middle;
        & > .box {
            width: 90%; max-width: 100; height: auto; max-height: 90%;
            border: round $primary; background: $surface; padding: 0 1; border-title-color: $primary;
        }
    }
    """

    def action_close(self) -> None:
        """Leave without an answer."""
        self.dismiss(None)


def listing(lines: Sequence[Text]) -> Widget:
    """Return a list of any length, to scroll: `#plan`, or a Log where it is long, which breaks no lines."""
    if len(lines) > MAX_LINES:
        return _LongListing(lines)
    return VerticalScroll(Static(Text("\n").join(lines), markup=False), id="plan")


class _LongListing(Log):
    def __init__(self, lines: Sequence[Text]) -> None:
        super().__init__(auto_scroll=False)
        self._texts = lines

    def on_mount(self) -> None:
        """Write the lines: before it has its place in the app a log can't be written."""
        self.write_lines(text.plain for text in self._texts)
