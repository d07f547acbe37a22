"""Archives here and artifacts of the repository: what their threads tell, and what their keys do."""

from collections.abc import Callable, Iterable, Sequence

from textual import on

from dockcache_tui.core import wording
from dockcache_tui.core.archives.archive import Archive, BuildRecord
from dockcache_tui.core.archives.artifact import Artifact
from dockcache_tui.core.archives.engine_image import EngineImage
from dockcache_tui.core.archives.fields import ARCHIVE_FIELDS, FILE_FIELDS
from dockcache_tui.core.archives.listing import ListedArchive
from dockcache_tui.core.field import json_row
from dockcache_tui.core.json_csv import json_text
from dockcache_tui.core.scope import ScopeFilter
from dockcache_tui.sources.export import Row
from dockcache_tui.sources.github.protocol import ActionsSource
from dockcache_tui.ui.actions import Place
from dockcache_tui.ui.archives import messages
from dockcache_tui.ui.archives.archive_view import ArchiveView
from dockcache_tui.ui.archives.archives_view import ArchivesView
from dockcache_tui.ui.archives.files_table import FileRow
from dockcache_tui.ui.archives.layers_table import LAYER_ROW_FIELDS, LayerRow
from dockcache_tui.ui.archives.screens import CompareScreen, FileScreen, diff_text, loaded_text
from dockcache_tui.ui.archives.workers import ArchivesWorkers
from dockcache_tui.ui.shared.area import Area, Shell
from dockcache_tui.ui.shared.confirm import ConfirmDelete, Doomed
from dockcache_tui.ui.shared.messages import BuildOpened, KnownChanged, OpenBuild
from dockcache_tui.ui.shared.picker import Choice, Picker
from dockcache_tui.ui.shared.text_screen import TextScreen

MAX_FAULTS = 3
"""Faults of a record that are told."""
COMPARED = 2
"""Archives that can be compared at once."""


_DOWNLOAD = Choice("download", "Download", "into the current folder; one that broke off is resumed")


class ArchivesArea(Area):
    """The Archives tab."""

    def __init__(self, shell: Shell, actions: Callable[[], ActionsSource]) -> None:
        """Begin with nothing looked for; `actions` opens the repository whose artifacts are meant."""
        self._archives, self._archive = ArchivesView(), ArchiveView()
        super().__init__(shell, self._archives, self._archive)
        self.threads = ArchivesWorkers(shell.workspace, actions, self.tell, shell.waits)

    @property
    def rows(self) -> Sequence[ListedArchive] | None:
        """Return the archives found so far; None when none were looked for."""
        return self._archives.rows if self.threads.opened else None

    def action_open(self) -> None:
        self.look()
        super().action_open()

    def look(self) -> None:
        if not self.threads.opened:
            self.threads.list()

    def read_again(self) -> None:
        if self.threads.opened:
            self.threads.list()

    def narrow(self, scope: ScopeFilter) -> None:
        self._archives.scope(scope)

    def action_fold(self) -> None:
        self._archive.fold()

    def turn(self, step: int) -> None:
        self._archive.next_tab(step)

    def go_back(self) -> None:
        """Go from the files to the layers, from the layers to the list."""
        if self.place is Place.ARCHIVE and not self._archive.leave():
            self.shell.bring(Place.ARCHIVES)

    def action_compare(self) -> None:
        """Compare two marked archives."""
        paths = [row.archive.path for row in self._archives.marked if row.archive]
        if len(paths) == COMPARED:
            self.say("Comparing…")
            self.threads.compare(paths[0], paths[1])
        else:
            self.say("Mark two archives of this machine with space, then press c.", severity="warning")

    def action_save_file(self) -> None:
        """Save the file under the cursor into the current folder."""
        row, look = self._archive.table.cursor_row, self._archive.look
        if look and isinstance(row, FileRow) and row.open is None:
            self.threads.save(look, row.tree.entry)
        else:
            self.say("Put the cursor on a file first: ] shows the files.", severity="warning")

    @on(messages.ArchivesListed)
    def _archives_listed(self, event: messages.ArchivesListed) -> None:
        self._archives.show(event.rows, event.note, whole=event.whole)
        self.post_message(KnownChanged())
        for row in event.rows:
            if row.archive:
                self._show_again(row.archive)

    @on(messages.ArchiveRead)
    def _archive_read(self, event: messages.ArchiveRead) -> None:
        self._show_again(event.archive)

    def _show_again(self, archive: Archive) -> None:
        """Show what is known by now of the archive that is open."""
        if self._archive.archive and archive.path == self._archive.archive.path:
            self._show_archive(archive)

    @on(ArchivesView.Opened)
    def _archive_opened(self, event: ArchivesView.Opened) -> None:
        row: ListedArchive = event.row
        if row.artifact:
            self._artifact_opened(row.artifact)
        elif row.archive is None:
            self.say(row.problem, title="It can't be read", severity="error")
        elif any(row.archive.builds):
            self.threads.builds(row.archive.path)
        else:
            self._show_archive(row.archive)
            self.shell.bring(Place.ARCHIVE)

    def _artifact_opened(self, artifact: Artifact) -> None:
        if artifact.expired:
            self.say("GitHub has deleted it: its retention is over.", title=artifact.name, severity="warning")
            return
        ask = Picker(f"Artifact {artifact.name}", (_DOWNLOAD,))
        self.app.push_screen(ask, lambda answer: self.threads.download(artifact) if answer else None)

    def action_delete(self) -> None:
        if self.place is not Place.ARCHIVES:
            return
        marked = self._archives.marked
        artifacts = [row.artifact for row in marked if row.artifact and not row.artifact.expired]
        if not artifacts:
            self.say("Only artifacts can be deleted here, not files of this machine.", severity="warning")
            return
        doomed = [Doomed(one.size, one.id, one.branch.short if one.branch else "", one.name) for one in artifacts]
        left = len(marked) - len(artifacts)
        stays = f"{left:,} of the marked stay: files of this machine, and artifacts that expired." if left else ""
        ask = ConfirmDelete("Delete artifacts", doomed, stays)
        self.app.push_screen(ask, lambda yes: self.threads.delete(artifacts) if yes else None)

    def action_load(self) -> None:
        """Load the archive under the cursor into the engine."""
        row = self._archives.table.cursor_row
        if row and row.archive:
            self.say(f"Loading {row.name}…")
            self.threads.load(row.archive.path)
        else:
            told = "Only a file of this machine can be loaded: enter downloads an artifact."
            self.say(told, severity="warning")

    def action_export_image(self) -> None:
        """Pick an image of the engine to write to a file."""
        self.threads.images()

    @on(messages.ImagesListed)
    def _images_listed(self, event: messages.ImagesListed) -> None:
        offered = _images(event.images)
        if not offered:
            self.say("The engine has no image with a name.", severity="warning")
            return
        ask = Picker("Write which image to a file?", offered)
        self.app.push_screen(ask, lambda name: self.threads.save_image(name) if name else None)

    @on(messages.ArchiveLoaded)
    def _archive_loaded(self, event: messages.ArchiveLoaded) -> None:
        self._archives.say_moving("", 0, 0)
        self.app.push_screen(TextScreen("Loaded", loaded_text(event.path, event.loaded)))

    @on(messages.Moving)
    def _moving_on(self, event: messages.Moving) -> None:
        self._archives.say_moving(event.name, event.done, event.total)

    def _show_archive(self, archive: Archive) -> None:
        """Show an archive, and have looked up where else its layers are."""
        self._archive.show(archive)
        others = tuple(row.archive for row in self._archives.rows if row.archive)
        caches, reading = self.shell.known.caches, self.shell.known.reading
        entries = caches.entries if caches else ()
        self.threads.share(archive, others, entries, reading.records if reading else ())

    @on(messages.SharesFound)
    def _shares_found(self, event: messages.SharesFound) -> None:
        self._archive.share(event.path, event.shares)

    @on(messages.RecordRead)
    def _record_read(self, event: messages.RecordRead) -> None:
        if len(event.builds) == 1:
            self._open_record(event.builds[0], event.path)
            return
        offered = [
            Choice(str(number), record.build.ref, f"{record.build.status.value} · {record.build.target}".rstrip(" ·"))
            for number, record in enumerate(event.builds)
        ]

        def answered(answer: str | None) -> None:
            if answer:
                self._open_record(event.builds[int(answer)], event.path)

        self.app.push_screen(Picker("Builds of this record", offered), answered)

    def _open_record(self, record: BuildRecord, path: str) -> None:
        self.post_message(BuildOpened(OpenBuild(record.build, record.log, Place.ARCHIVES, record, path)))
        for fault in record.faults[:MAX_FAULTS]:
            self.say(str(fault), title="The record is damaged", severity="warning")

    @on(ArchiveView.FolderWanted)
    def _folder_wanted(self, event: ArchiveView.FolderWanted) -> None:
        self.threads.children(event.look, event.folder)

    @on(ArchiveView.SearchWanted)
    def _search_wanted(self, event: ArchiveView.SearchWanted) -> None:
        self.threads.search(event.look, event.text)

    @on(ArchiveView.FileOpened)
    def _file_opened(self, event: ArchiveView.FileOpened) -> None:
        self.threads.content(event.look, event.row.tree.entry)

    @on(messages.FolderRead)
    def _folder_read(self, event: messages.FolderRead) -> None:
        self._archive.put(event.look, event.folder, event.entries)

    @on(messages.PathsFound)
    def _paths_found(self, event: messages.PathsFound) -> None:
        self._archive.put_found(event.look, event.text, event.entries)

    @on(messages.FilesIndexed)
    def _files_indexed(self, event: messages.FilesIndexed) -> None:
        self._archive.say_progress(event.look, event.done, event.total)

    @on(messages.FilesFailed)
    def _files_failed(self, event: messages.FilesFailed) -> None:
        self._archive.fail(event.look, event.error)

    @on(messages.FileRead)
    def _file_read(self, event: messages.FileRead) -> None:
        self.app.push_screen(FileScreen(event.entry, event.content))

    @on(messages.ArchivesCompared)
    def _archives_compared(self, event: messages.ArchivesCompared) -> None:
        if event.kind:
            for screen in self.app.screen_stack:
                if isinstance(screen, CompareScreen):
                    screen.show(event.names, event.diff, event.kind)
        elif any(image.paths for image in event.diff.images):
            ask = CompareScreen(event.names, event.diff, lambda kind: self.threads.compare(*event.names, kind))
            self.app.push_screen(ask)
        else:
            self.app.push_screen(TextScreen("What differs", diff_text(event.names, event.diff)))

    @on(messages.Done)
    def _done(self, event: messages.Done) -> None:
        self.say(event.text)
        if event.again:
            self.threads.list()

    @on(messages.Stopped)
    def _stopped(self, event: messages.Stopped) -> None:
        self._archives.say_moving("", 0, 0)
        self.say(event.left, title="Ended", severity="warning")

    def copies(self) -> Iterable[tuple[str, str]]:
        match self.listing and self.listing.table.cursor_row:
            case ListedArchive() as row:
                return (("path", row.path), ("name", row.name), ("JSON", json_text(json_row(ARCHIVE_FIELDS, row))))
            case LayerRow() as row:
                return (("digest", row.digest), ("step", row.name))
            case FileRow(tree=tree):
                return (("path", tree.entry.path), ("digest", tree.entry.digest))
        return ()

    def export(self) -> Sequence[Row]:
        if self.place is Place.ARCHIVES:
            return [json_row(ARCHIVE_FIELDS, row) for row in self._archives.table.shown_rows]
        rows = self._archive.table.shown_rows
        return [
            json_row(FILE_FIELDS, row.tree) if isinstance(row, FileRow) else json_row(LAYER_ROW_FIELDS, row)
            for row in rows
        ]


def _images(found: Iterable[EngineImage]) -> list[Choice]:
    """Return the images that have a name, with their size."""
    return [
        Choice(name, name, f"{wording.size(image.size)} · {image.platform}") for image in found for name in image.names
    ]
