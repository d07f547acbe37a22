"""The live filter: an input, what is wrong with it and where, and how many rows are shown."""

from rich.highlighter import Highlighter
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from dockcache_tui.core.filter import FilterError
from dockcache_tui.core.literal import literal


class _Pointer(Highlighter):
    """Underlines what is wrong in the expression."""

    def __init__(self) -> None:
        self.at = (0, 0)

    def highlight(self, text: Text) -> None:
        text.stylize("bold underline reverse", *self.at)


class FilterBar(Horizontal):
    """One line under a list; hidden until asked for, kept in sight while it narrows something."""

    DEFAULT_CSS = """
    FilterBar {
        height: 1; background: $surface;
        & Input { width: 1fr; }
        & #filter-sign { width: 2; color: $accent; text-style: bold; padding-left: 1; }
        & #filter-count { width: auto; padding: 0 1; color: $foreground-muted; }
        &.-wrong #filter-count { color: $error; }
    }
    """

    class Changed(Message):
        """The expression changed."""

        def __init__(self, text: str) -> None:
            """Keep the expression."""
            super().__init__()
            self.text = text

    class Kept(Message):
        """The input was closed; the filter stays."""

    def __init__(self, example: str = "words  age>7d  branch:main") -> None:
        """Begin hidden and empty; the example is shown while nothing is typed."""
        super().__init__()
        self.display = False
        self._pointer = _Pointer()
        self._input = Input(placeholder=example, highlighter=self._pointer)
        self._count = Static(id="filter-count", markup=False)

    def compose(self) -> ComposeResult:
        """Lay out the sign, the input and the count."""
        yield Static("/", id="filter-sign", markup=False)
        yield self._input
        yield self._count

    @property
    def text(self) -> str:
        """Return the expression."""
        return self._input.value

    @text.setter
    def text(self, value: str) -> None:
        self._input.value = value
        self.display = bool(value)

    def open(self) -> None:
        """Show the input and type into it."""
        self.display = True
        # Widget.focus() waits for its turn, and the next key would still go to the list.
        self.screen.set_focus(self._input)

    def close(self, *, clear: bool) -> None:
        """Leave the input, and with `clear` forget the expression."""
        if clear:
            self._input.value = ""
        self.display = bool(self.text)

    def say_count(self, shown: int, total: int) -> None:
        """Show n of N."""
        if not self.has_class("-wrong"):
            self._count.update(f"{shown:,} of {total:,}")

    def say_wrong(self, error: FilterError | None) -> None:
        """Show what is wrong and point at it, or that nothing is."""
        self.set_class(error is not None, "-wrong")
        self._pointer.at = (error.column, error.column + error.length) if error else (0, 0)
        self._input.refresh()
        if error:
            self._count.update(Text(literal(str(error)), no_wrap=True, overflow="ellipsis"))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Pass the expression on."""
        event.stop()
        self.post_message(self.Changed(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter and go back to the list."""
        event.stop()
        self.close(clear=False)
        self.post_message(self.Kept())
