"""Ask for an age such as 7d."""

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Static

from dockcache_tui.core.filter.units import nanoseconds
from dockcache_tui.core.literal import literal
from dockcache_tui.ui.shared.modal import BoxScreen


class AskAge(BoxScreen[int]):
    """One input; enter answers with the age in nanoseconds, esc leaves."""

    DEFAULT_CSS = """
    AskAge {
        & Input { background: $boost; margin: 1 0; }
        & #wrong { color: $error; height: auto; }
    }
    """

    def __init__(self, title: str, usual: str) -> None:
        """Take what the age is of, and what is there to begin with."""
        super().__init__()
        self._title, self._usual = title, usual

    def compose(self) -> ComposeResult:
        """Lay out the input."""
        with Vertical(classes="box") as box:
            box.border_title = Text(literal(self._title))
            yield Input(self._usual, placeholder="such as 7d or 1d12h")
            yield Static(id="wrong", markup=False)

    def on_mount(self) -> None:
        """Type into the input."""
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def _answer(self, event: Input.Submitted) -> None:
        age = nanoseconds(event.value.strip())
        if age is None:
            self.query_one("#wrong", Static).update(Text(literal(f"{event.value!r} is no age such as 7d or 1d12h.")))
        else:
            self.dismiss(age)
