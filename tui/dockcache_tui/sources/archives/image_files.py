"""The files of images in archives: indexed when first asked for, then read from the index."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import TypeVar

from dockcache_tui.core.archives.archive import (
    MAX_FOUND,
    MAX_LISTED,
    Archive,
    ArchiveError,
    BrokenArchiveError,
    Fault,
    Image,
    ImageContents,
    Layer,
)
from dockcache_tui.core.archives.file_entry import FileEntry, FileKind, TreeEntry
from dockcache_tui.sources.archives.blobs import OpenArchive, open_blobs
from dockcache_tui.sources.archives.file_content import file_parts, save_file
from dockcache_tui.sources.archives.image_tree import ImageTree, build_tree
from dockcache_tui.sources.archives.index_folder import IndexFolder
from dockcache_tui.sources.archives.layer_index import LayerIndex, drop_index, faults_of, layer_index

T = TypeVar("T")
Done = Callable[[int, int], None]
_Stamp = tuple[tuple[int, int, int], ...]


class ImageFiles:
    """Trees stay open until close(); any thread may ask."""

    def __init__(self, read: Callable[[Path], Archive], folder: IndexFolder | None = None) -> None:
        """Take how archives are read, and where indexes are kept."""
        self._read = read
        self._folder = folder or IndexFolder()
        self._lock = Lock()
        self._making: dict[str, Lock] = {}
        self._trees: dict[str, ImageTree] = {}
        self._archives: dict[Path, tuple[_Stamp, Archive]] = {}

    def children(
        self, path: Path, image: str, folder: str = "", *, layer: str = "", done: Done | None = None
    ) -> tuple[TreeEntry, ...]:
        """Return what is in a folder, at most MAX_LISTED."""
        return self._asked(path, image, lambda tree: tree.children(folder, layer, MAX_LISTED), done)

    def search(
        self, path: Path, image: str, text: str, *, layer: str = "", limit: int = MAX_FOUND
    ) -> tuple[TreeEntry, ...]:
        """Return the first paths that hold a text."""
        return self._asked(path, image, lambda tree: tree.search(text, layer, limit))

    def contents(self, path: Path, image: str, *, done: Done | None = None) -> ImageContents:
        """Return what is known of the image's layers once they were read."""
        return self._asked(path, image, lambda tree: tree.contents, done)

    def find(self, path: Path, image: str, file: str, *, layer: str = "") -> TreeEntry:
        """Return one path."""
        return self._asked(path, image, lambda tree: tree.find(file, layer))

    def place(self, path: Path, image: str, file: str, *, layer: str = "") -> str:
        """Return where a process finds a path, through symlinks, once a layer or all are on."""
        return self._asked(path, image, lambda tree: tree.place(file, layer))

    def walk(self, path: Path, image: str, *, layer: str = "", done: Done | None = None) -> Iterator[TreeEntry]:
        """Yield every path, a folder before what it holds."""
        try:
            yield from self._asked(path, image, lambda tree: tree.walk(layer), done)
        except sqlite3.DatabaseError as error:
            raise ArchiveError(f"the index of its files broke: {error}", hint="Ask again: it is made anew.") from error

    def content(self, path: Path, image: str, file: str, *, layer: str = "", limit: int) -> bytes:
        """Return the first bytes of a file."""
        with self.parts(path, image, file, layer) as parts:
            found = b""
            for part in parts:
                found += part[: limit - len(found)]
                if len(found) >= limit:
                    break
            return found

    def save(self, path: Path, image: str, file: str, to: Path, *, layer: str = "", replace: bool = False) -> Path:
        with self.parts(path, image, file, layer) as parts:
            return save_file(parts, file.rpartition("/")[2], to, replace=replace)

    def close(self) -> None:
        """Let go of all trees."""
        with self._lock:
            for tree in self._trees.values():
                tree.close()
            self._trees.clear()

    def image(self, path: Path, digest: str) -> tuple[Archive, Image]:
        """Return an archive and its image of a digest; ArchiveError when there is none."""
        archive = self.archive(path)
        for image in archive.images:
            if image.digest == digest:
                return archive, image
        raise ArchiveError(f"{path} holds no image {digest}")

    @contextmanager
    def parts(self, path: Path, image: str, file: str, layer: str = "") -> Iterator[Iterator[bytes]]:
        """Give the bytes of a file as it is in the end, or as a layer left it; links are followed."""
        digest, entry = self._asked(path, image, lambda tree: _file(tree, file, layer))
        layers = {one.digest: one for one in self.image(path, image)[1].layers}
        with open_blobs(path) as blobs, closing(file_parts(blobs, self._folder, layers[digest], entry)) as parts:
            yield parts

    def _asked(self, path: Path, image: str, ask: Callable[[ImageTree], T], done: Done | None = None) -> T:
        """Ask a tree; a broken index is made again, once."""
        archive, found = self.image(path, image)
        key = _key(archive, found)
        try:
            return ask(self._tree(path, found, key, done))
        except sqlite3.ProgrammingError as error:
            raise ArchiveError("its index was closed meanwhile") from error
        except sqlite3.DatabaseError:
            with self._lock:
                if tree := self._trees.pop(key, None):
                    tree.close()
            self._folder.drop(key)
            for layer in layers_of(found):
                drop_index(self._folder, layer.digest)
        try:
            return ask(self._tree(path, found, key, done))
        except sqlite3.DatabaseError as error:
            raise ArchiveError(f"the index of its files can't be kept: {error}", hint="Is a disk full?") from error

    def archive(self, path: Path) -> Archive:
        """Return an archive, read again only when it is another: a packed one takes long."""
        stamp = _stamp(path)
        with self._lock:
            known = self._archives.get(path)
        if known is None or known[0] != stamp:
            known = stamp, self._read(path)
            with self._lock:
                self._archives[path] = known
        return known[1]

    def _tree(self, path: Path, image: Image, key: str, done: Done | None) -> ImageTree:
        with self._lock:
            making = self._making.setdefault(key, Lock())
        with making:
            if key not in self._trees:
                self._trees[key] = ImageTree(self._folder.opened(key) or self._made(path, image, key, done))
            return self._trees[key]

    def _made(self, path: Path, image: Image, key: str, done: Done | None) -> sqlite3.Connection:
        layers = layers_of(image)
        faults: list[Fault] = []
        with ExitStack() as stack:
            read: dict[str, LayerIndex] = {}
            with open_blobs(path) as blobs:
                for layer, index in self._indexes(blobs, layers, faults, _Progress(done, layers)):
                    stack.callback(index.close)
                    faults += faults_of(layer, index)
                    read[layer.digest] = index
            pairs = [(layer, read[layer.digest]) for layer in layers if layer.digest in read]

            def build(connection: sqlite3.Connection) -> str:
                build_tree(connection, pairs, faults)
                return key

            return self._folder.made(build)

    def _indexes(
        self, blobs: OpenArchive, layers: Sequence[Layer], faults: list[Fault], progress: "_Progress"
    ) -> Iterator[tuple[Layer, LayerIndex]]:
        """Yield the layers with their indexes in the order in which they lie in the archive; faults name the others."""
        waiting = {layer.digest: layer for layer in layers}
        try:
            for digest, stream in blobs.each(list(waiting)):
                layer = waiting.pop(digest)
                with stream:
                    again = partial(blobs.open, digest)
                    yield layer, layer_index(self._folder, layer, stream, again, progress.of(layer))
        except BrokenArchiveError as error:
            faults.append(error.fault)
        for layer in waiting.values():
            try:
                with blobs.open(layer.digest) as stream:
                    again = partial(blobs.open, layer.digest)
                    yield layer, layer_index(self._folder, layer, stream, again, progress.of(layer))
            except ArchiveError as error:
                faults.append(Fault(str(error), digest=layer.digest))


class _Progress:
    """Bytes read of all layers together, told some two hundred times."""

    def __init__(self, done: Done | None, layers: Sequence[Layer]) -> None:
        self._done, self._total = done, sum(layer.size for layer in layers)
        self._before = self._told = 0

    def of(self, layer: Layer) -> Callable[[int], None]:
        before = self._before
        self._before += layer.size

        def read(count: int) -> None:
            now = min(before + count, self._total)
            if self._done and (now - self._told >= self._total // 200 or now == self._total):
                self._told = now
                self._done(now, self._total)

        return read


def layers_of(image: Image) -> tuple[Layer, ...]:
    """Return the layers that have files to read."""
    return tuple(layer for layer in image.layers if not layer.empty and not layer.missing)


def _file(tree: ImageTree, file: str, layer: str) -> tuple[str, FileEntry]:
    """Return the layer that put the bytes that a process finds at a path, and the file."""
    place = tree.place(file, layer)
    digest, entry = tree.origin(place, layer)
    if entry.kind is FileKind.FILE:
        return digest, entry
    reason = f"a {entry.kind}{f' to {entry.link}' if entry.link else ''}"
    raise ArchiveError(f"/{place} is {reason}, it holds no bytes", title="There is nothing to read")


def _stamp(path: Path) -> _Stamp:
    """Return what changes when an archive does: of a file, of a layout's folder and index, of a zip it lies in."""
    found = []
    for place in (path, path / "index.json", *path.parents):
        with suppress(OSError):
            told = place.stat()
            found.append((told.st_ino, told.st_size, told.st_mtime_ns))
        if len(found) > 1 or place.is_file():
            break
    return tuple(found)


def _key(archive: Archive, image: Image) -> str:
    """Return the name of an image's tree: another one as soon as the archive is another."""
    parts = (str(archive.size), str(archive.modified_at.ns), image.digest, *(layer.digest for layer in image.layers))
    text = "\n".join(parts).encode("utf-8", "backslashreplace")
    return f"tree-{sha256(text).hexdigest()[:40]}"
