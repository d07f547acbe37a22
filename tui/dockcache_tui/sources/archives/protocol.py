"""What the front ends ask of archives."""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Protocol

from dockcache_tui.core.archives.archive import MAX_FOUND, Archive, ImageContents
from dockcache_tui.core.archives.build_record import BuildRecord
from dockcache_tui.core.archives.diff import MAX_FILES, ArchiveDiff
from dockcache_tui.core.archives.file_entry import TreeEntry


class Archives(Protocol):
    """Archives of this machine. Methods block: call them off the event loop. All raise ArchiveError.

    What names a layer looks at what that layer did, else the image is looked at as a whole.
    """

    def find(self, folder: Path) -> tuple[Path, ...]:
        """Return what looks like an archive in a folder, by content, newest first; does not read further."""

    def read(self, path: Path) -> Archive:
        """Read what an archive holds, without its files; what is wrong with it is told in its faults."""

    def children(
        self,
        path: Path,
        image: str,
        folder: str = "",
        *,
        layer: str = "",
        done: Callable[[int, int], None] | None = None,
    ) -> tuple[TreeEntry, ...]:
        """Return what is in a folder of an image, or of one layer; the first call indexes, telling its progress."""

    def search(
        self, path: Path, image: str, text: str, *, layer: str = "", limit: int = MAX_FOUND
    ) -> tuple[TreeEntry, ...]:
        """Return the paths of an image that hold a text."""

    def contents(self, path: Path, image: str, *, done: Callable[[int, int], None] | None = None) -> ImageContents:
        """Return what is known of an image once its layers were read: unpacked sizes, waste, faults."""

    def content(self, path: Path, image: str, file: str, *, layer: str = "", limit: int) -> bytes:
        """Return the first bytes of a file of an image, or as a layer put it."""

    def save(self, path: Path, image: str, file: str, to: Path, *, layer: str = "", replace: bool = False) -> Path:
        """Save one file into a folder, never outside it, over a file only when told; returns where it is."""

    def builds(self, path: Path) -> tuple[BuildRecord, ...]:
        """Return the builds of a .dockerbuild, newest first, with their steps and what those said."""

    def diff(self, first: Path, second: Path, *, only: Collection[str] = (), most: int = MAX_FILES) -> ArchiveDiff:
        """Compare two archives: layers by digest, then files; `only` narrows those told to what differs in these."""
