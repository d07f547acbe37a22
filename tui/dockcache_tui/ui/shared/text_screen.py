"""A long text in a box: help, the commands that were run, what became of what was to be deleted."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from dockcache_tui.core import wording
from dockcache_tui.core.literal import literal
from dockcache_tui.sources.command_log import LoggedCommand
from dockcache_tui.ui.actions import ACTIONS, Place, shown_key
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


WORDS = (
    (
        "record",
        "one thing the builder keeps so that it need not be made again: a layer, a cache mount, a copied context",
    ),
    ("parent", "the record that a record was built on; it can't be deleted while anything is built on it"),
    ("step", "one instruction of a build; BuildKit calls it a vertex"),
    ("true reuse", "the share of steps that could be reused and were; imports, exports and downloads don't count"),
    ("false hit", "a step that said CACHED, then ran all the same because its layer was gone"),
    ("branch scope", "the branch, pull request or tag that something belongs to"),
)


def help_text(place: Place, *, read_only: bool) -> Group:
    """Return every key, those of this view first, and the words used."""
    here = [action for action in ACTIONS if place in action.where]
    elsewhere = [action for action in ACTIONS if place not in action.where]
    keys = max(len(shown_key(action)) for action in ACTIONS)
    labels = max(len(action.label) for action in ACTIONS)
    sections: list[RenderableType] = []
    for title, actions in ((f"In {place.value}", here), ("In other views", elsewhere)):
        grid = Table.grid(padding=(0, 2, 0, 0))
        for style, width in (("bold", keys), ("", labels), ("dim", None)):
            grid.add_column(style=style, width=width)
        for action in actions:
            off = " (off: --read-only)" if read_only and action.changes else ""
            grid.add_row(shown_key(action), action.label, action.tooltip + off)
        sections += [Text(title, "bold underline"), grid, Text()]
    words = Table.grid(padding=(0, 2, 0, 0))
    words.add_column(style="bold", no_wrap=True)
    for word, meaning in WORDS:
        words.add_row(word, meaning)
    moving = "Arrow keys, hjkl, page keys, home, end and the mouse move; left and right pan long texts.\n"
    return Group(*sections, Text(moving), Text("Words", "bold underline"), words)


def commands_text(commands: Sequence[LoggedCommand]) -> Text:
    """Return the commands, oldest first, each as one could run it."""
    text = Text()
    for command in commands:
        code = "…" if command.exit_code is None else str(command.exit_code)
        text.append(
            f"{command.started_at.datetime():%H:%M:%S}  {wording.span(command.duration):>7}  {code:>3}  ", "dim"
        )
        text.append(f"{literal(str(command))}\n")
    return text if commands else Text("No command was run yet.")
