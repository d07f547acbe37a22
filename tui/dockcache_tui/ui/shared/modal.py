"""What modal screens share: a box in the middle that esc closes, and a checkbox that needs no colour."""

from typing import ClassVar, TypeVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Checkbox

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


class Tick(Checkbox):
    """A checkbox that tells by its sign, not by colour alone, whether it is on."""

    BUTTON_LEFT, BUTTON_RIGHT = "[", "]"
    DEFAULT_CSS = "Tick, Tick:focus { border: none; background: $surface; padding: 0; }"

    def render(self) -> Content:
        """Draw an X only when it is on."""
        self.BUTTON_INNER = "X" if self.value else " "
        return super().render()
