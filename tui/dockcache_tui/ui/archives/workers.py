"""Archives here and artifacts of the repository: listed, looked into, compared, moved, off the event loop."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from textual.message import Message

from dockcache_tui.core import wording
from dockcache_tui.core.archives.archive import Archive, Look
from dockcache_tui.core.archives.artifact import Artifact
from dockcache_tui.core.archives.file_entry import FileEntry
from dockcache_tui.core.archives.listing import ListedArchive
from dockcache_tui.core.caches.deleting import ArtifactDeletion
from dockcache_tui.core.caches.entry import CacheEntry
from dockcache_tui.core.errors import DockcacheError
from dockcache_tui.core.records.attribution import ScopedRecord
from dockcache_tui.core.sharing import shares
from dockcache_tui.sources.github.protocol import ActionsSource
from dockcache_tui.sources.protocols import Workspace
from dockcache_tui.ui import messages
from dockcache_tui.ui.shared import accounts
from dockcache_tui.ui.shared.threads import Once, Post

MAX_READ = 256 * 1024
"""Bytes of a file that are shown."""
MAX_COMPARED = 100_000
"""Paths that are listed of a comparison, of one kind of change or of all."""


class ArchivesWorkers:
    """Every method returns at once and is called on the event loop; what comes of it is told in messages."""

    def __init__(self, workspace: Workspace, actions: Callable[[], ActionsSource], post: Post) -> None:
        """Take where to ask and whom to tell."""
        self._workspace, self._actions, self._post = workspace, actions, post
        self._fetched: set[Path] = set()
        self.opened = False

    def list(self) -> None:
        """Look for archives in the project's folder and for the repository's artifacts; every one read is told."""
        self.opened = True
        self._do(self._list)

    def children(self, look: Look, folder: str) -> None:
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

        self._look(look, work)

    def search(self, look: Look, text: str) -> None:
        """Look for paths."""

        def work() -> Message:
            found = self._workspace.archives().search(Path(look.path), look.image, text, layer=look.layer)
            return messages.PathsFound(look, text, found)

        self._look(look, work)

    def content(self, look: Look, entry: FileEntry) -> None:
        """Read the beginning of a file."""

        def work() -> Message:
            found = self._workspace.archives().content(
                Path(look.path), look.image, entry.path, layer=look.layer, limit=MAX_READ
            )
            return messages.FileRead(entry, found)

        self._do(work)

    def save(self, look: Look, entry: FileEntry) -> None:
        """Save a file into the current folder."""

        def work() -> Message:
            saved = self._workspace.archives().save(
                Path(look.path), look.image, entry.path, Path.cwd(), layer=look.layer
            )
            return messages.Done(f"Saved {saved}")

        self._do(work)

    def share(
        self,
        archive: Archive,
        others: Iterable[Archive],
        caches: Iterable[CacheEntry],
        records: Iterable[ScopedRecord],
    ) -> None:
        """Work out where else an archive's layers are."""
        self._do(lambda: messages.SharesFound(archive.path, shares(archive, others, caches, records)))

    def builds(self, path: str) -> None:
        """Read the builds of a build record."""

        def work() -> Message:
            found = self._workspace.archives().builds(Path(path))
            return messages.RecordRead(
                path, tuple(replace(one, build=self._workspace.placed(one.build)) for one in found)
            )

        self._do(work)

    def compare(self, first: str, second: str, kind: str = "") -> None:
        """Compare two archives, or tell only the paths that differ in a kind of change."""

        def work() -> Message:
            only = (kind,) if kind else ()
            diff = self._workspace.archives().diff(Path(first), Path(second), only=only, most=MAX_COMPARED)
            return messages.ArchivesCompared((first, second), diff, kind)

        self._do(work)

    def load(self, path: str) -> None:
        """Load an archive into the engine."""
        self._move(lambda: messages.ArchiveLoaded(path, self._workspace.images().load(Path(path), self._moving(path))))

    def images(self) -> None:
        """List the engine's images."""
        self._do(lambda: messages.ImagesListed(self._workspace.images().all()))

    def save_image(self, name: str) -> None:
        """Write an image of the engine to a file in the current folder, then look for archives again."""
        file = Path.cwd() / f"{re.sub(r'[^A-Za-z0-9_.-]+', '-', name)}.tar"

        def work() -> Message:
            saved = self._workspace.images().save(name, file, self._moving(name))
            self._fetched.add(saved)
            return messages.Done(f"Wrote {saved}", again=True)

        self._move(work)

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

        self._move(work)

    def delete(self, artifacts: Sequence[Artifact]) -> None:
        """Delete artifacts, each after it was read again, and look for archives again."""

        def work() -> Message:
            done: list[ArtifactDeletion] = []
            try:
                done.extend(self._actions().delete_artifacts(artifacts))
            except DockcacheError as error:
                self._post(messages.ActionFailed(error))
            self.list()
            return messages.Deleted("artifacts", accounts.of_artifacts(artifacts, done))

        self._do(work)

    def _list(self) -> Message:
        rows: list[ListedArchive] = []
        for row in self._files():
            rows.append(row)
            self._post(messages.ArchivesListed(tuple(rows)))
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

    def _look(self, look: Look, work: Callable[[], Message]) -> None:
        Once("archive", work, self._post, lambda error: messages.FilesFailed(look, error))

    def _move(self, work: Callable[[], Message]) -> None:
        Once("archives", work, self._post, self._stopped)

    def _stopped(self, error: DockcacheError) -> Message:
        """Say that nothing is on its way any more, and why."""
        self._told("", 0, 0)
        return messages.ActionFailed(error)

    def _do(self, work: Callable[[], Message]) -> None:
        Once("archives", work, self._post, messages.ActionFailed)
