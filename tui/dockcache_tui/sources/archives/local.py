"""Archives on this machine, for the front ends."""

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from dockcache_tui.core.images.archive import Archive
from dockcache_tui.core.images.build_record import BuildRecord
from dockcache_tui.core.images.contents import ImageContents
from dockcache_tui.core.images.diff import ArchiveDiff
from dockcache_tui.core.images.file_entry import TreeEntry
from dockcache_tui.core.images.look import MOST_FOUND
from dockcache_tui.sources.archives.blobs import open_blobs
from dockcache_tui.sources.archives.build_record import read_build_records
from dockcache_tui.sources.archives.finding import find_archives
from dockcache_tui.sources.archives.image_diffing import diff_archives
from dockcache_tui.sources.archives.image_files import ImageFiles
from dockcache_tui.sources.archives.known_layers import with_known_layers
from dockcache_tui.sources.archives.reading import read_archive


class LocalArchives:
    """Reads archives where they lie; what was read of their files is kept until close()."""

    def __init__(self) -> None:
        """Open nothing yet."""
        self._files = ImageFiles(read_archive)

    def find(self, folder: Path) -> tuple[Path, ...]:
        """Return what looks like an archive in a folder, by content, newest first; does not read further."""
        return find_archives(folder)

    def read(self, path: Path) -> Archive:
        """Read what an archive holds, without its files; what is wrong with it is told in its faults.

        A file is read again only when it is another: a packed one has to be unpacked to its end.
        """
        return with_known_layers(read_archive(path) if path.is_dir() else self._files.archive(path))

    def children(
        self,
        path: Path,
        image: str,
        folder: str = "",
        *,
        layer: str = "",
        done: Callable[[int, int], None] | None = None,
    ) -> tuple[TreeEntry, ...]:
        """Return what is in a folder of an image, or what one layer did in it; the first call reads all layers."""
        return self._files.children(path, image, folder, layer=layer, done=done)

    def contents(self, path: Path, image: str, *, done: Callable[[int, int], None] | None = None) -> ImageContents:
        """Return what is known of an image once its layers were read: unpacked sizes, waste, faults."""
        return self._files.contents(path, image, done=done)

    def search(
        self, path: Path, image: str, text: str, *, layer: str = "", limit: int = MOST_FOUND
    ) -> tuple[TreeEntry, ...]:
        """Return the paths of an image that hold a text."""
        return self._files.search(path, image, text, layer=layer, limit=limit)

    def walk(self, path: Path, image: str, *, layer: str = "") -> Iterator[TreeEntry]:
        """Yield every path of an image, or of one layer, a folder before what it holds."""
        return self._files.walk(path, image, layer=layer)

    def content(self, path: Path, image: str, file: str, *, layer: str = "", limit: int) -> bytes:
        """Return the first bytes of a file of an image, or as a layer put it."""
        return self._files.content(path, image, file, layer=layer, limit=limit)

    def parts(self, path: Path, image: str, file: str, *, layer: str = "") -> AbstractContextManager[Iterator[bytes]]:
        """Give the bytes of a file of an image, or as a layer put it, piece by piece."""
        return self._files.parts(path, image, file, layer)

    def save(self, path: Path, image: str, file: str, to: Path, *, layer: str = "", replace: bool = False) -> Path:
        """Save one file into a folder, never outside it, over a file only when told; returns where it is."""
        return self._files.save(path, image, file, to, layer=layer, replace=replace)

    def diff(
        self,
        first: Path,
        second: Path,
        *,
        done: Callable[[int, int], None] | None = None,
        only: Collection[str] = (),
    ) -> ArchiveDiff:
        """Compare two archives: layers by digest, then files, of which `only` narrows to those that differ in these."""
        return diff_archives(self._files, first, second, done, only)

    def close(self) -> None:
        """Let go of what was opened."""
        self._files.close()

    def builds(self, path: Path) -> tuple[BuildRecord, ...]:
        """Return the builds of a .dockerbuild, newest first, with their steps and what those said."""
        with open_blobs(path) as blobs:
            return read_build_records(blobs)
