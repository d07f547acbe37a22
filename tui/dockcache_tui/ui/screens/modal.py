"""What every modal screen shares: a box in the middle that esc closes."""

from typing import ClassVar, TypeVar

from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

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
