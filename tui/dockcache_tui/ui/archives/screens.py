"""The boxes of the Archives tab: a file, how two archives differ, what loading one did."""

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

from dockcache_tui.core import wording
from dockcache_tui.core.archives.diff import DIFFERENCES, ArchiveDiff, FileDiff, ImageDiff, changes, verdict
from dockcache_tui.core.archives.engine_image import Loaded
from dockcache_tui.core.archives.file_entry import FileEntry, FileKind
from dockcache_tui.core.literal import hex_lines, is_text, literal, text_lines
from dockcache_tui.ui.archives.workers import MAX_READ
from dockcache_tui.ui.shared.modal import BoxScreen
from dockcache_tui.ui.shared.text_screen import TextScreen
from dockcache_tui.ui.table import READING_BINDINGS, Column, RecordTable


class FileScreen(BoxScreen[None]):
    """A scrolling file; t changes between text and bytes, esc closes."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("t", "turn", "Text or bytes")]

    def __init__(self, entry: FileEntry, content: bytes) -> None:
        """Take the file and its first bytes."""
        super().__init__()
        self._entry, self._content = entry, content
        self._as_text = is_text(content)
        self._shown = Static(markup=False)

    def compose(self) -> ComposeResult:
        """Lay out the content."""
        with VerticalScroll(classes="box") as box:
            box.border_title = Text(literal(self._entry.path))
            yield self._shown

    def on_mount(self) -> None:
        """Let the keys scroll."""
        self.query_one(VerticalScroll).focus()
        self._show()

    def action_turn(self) -> None:
        """Change between text and bytes."""
        self._as_text = not self._as_text
        self._show()

    def _show(self) -> None:
        lines = text_lines(self._content) if self._as_text else hex_lines(self._content)
        self._shown.update(Text("\n".join(lines)))
        size, first = self._entry.size, len(self._content)
        part = f"the first {wording.size(first)} of {wording.size(size)}" if first < size else wording.size(first)
        if self._entry.kind is not FileKind.FILE and first == MAX_READ:  # a link does not tell how long its file is
            part = f"the first {wording.size(first)}"
        other = "bytes" if self._as_text else "text"
        self.query_one(VerticalScroll).border_subtitle = Text(f"{part} · t {other} · esc closes")


def diff_text(names: tuple[str, str], diff: ArchiveDiff) -> Text:
    """Return both sides, then what differs but for files: the cause in words, layers, configuration."""
    text = Text(f"A  {literal(names[0])}\nB  {literal(names[1])}\n\n")
    if diff.same:
        text.append("Nothing differs that a container could see.\n\n", "bold")
    for image in diff.images:
        _image(text, image)
    if diff.faults:
        text.append("What could not be read may look like a difference:\n", "bold")
    for fault in diff.faults:
        text.append(f"  {literal(str(fault))}\n")
    text.rstrip()
    return text


def _image(text: Text, image: ImageDiff) -> None:
    text.append(f"{literal(image.platform) or 'unknown platform'}\n", "bold underline")
    if image.first is None or image.second is None:
        text.append(f"only in {'B' if image.first is None else 'A'}\n\n")
        return
    text.append(f"{verdict(image)}\n")
    same = sum(layer.first is not None and layer.second is not None for layer in image.layers)
    text.append(f"{same} of {wording.count(len(image.layers), 'layer')} are the same\n")
    for layer in image.layers:
        if layer.first and layer.second:
            continue
        one, side = (layer.first, "A") if layer.first else (layer.second, "B")
        if one:
            text.append(f"  only in {side}  {wording.size(one.size):>9}  {literal(one.created_by or one.digest)}\n")
    for line in image.config:
        text.append(f"  {literal(line)}\n")
    text.append("\n")


def loaded_text(path: str, loaded: Loaded) -> Text:
    """Return what loading did: names, and of each layer whether the engine had it already."""
    text = Text(f"{literal(path)}\n\n")
    text.append(f"{wording.count(loaded.new, 'layer')} new, {loaded.kept} there already\n", "bold")
    for name in loaded.names:
        moved = "  (meant another image before)" if name in loaded.moved else ""
        text.append(f"{literal(name)}{moved}\n")
    for one in loaded.images:
        text.append(f"\n{literal(one.image.platform or one.image.digest)}\n", "bold underline")
        for layer, there in zip(one.image.layers, one.there, strict=True):
            told = {True: "✓ there", False: "+ new", None: "· empty" if layer.empty else "? unknown"}[there]
            text.append(f"  {told:<10} {wording.size(layer.size):>9}  {literal(layer.created_by or layer.digest)}\n")
    return text


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
