"""Inside view 4: one archive, its layers, and the files of an image or of one layer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from textual.app import ComposeResult
from textual.message import Message
from textual.widgets import ContentSwitcher, Static

from dockcache_tui.core import wording
from dockcache_tui.core.archives.archive import MAX_FOUND, MAX_LISTED, Archive, Image, Layer, ShownFiles
from dockcache_tui.core.archives.file_entry import FileKind, TreeEntry
from dockcache_tui.core.errors import DockcacheError
from dockcache_tui.core.literal import literal
from dockcache_tui.core.sharing import Share, SharedWith
from dockcache_tui.ui.archives.files_table import FileRow, FilesTable, file_rows
from dockcache_tui.ui.archives.layers_table import LayerRow, LayersTable, layer_rows
from dockcache_tui.ui.shared.filter_bar import FilterBar
from dockcache_tui.ui.shared.list_view import ListView


class ArchiveTab(StrEnum):
    """The inner tabs."""

    LAYERS = "layers"
    FILES = "files"


class ArchiveView(ListView[LayersTable | FilesTable]):
    """One archive; holds what is shown, never asks a source."""

    DEFAULT_CSS = """
    ArchiveView {
        & #archive-note { height: 1; padding: 0 1; color: $foreground-muted; text-wrap: nowrap; }
        & ContentSwitcher { height: 1fr; }
    }
    """

    @dataclass
    class FolderWanted(Message):
        """What is in a folder is not known yet."""

        look: ShownFiles
        folder: str

    @dataclass
    class SearchWanted(Message):
        """Paths are looked for."""

        look: ShownFiles
        text: str

    @dataclass
    class FileOpened(Message):
        """A file was opened."""

        look: ShownFiles
        row: FileRow

    def __init__(self) -> None:
        """Begin without an archive."""
        super().__init__(id="archive")
        self.archive: Archive | None = None
        self.tab = ArchiveTab.LAYERS
        self._layers, self._files = LayersTable(), FilesTable()
        self._layers_bar, self._files_bar = FilterBar("part of a layer's step or digest"), FilterBar("part of a path")
        self.table, self.bar = self._layers, self._layers_bar
        self._note = Static(id="archive-note", markup=False)
        self._switcher = ContentSwitcher(self._layers, self._files, initial="layers")
        self._image: Image | None = None
        self._layer: Layer | None = None
        self._folders: dict[str, Sequence[TreeEntry]] = {}
        self._opened: set[str] = set()
        self._found: Sequence[TreeEntry] | None = None
        self._shares: Mapping[str, tuple[Share, ...]] = {}

    def compose(self) -> ComposeResult:
        """Lay out what is looked at, the list and the filter."""
        yield self._note
        yield self._switcher
        yield self._layers_bar
        yield self._files_bar

    @property
    def look(self) -> ShownFiles | None:
        """Return whose files are shown."""
        if self.archive is None or self._image is None:
            return None
        return ShownFiles(self.archive.path, self._image.digest, self._layer.digest if self._layer else "")

    @property
    def path(self) -> tuple[str, ...]:
        """Return where we are: the archive, the inner tab, the row."""
        row = self.table.cursor_row
        under = row.tree.entry.path if isinstance(row, FileRow) else row.name if row else ""
        name = self.archive.path.rstrip("/").rpartition("/")[2] if self.archive else ""
        return (name, self.tab.value, *((under,) if under else ()))

    def show(self, archive: Archive) -> None:
        """Show an archive; the same again keeps its place."""
        if self.archive is None or self.archive.path != archive.path:
            images = [image for image in archive.images if image.has_files]
            self._look_at(images[0] if images else None, None)
            self._turn_to(ArchiveTab.LAYERS)
            self._shares = {}
        self.archive = archive
        self._layers.set_rows(layer_rows(archive, self._shared))
        self._say_what()

    def share(self, path: str, shares: Mapping[str, tuple[Share, ...]]) -> None:
        """Take in where else the layers are."""
        if self.archive and self.archive.path == path:
            self._shares = shares
            self._layers.set_rows(layer_rows(self.archive, self._shared))

    def _shared(self, digest: str) -> str:
        return ", ".join(map(_share_words, self._shares.get(digest, ())))

    def put(self, look: ShownFiles, folder: str, entries: Sequence[TreeEntry]) -> None:
        """Take in what is in a folder."""
        if look == self.look:
            self._folders[folder] = entries
            self._arrange()

    def put_found(self, look: ShownFiles, text: str, entries: Sequence[TreeEntry]) -> None:
        """Take in the paths that were looked for."""
        if look == self.look and text == self._files_bar.text:
            self._found = entries
            self._arrange()

    def say_progress(self, look: ShownFiles, done: int, total: int) -> None:
        """Say how far the first reading of the files is."""
        if look == self.look and not self._folders:
            self._files.placeholder = f"Reading the files… {wording.share(done / total if total else None)}"

    def fail(self, look: ShownFiles, error: DockcacheError) -> None:
        """Say why there are no files to show."""
        if look == self.look:
            self._files.placeholder = literal(f"{error.title}: {error}  {error.hint}")

    def next_tab(self, step: int = 1) -> None:  # noqa: ARG002 - there are two, so either way is the other
        """Go from the layers to the files, or back."""
        if self.tab is ArchiveTab.FILES:
            self._turn_to(ArchiveTab.LAYERS)
        elif row := self._layers.cursor_row:
            if row.image and row.image is not self._image:
                self._look_at(row.image, None)
            self._turn_to(ArchiveTab.FILES)

    def leave(self) -> bool:
        """Go from the files to the layers; False when there is nothing left to close."""
        if self.tab is ArchiveTab.LAYERS:
            return False
        self._turn_to(ArchiveTab.LAYERS)
        return True

    def fold(self) -> None:
        """Open or close the folder under the cursor."""
        row = self._files.cursor_row if self.tab is ArchiveTab.FILES else None
        if row and row.open is not None and self._found is None:
            path = row.tree.entry.path
            self._opened ^= {path}
            self._want(path)
            self._arrange()

    def filter(self, text: str) -> None:
        """Narrow the layers, or look for paths."""
        if self.tab is ArchiveTab.LAYERS:
            wanted = text.casefold()
            self._layers.filter(
                (lambda row: wanted in f"{row.name} {row.digest}".casefold()) if wanted else None, (text,)
            )
        elif look := self.look:
            self._found = None
            self._files.filter(None, (text,))
            if text:
                self.post_message(self.SearchWanted(look, text))
            else:
                self._arrange()

    def _look_at(self, image: Image | None, layer: Layer | None) -> None:
        self._image, self._layer = image, layer
        self._files.whole = layer is None
        self._folders, self._opened, self._found = {}, set(), None
        self._files_bar.text = ""
        self._files.set_rows(())

    def _turn_to(self, tab: ArchiveTab) -> None:
        self.bar.display = False
        self.tab = tab
        files = tab is ArchiveTab.FILES
        self.table, self.bar = (self._files, self._files_bar) if files else (self._layers, self._layers_bar)
        self.bar.display = bool(self.bar.text)
        self._switcher.current = self.table.id
        if files:
            self._files.placeholder = "Reading the files…"
            self._want("")
        if self.display:
            self.table.focus()
        self._say_what()
        self.post_message(self.Moved())

    def _want(self, folder: str) -> None:
        look = self.look
        if look and folder not in self._folders:
            self.post_message(self.FolderWanted(look, folder))

    def _arrange(self) -> None:
        if self._found is not None:
            self._files.placeholder = "No path holds this."
            self._files.set_rows([FileRow(tree, tree.entry.path) for tree in self._found])
        else:
            self._files.placeholder = "No file."
            self._files.set_rows(file_rows(self._folders, self._opened))
        self._say_what()

    def _say_what(self) -> None:
        if self.archive is None:
            return
        if self.tab is ArchiveTab.FILES and self._image:
            words = [self._left_off(), self._image.platform, *self._image.names[:1]]
            layer = self._layer
            words.append(
                f"what this layer did: {layer.created_by or wording.short_digest(layer.digest)}"
                if layer
                else "all layers"
            )
            wasted = sum(tree.wasted for tree in self._folders.get("", ()))
            words += [f"{wording.size(wasted)} wasted by files that later layers hide"] * bool(wasted)
        else:
            archive = self.archive
            words = [archive.kind.value, archive.packing, wording.exact_size(archive.size)]
            words += [wording.count(len(archive.faults), "fault")] * bool(archive.faults)
        self._note.update(literal(" · ".join(filter(None, words))))

    def _left_off(self) -> str:
        """Say that there is more than is listed."""
        if self._found is not None:
            return f"only the first {MAX_FOUND:,} found listed" if len(self._found) >= MAX_FOUND else ""
        folders = [path for path, entries in self._folders.items() if len(entries) >= MAX_LISTED]
        return f"only the first {MAX_LISTED:,} in {folders[0]}/ listed, / finds others" if folders else ""

    def open_row(self, row: LayerRow | FileRow) -> None:
        if isinstance(row, FileRow):
            self._open_file(row)
        elif row.image and row.image.has_files and not (row.layer and row.layer.empty):
            if (row.image, row.layer) != (self._image, self._layer):
                self._look_at(row.image, row.layer)
            self._turn_to(ArchiveTab.FILES)

    def _open_file(self, row: FileRow) -> None:
        if row.open is not None:
            self.fold()
        elif (look := self.look) and row.tree.entry.kind in (FileKind.FILE, FileKind.HARDLINK, FileKind.SYMLINK):
            self.post_message(self.FileOpened(look, row))


def _share_words(share: Share) -> str:
    where = {SharedWith.RECORD: "record", SharedWith.ACTIONS: "Actions cache of", SharedWith.ARCHIVE: ""}[share.place]
    return " ".join(filter(None, (where, share.name, "(packed otherwise)" * share.repacked)))
