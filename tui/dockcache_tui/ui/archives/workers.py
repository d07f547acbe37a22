"""Archives here and artifacts of the repository: listed, looked into, compared, moved, off the event loop."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from textual.message import Message

from dockcache_tui.core import wording
from dockcache_tui.core.archives.archive import Archive, ShownFiles
from dockcache_tui.core.archives.artifact import Artifact
from dockcache_tui.core.archives.file_entry import FileEntry
from dockcache_tui.core.archives.listing import ListedArchive
from dockcache_tui.core.caches.reading import CacheEntry
from dockcache_tui.core.deletion import DeletePlan, Deletion, compare
from dockcache_tui.core.errors import DockcacheError
from dockcache_tui.core.records.attribution import ScopedRecord
from dockcache_tui.core.sharing import shares
from dockcache_tui.sources.ending import Ended, Ending
from dockcache_tui.sources.github.protocol import ActionsSource
from dockcache_tui.sources.protocols import Workspace
from dockcache_tui.ui.actions import Place
from dockcache_tui.ui.archives import messages
from dockcache_tui.ui.shared import accounts
from dockcache_tui.ui.shared.messages import ActionFailed, Deleted
from dockcache_tui.ui.shared.waits import GRACE, Move, Post, Waits, forget, unread

MAX_READ = 256 * 1024
"""Bytes of a file that are shown."""
MAX_COMPARED = 100_000
"""Paths that are listed of a comparison, of one kind of change or of all."""


class ArchivesWorkers:
    """Every method returns at once and is called on the event loop; what comes of it is told in messages."""

    def __init__(self, workspace: Workspace, actions: Callable[[], ActionsSource], post: Post, waits: Waits) -> None:
        """Take where to ask, whom to tell, and what keeps account of waits."""
        self._workspace, self._actions, self._post, self._waits = workspace, actions, post, waits
        self._listed: tuple[ListedArchive, ...] = ()
        self._listing = 0
        self._fetched: set[Path] = set()
        self.opened = False

    def list(self) -> None:
        """Look for archives in the project's folder and for the repository's artifacts; every one read is told."""
        self.opened = True
        self._listing += 1
        number = self._listing
        self._do("reading archives", lambda: self._list(number), self._leave_list)

    def children(self, look: ShownFiles, folder: str) -> None:
        """Read what is in a folder; the first time all headers are read, and more of the archive is known then."""

        def work() -> Message:
            def done(count: int, total: int) -> None:
                self._post(messages.FilesIndexed(look, count, total))

            found = self._workspace.archives().children(
                Path(look.path), look.image, folder, layer=look.layer, done=done
            )
            if not folder:
                self._post(messages.ArchiveRead(self._read(Path(look.path))))
            return messages.FolderRead(look, folder, found)

        self._look("reading files", look, work)

    def search(self, look: ShownFiles, text: str) -> None:
        """Look for paths."""

        def work() -> Message:
            found = self._workspace.archives().search(Path(look.path), look.image, text, layer=look.layer)
            return messages.PathsFound(look, text, found)

        self._look("looking for paths", look, work)

    def content(self, look: ShownFiles, entry: FileEntry) -> None:
        """Read the beginning of a file."""

        def work() -> Message:
            found = self._workspace.archives().content(
                Path(look.path), look.image, entry.path, layer=look.layer, limit=MAX_READ
            )
            return messages.FileRead(entry, found)

        self._do("reading the file", work, forget)

    def save(self, look: ShownFiles, entry: FileEntry) -> None:
        """Save a file into the current folder."""

        def work() -> Message:
            saved = self._workspace.archives().save(
                Path(look.path), look.image, entry.path, Path.cwd(), layer=look.layer
            )
            return messages.Done(f"Saved {saved}")

        self._move("saving the file", work, f"Nothing of {entry.path} was saved.")

    def share(
        self,
        archive: Archive,
        others: Iterable[Archive],
        caches: Iterable[CacheEntry],
        records: Iterable[ScopedRecord],
    ) -> None:
        """Work out where else an archive's layers are."""
        self._do(
            "comparing layers",
            lambda: messages.SharesFound(archive.path, shares(archive, others, caches, records)),
            forget,
        )

    def builds(self, path: str) -> None:
        """Read the builds of a build record."""

        def work() -> Message:
            found = self._workspace.archives().builds(Path(path))
            return messages.RecordRead(
                path, tuple(replace(one, build=self._workspace.placed(one.build)) for one in found)
            )

        self._do("reading builds", work, forget)

    def compare(self, first: str, second: str, kind: str = "") -> None:
        """Compare two archives, or tell only the paths that differ in a kind of change."""

        def work() -> Message:
            only = (kind,) if kind else ()
            diff = self._workspace.archives().diff(Path(first), Path(second), only=only, most=MAX_COMPARED)
            return messages.ArchivesCompared((first, second), diff, kind)

        self._do("comparing archives", work, forget)

    def load(self, path: str) -> None:
        """Load an archive into the engine."""

        def work() -> Message:
            return messages.ArchiveLoaded(path, self._workspace.images().load(Path(path), self._moving(path)))

        self._move("loading", work, f"The engine may have some images of {path}, not all.")

    def images(self) -> None:
        """List the engine's images."""
        self._do("listing images", lambda: messages.ImagesListed(self._workspace.images().all()), forget)

    def save_image(self, name: str) -> None:
        """Write an image of the engine to a file in the current folder, then look for archives again."""
        file = Path.cwd() / f"{re.sub(r'[^A-Za-z0-9_.-]+', '-', name)}.tar"

        def work() -> Message:
            saved = self._workspace.images().save(name, file, self._moving(name))
            self._fetched.add(saved)
            return messages.Done(f"Wrote {saved}", again=True)

        self._move("saving the image", work, f"Nothing of {name} was written.")

    def _moving(self, name: str) -> Callable[[int, int], None]:
        return lambda done, total: self._told(name, done, total)

    def _told(self, name: str, done: int, total: int) -> None:
        self._post(messages.Moving(name, done, total))

    def download(self, artifact: Artifact) -> None:
        """Download an artifact into the current folder, then look for archives again."""

        def work() -> Message:
            path = self._actions().download_artifact(artifact, Path.cwd(), self._moving(artifact.name))
            self._fetched.add(path)
            return messages.Done(f"Downloaded {path.name}, {wording.size(path.stat().st_size)}", again=True)

        kept = "is kept, and gone on with next time" if artifact.digest else "was thrown away"
        self._move("downloading", work, f"What arrived of {artifact.name} {kept}.")

    def delete(self, artifacts: Sequence[Artifact]) -> None:
        """Delete artifacts, each after it was read again, and look for archives again."""

        def work() -> Message:
            source = self._actions()
            plan = DeletePlan(source.repo, tuple(artifacts))
            done: list[Deletion[Artifact]] = []
            try:
                done.extend(source.delete_artifacts(plan))
            except DockcacheError as error:
                self._post(ActionFailed(error))
            except Ended:  # the account tells
                pass
            self.list()
            account = accounts.of_deletes(compare(plan, done), "artifact", "artifacts", lambda one: one.name)
            return Deleted("artifacts", account)

        move = Move(
            "deleting artifacts",
            ending=Ending(GRACE),
            tab=Place.ARCHIVES,
            ended=messages.Stopped("Nothing was deleted."),
        )
        self._waits.move(move, work, self._post, ActionFailed)

    def _leave_list(self) -> None:
        """Show what was listed so far."""
        self._listing += 1
        self._post(
            messages.ArchivesListed(self._listed, f"Not everything was read: {unread()}. {unread().hint}", whole=True)
        )

    def _list(self, number: int) -> Message | None:
        rows: list[ListedArchive] = []
        for row in self._files():
            if number != self._listing:
                return None
            rows.append(row)
            self._listed = tuple(rows)
            self._post(messages.ArchivesListed(self._listed))
        note = ""
        try:
            rows += [ListedArchive(one.name, artifact=one) for one in self._actions().artifacts()]
        except DockcacheError as error:
            note = f"No artifacts: {error}"
        return messages.ArchivesListed(tuple(rows), note, whole=True)

    def _files(self) -> Iterator[ListedArchive]:
        for path in dict.fromkeys((*self._workspace.archive_files(), *sorted(self._fetched))):
            try:
                yield ListedArchive(path.name, str(path), self._read(path))
            except DockcacheError as error:
                yield ListedArchive(path.name, str(path), problem=str(error))

    def _read(self, path: Path) -> Archive:
        return replace(self._workspace.located(self._workspace.archives().read(path)), path=str(path))

    def _look(self, name: str, look: ShownFiles, work: Callable[[], Message]) -> None:
        def failed(error: DockcacheError) -> Message:
            return messages.FilesFailed(look, error)

        self._waits.do(name, work, self._post, failed, lambda: self._tell(failed(unread())))

    def _tell(self, message: Message) -> None:
        self._post(message)

    def _move(self, name: str, work: Callable[[], Message], left: str) -> None:
        """Move something; `left` says what is left of it when that is ended."""
        move = Move(name, tab=Place.ARCHIVES, ended=messages.Stopped(left))
        self._waits.move(move, work, self._post, self._failed)

    def _failed(self, error: DockcacheError) -> Message:
        """Say that nothing is on its way any more, and why."""
        self._told("", 0, 0)
        return ActionFailed(error)

    def _do(self, name: str, work: Callable[[], Message | None], given_up: Callable[[], None] | None = None) -> None:
        self._waits.do(name, work, self._post, ActionFailed, given_up)
