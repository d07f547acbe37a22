"""The part of the app that deals with archives: what it does when threads tell of them, and what their keys do."""

from textual import on

from dockcache_tui.core.archives.archive import Archive
from dockcache_tui.core.archives.artifact import Artifact
from dockcache_tui.core.archives.build_record import BuildRecord
from dockcache_tui.ui import choices, messages
from dockcache_tui.ui.actions import Place
from dockcache_tui.ui.archives.archive_view import ArchiveView
from dockcache_tui.ui.archives.archives_view import ArchivesView
from dockcache_tui.ui.archives.compare_screen import CompareScreen
from dockcache_tui.ui.archives.file_screen import FileScreen
from dockcache_tui.ui.archives.files_table import FileRow
from dockcache_tui.ui.archives.texts import diff_text, loaded_text, source_text
from dockcache_tui.ui.listening import ListeningApp
from dockcache_tui.ui.shared.confirm_delete import ConfirmDelete, Doomed
from dockcache_tui.ui.shared.picker import Choice, Picker
from dockcache_tui.ui.shared.text_screen import TextScreen

MAX_FAULTS = 3
"""Faults of a record that are told."""
COMPARED = 2
"""Archives that can be compared at once."""


class ArchivesApp(ListeningApp):
    """Passes what it hears of archives on to their views, and what is asked of them to the link."""

    def action_archives(self) -> None:
        """Show the archives."""
        if not self.keeper.archives.opened:
            self.keeper.archives.list()
        self._show_place(Place.ARCHIVES)

    def action_compare(self) -> None:
        """Compare two marked archives."""
        paths = [row.archive.path for row in self._archives.marked if row.archive]
        if len(paths) == COMPARED:
            self._say("Comparing…")
            self.keeper.archives.compare(paths[0], paths[1])
        else:
            self._say("Mark two archives of this machine with space, then press c.", severity="warning")

    def action_save_file(self) -> None:
        """Save the file under the cursor into the current folder."""
        row, look = self._archive.table.cursor_row, self._archive.look
        if look and isinstance(row, FileRow) and row.open is None:
            self.keeper.archives.save(look, row.tree.entry)
        else:
            self._say("Put the cursor on a file first: ] shows the files.", severity="warning")

    @on(messages.ArchivesListed)
    def _archives_listed(self, event: messages.ArchivesListed) -> None:
        self._archives.show(event.rows, event.note, whole=event.whole)
        self._show_overview()
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
        row = event.row
        if row.artifact:
            self._artifact_opened(row.artifact)
        elif row.archive is None:
            self._say(row.problem, title="It can't be read", severity="error")
        elif any(row.archive.builds):
            self.keeper.archives.builds(row.archive.path)
        else:
            self._show_archive(row.archive)
            self._show_place(Place.ARCHIVE)

    def _artifact_opened(self, artifact: Artifact) -> None:
        if artifact.expired:
            self._say("GitHub has deleted it: its retention is over.", title=artifact.name, severity="warning")
            return
        ask = Picker(f"Artifact {artifact.name}", (choices.DOWNLOAD,))
        self.push_screen(ask, lambda answer: self.keeper.archives.download(artifact) if answer else None)

    def _delete_artifacts(self) -> None:
        artifacts = [row.artifact for row in self._archives.marked if row.artifact and not row.artifact.expired]
        if not artifacts:
            self._say("Only artifacts can be deleted here; files are yours.", severity="warning")
            return
        doomed = [Doomed(one.size, one.id, one.branch.short if one.branch else "", one.name) for one in artifacts]
        ask = ConfirmDelete("Delete artifacts", doomed)
        self.push_screen(ask, lambda yes: self.keeper.archives.delete(artifacts) if yes else None)

    def action_load(self) -> None:
        """Load the archive under the cursor into the engine."""
        row = self._archives.table.cursor_row
        if row and row.archive:
            self._say(f"Loading {row.name}…")
            self.keeper.archives.load(row.archive.path)
        else:
            self._say("Only a file of this machine can be loaded: enter downloads an artifact.", severity="warning")

    def action_export_image(self) -> None:
        """Pick an image of the engine to write to a file."""
        self.keeper.archives.images()

    @on(messages.ImagesListed)
    def _images_listed(self, event: messages.ImagesListed) -> None:
        offered = choices.images(event.images)
        if not offered:
            self._say("The engine has no image with a name.", severity="warning")
            return
        ask = Picker("Write which image to a file?", offered)
        self.push_screen(ask, lambda name: self.keeper.archives.save_image(name) if name else None)

    @on(messages.ArchiveLoaded)
    def _archive_loaded(self, event: messages.ArchiveLoaded) -> None:
        self._archives.say_moving("", 0, 0)
        self.push_screen(TextScreen("Loaded", loaded_text(event.path, event.loaded)))

    @on(messages.Moving)
    def _moving_on(self, event: messages.Moving) -> None:
        self._archives.say_moving(event.name, event.done, event.total)

    def _show_archive(self, archive: Archive) -> None:
        """Show an archive, and have looked up where else its layers are."""
        self._archive.show(archive)
        others = tuple(row.archive for row in self._archives.rows if row.archive)
        entries = self.caches.entries if self.caches else ()
        self.keeper.archives.share(archive, others, entries, self.reading.records if self.reading else ())

    @on(messages.SharesFound)
    def _shares_found(self, event: messages.SharesFound) -> None:
        self._archive.share(event.path, event.shares)

    @on(messages.RecordRead)
    def _record_read(self, event: messages.RecordRead) -> None:
        if len(event.builds) == 1:
            self._open_record(event.builds[0])
            return
        offered = [
            Choice(str(number), record.build.ref, f"{record.build.status.value} · {record.build.target}".rstrip(" ·"))
            for number, record in enumerate(event.builds)
        ]
        ask = Picker("Builds of this record", offered)
        self.push_screen(ask, lambda answer: self._open_record(event.builds[int(answer)]) if answer else None)

    def _open_record(self, record: BuildRecord) -> None:
        self._opened, self._record, self._build_from = "", record, Place.ARCHIVES
        self._build.show(record.build, record.log)
        self._show_place(Place.BUILD)
        for fault in record.faults[:MAX_FAULTS]:
            self._say(str(fault), title="The record is damaged", severity="warning")

    def action_dockerfile(self) -> None:
        """Show the Dockerfile that a build record keeps."""
        record = self._record
        if record is None or record.build is not self._build.build or not record.files:
            self._say("Only a build record (.dockerbuild) keeps its Dockerfile.", severity="warning")
        else:
            self.push_screen(TextScreen("Dockerfile", source_text(record.files)))

    @on(ArchiveView.FolderWanted)
    def _folder_wanted(self, event: ArchiveView.FolderWanted) -> None:
        self.keeper.archives.children(event.look, event.folder)

    @on(ArchiveView.SearchWanted)
    def _search_wanted(self, event: ArchiveView.SearchWanted) -> None:
        self.keeper.archives.search(event.look, event.text)

    @on(ArchiveView.FileOpened)
    def _file_opened(self, event: ArchiveView.FileOpened) -> None:
        self.keeper.archives.content(event.look, event.row.tree.entry)

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
        self.push_screen(FileScreen(event.entry, event.content))

    @on(messages.ArchivesCompared)
    def _archives_compared(self, event: messages.ArchivesCompared) -> None:
        if event.kind:
            for screen in self.screen_stack:
                if isinstance(screen, CompareScreen):
                    screen.show(event.names, event.diff, event.kind)
        elif any(image.paths for image in event.diff.images):
            self.push_screen(CompareScreen(event.names, event.diff))
        else:
            self.push_screen(TextScreen("What differs", diff_text(event.names, event.diff)))

    @on(CompareScreen.KindWanted)
    def _kind_wanted(self, event: CompareScreen.KindWanted) -> None:
        self.keeper.archives.compare(*event.names, event.kind)

    @on(messages.Done)
    def _done(self, event: messages.Done) -> None:
        self._say(event.text)
        if event.again:
            self.keeper.archives.list()
