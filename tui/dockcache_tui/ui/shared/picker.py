"""Pick one of some things: a branch, a builder, what to copy, how to export."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from dockcache_tui.core.literal import literal
from dockcache_tui.ui.shared.modal import BoxScreen


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to pick: what it stands for, how it is named, and a word more."""

    value: str
    label: str
    note: str = ""


class Picker(BoxScreen[str]):
    """A list that narrows as you type; enter picks, esc leaves."""

    DEFAULT_CSS = """
    Picker {
        & OptionList { height: auto; max-height: 14; border: none; padding: 0; background: $surface; }
        & Input { margin-bottom: 1; background: $boost; }
    }
    """

    def __init__(self, title: str, choices: Sequence[Choice], *, picked: str = "") -> None:
        """Take the choices in order; the cursor starts on `picked`."""
        super().__init__()
        self._title = title
        self._choices = choices
        self._picked = picked

    def compose(self) -> ComposeResult:
        """Lay out the input and the list."""
        with Vertical(classes="box") as box:
            box.border_title = Text(literal(self._title))
            yield Input(placeholder="type to narrow")
            yield OptionList()

    def on_mount(self) -> None:
        """Show all choices."""
        self._narrow("")
        self.query_one(Input).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow the list."""
        self._narrow(event.value.casefold())

    def on_input_submitted(self) -> None:
        """Pick what the cursor is on."""
        self.query_one(OptionList).action_select()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Answer with the choice."""
        self.dismiss(self._shown[event.option_index].value)

    def key_down(self) -> None:
        """Move the cursor while typing."""
        self.query_one(OptionList).action_cursor_down()

    def key_up(self) -> None:
        """Move the cursor while typing."""
        self.query_one(OptionList).action_cursor_up()

    def _narrow(self, wanted: str) -> None:
        found = [one for one in self._choices if wanted in f"{one.label} {one.note}".casefold()]
        self._shown = sorted(found, key=lambda one: _rank(one.label.casefold(), wanted)) if wanted else found
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(_line(choice)) for choice in self._shown])
        values = [choice.value for choice in self._shown]
        picked = values.index(self._picked) if self._picked in values and not wanted else 0
        options.highlighted = picked if values else None


def _rank(label: str, wanted: str) -> tuple[bool, bool]:
    """Put a choice of just this name, whatever of, first; then those with it in their labels, then in their notes."""
    name, number = label.removeprefix("#"), wanted.removeprefix("#")
    return name != number and not name.startswith(f"{number} "), wanted not in label


def _line(choice: Choice) -> Text:
    line = Text(literal(choice.label), no_wrap=True, overflow="ellipsis")
    return line.append(f"  {literal(choice.note)}", "dim") if choice.note else line
