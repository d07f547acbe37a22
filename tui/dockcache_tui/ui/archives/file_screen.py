"""The beginning of a file of an archive: as text, or as bytes."""

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from dockcache_tui.core import wording
from dockcache_tui.core.archives.file_entry import FileEntry, FileKind
from dockcache_tui.core.literal import hex_lines, is_text, literal, text_lines
from dockcache_tui.ui.archives.workers import MAX_READ
from dockcache_tui.ui.shared.modal import BoxScreen


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
