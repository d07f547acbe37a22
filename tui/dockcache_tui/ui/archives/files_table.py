"""The files of an image or a layer in the virtual table."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from textual.binding import BindingType

from dockcache_tui.core import wording
from dockcache_tui.core.archives.fields import FILE_FIELDS
from dockcache_tui.core.archives.file_entry import FileKind, LayerChange, TreeEntry
from dockcache_tui.core.archives.row import name_marks, size_of
from dockcache_tui.core.instant import Instant
from dockcache_tui.ui.table import READING_BINDINGS, Column, RecordTable, field_columns, in_order

STEP = "  "
_CHANGES = {
    LayerChange.ADDED: ("+ added", "record-table--good"),
    LayerChange.CHANGED: ("~ changed", "record-table--warning"),
    LayerChange.REMOVED: ("- removed", "record-table--bad"),
    LayerChange.SAME: ("", ""),
}


@dataclass(frozen=True, slots=True)
class FileRow:
    """A path of the tree; `open` None when nothing is below it."""

    tree: TreeEntry
    name: str
    depth: int = 0
    open: bool | None = None


def file_rows(folders: Mapping[str, Sequence[TreeEntry]], opened: Collection[str]) -> list[FileRow]:
    """Return the folders that were read, those opened with what is in them."""
    rows: list[FileRow] = []
    below = [(tree, 0) for tree in reversed(folders.get("", ()))]
    while below:
        tree, depth = below.pop()
        path = tree.entry.path
        folder = tree.entry.kind is FileKind.FOLDER
        rows.append(FileRow(tree, path.rpartition("/")[2], depth, path in opened if folder else None))
        if path in opened:
            below += [(one, depth + 1) for one in reversed(folders.get(path, ()))]
    return rows


class FilesTable(RecordTable[FileRow], inherit_bindings=False):
    """One row a path; of a whole image only what is out of the ordinary is told."""

    BINDINGS: ClassVar[list[BindingType]] = READING_BINDINGS
    DEFAULT_CSS: ClassVar[str] = "FilesTable { height: 1fr; }"

    def __init__(self) -> None:
        """Declare the columns."""
        self.whole = True
        super().__init__(_columns(self), key=lambda row: row.tree.entry.path, id="files")


def _name(row: FileRow) -> str:
    return f"{row.name}{name_marks(row.tree.entry)}"


def _prefix(row: FileRow) -> str:
    fold = "  " if row.open is None else "- " if row.open else "+ "
    return STEP * row.depth + fold


def _columns(table: FilesTable) -> tuple[Column[FileRow], ...]:
    def change(row: FileRow) -> tuple[str, str]:
        ordinary = table.whole and row.tree.change is LayerChange.ADDED
        return ("", "") if ordinary else _CHANGES[row.tree.change]

    columns: dict[str, Column[FileRow]] = field_columns(FILE_FIELDS, lambda row: row.tree, Instant.now)
    columns["path"] = replace(columns["path"], text=_name, prefix=_prefix, style=lambda row: change(row)[1])
    columns["change"] = replace(columns["change"], text=lambda row: change(row)[0], style=lambda row: change(row)[1])
    columns["size"] = replace(columns["size"], text=lambda row: size_of(row.tree))
    columns["wasted"] = replace(
        columns["wasted"],
        text=lambda row: wording.size(row.tree.wasted) if row.tree.wasted else "",
        style=lambda _: "record-table--warning",
    )
    columns["owner"] = Column(
        id="owner",
        title="Owner",
        text=lambda row: f"{row.tree.entry.uid}:{row.tree.entry.gid}",
        max_width=13,
        priority=3,
    )
    columns["layer"] = replace(columns["layer"], text=lambda row: row.tree.layer[7:19])
    return in_order(columns, "path", "change", "size", "wasted", "mode", "owner", "layer")
