"""What makes two archives differ: the cause in words, then the paths, narrowed by kind of change."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from dockcache_tui.core.archives.diff import DIFFERENCES, ArchiveDiff, FileDiff, changes
from dockcache_tui.core.literal import literal
from dockcache_tui.ui.archives.texts import diff_text
from dockcache_tui.ui.shared.modal import BoxScreen
from dockcache_tui.ui.shared.text_screen import TextScreen
from dockcache_tui.ui.table import READING_BINDINGS, Column, RecordTable


@dataclass(frozen=True, slots=True)
class DiffRow:
    """A path that differs, in an image of a platform."""

    number: int
    platform: str
    file: FileDiff

    @property
    def sign(self) -> str:
        """Return what became of the path."""
        return "+" if self.file.first is None else "-" if self.file.second is None else "~"


class CompareTable(RecordTable[DiffRow], inherit_bindings=False):
    """One row a path that differs."""

    BINDINGS: ClassVar[list[BindingType]] = READING_BINDINGS
    DEFAULT_CSS: ClassVar[str] = "CompareTable { height: 1fr; }"

    def __init__(self, *, several: bool) -> None:
        """Declare the columns; of several images the platform is one."""
        super().__init__(_columns(several=several), key=lambda row: (row.number, row.file.path), id="compared")


class CompareScreen(BoxScreen[None]):
    """Both sides and the paths that differ; `[` and `]` turn to a kind of change, enter tells one in full."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right_square_bracket", "turn(1)", "Next kind of change"),
        Binding("left_square_bracket", "turn(-1)", "Previous kind of change"),
    ]
    DEFAULT_CSS = """
    CompareScreen {
        & > .box { width: 96%; max-width: 140; height: 90%; }
        & VerticalScroll { height: auto; max-height: 40%; }
        & #kinds { height: auto; padding: 1 0 0 0; }
    }
    """

    def __init__(self, names: tuple[str, str], diff: ArchiveDiff, ask: Callable[[str], None]) -> None:
        """Take the comparison with paths of every kind, and whom to ask for those of one."""
        super().__init__()
        self._ask = ask
        self._names, self._whole, self._kind = names, diff, ""
        self._counts: Counter[str] = Counter()
        for image in diff.images:
            self._counts.update(dict(image.counts))
        self._kinds = ("", *(kind for kind in DIFFERENCES if self._counts[kind]))
        self._line = Static(id="kinds", markup=False)
        self._table = CompareTable(several=len(diff.images) > 1)

    def compose(self) -> ComposeResult:
        """Lay out the cause, the kinds of change and the paths."""
        with Vertical(classes="box") as box:
            box.border_title = Text("What differs")
            box.border_subtitle = Text("[ ] kind of change · ⏎ in full · esc closes")
            with VerticalScroll():
                yield Static(diff_text(self._names, self._whole), markup=False)
            yield self._line
            yield self._table

    def on_mount(self) -> None:
        """Show every path."""
        self._table.focus()
        self.show(self._names, self._whole, "")

    def show(self, names: tuple[str, str], diff: ArchiveDiff, kind: str) -> None:
        """Show the paths of a kind, unless others are wanted by now."""
        if (names, kind) != (self._names, self._kind):
            return
        rows = [
            DiffRow(number, image.platform, file) for number, image in enumerate(diff.images) for file in image.files
        ]
        self._table.set_rows(rows)
        left_off = sum(image.left_off for image in diff.images)
        self._say(f"and {left_off:,} more that matter less" if left_off else "")

    def action_turn(self, by: int) -> None:
        """Turn to the next or previous kind of change."""
        self._kind = self._kinds[(self._kinds.index(self._kind) + by) % len(self._kinds)]
        if self._kind:
            self._table.set_rows(())
            self._say("reading…")
            self._ask(self._kind)
        else:
            self.show(self._names, self._whole, "")

    @on(RecordTable.Selected)
    def _selected(self, event: RecordTable.Selected) -> None:
        event.stop()
        if row := self._table.cursor_row:
            text = Text(f"{row.sign} {literal(row.file.path)}\n", "bold")
            for line in changes(row.file) or row.file.differs:
                text.append(f"{literal(line)}\n", "not bold")
            self.app.push_screen(TextScreen("What differs in a path", text))

    def _say(self, note: str) -> None:
        line = Text()
        for kind in self._kinds:
            count = self._counts[kind] if kind else sum(image.paths for image in self._whole.images)
            line.append(f" {kind or 'all'} {count:,} ", "bold reverse" if kind == self._kind else "dim").append(" ")
        self._line.update(line.append(note, "italic"))


def _columns(*, several: bool) -> tuple[Column[DiffRow], ...]:
    styles = {"+": "record-table--good", "-": "record-table--bad", "~": "record-table--warning"}
    platform: Column[DiffRow] = Column(
        id="platform", title="Platform", text=lambda row: row.platform, sort_key=lambda row: row.platform, max_width=15
    )
    return (
        Column(
            id="path",
            title="Path",
            text=lambda row: f"{row.sign} {row.file.path}",
            sort_key=lambda row: row.file.path,
            style=lambda row: styles[row.sign],
            weight=1,
            min_width=20,
        ),
        *((platform,) if several else ()),
        Column(
            id="change",
            title="Change",
            text=lambda row: ", ".join(changes(row.file) or row.file.differs),
            weight=1,
            min_width=20,
        ),
    )
