"""Archives on this machine, for the front ends."""

import re
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from io import BytesIO
from itertools import islice
from pathlib import Path

from dockcache_tui.core.archives.archive import (
    MAX_FOUND,
    Archive,
    ArchiveError,
    BuildRecord,
    Fault,
    ImageContents,
    Layer,
)
from dockcache_tui.core.archives.diff import MAX_FILES, ArchiveDiff
from dockcache_tui.core.archives.file_entry import TreeEntry
from dockcache_tui.sources.archives.blobs import open_blobs
from dockcache_tui.sources.archives.build_record import read_build_records
from dockcache_tui.sources.archives.image_diff import diff_archives
from dockcache_tui.sources.archives.image_files import ImageFiles
from dockcache_tui.sources.archives.index_folder import IndexFolder
from dockcache_tui.sources.archives.layer_index import faults_of, kept_index
from dockcache_tui.sources.archives.opening import HEAD, SAVED, container_of, layout_roots
from dockcache_tui.sources.archives.reading import read_archive
from dockcache_tui.sources.archives.spans import Packed, Source, Span, beginning
from dockcache_tui.sources.archives.tar_headers import TarHeaders
from dockcache_tui.sources.archives.unpacking import PACKINGS
from dockcache_tui.sources.archives.zip_members import ZipMembers

_LOOKED_AT = 8
"""Members at a tar's beginning that are looked at to tell what it is."""
_UNPACKED = 1 << 20
_FOLDERS = {"version": b"Directory Transport Version", "manifest.json": b'[{"Config"'}
"""Files of skopeo's `dir:` and of an unpacked `docker save`, and how they begin."""
_TELLING = re.compile(
    rf"(\./)?([^/]+/)?(blobs(/.*)?|index\.json|oci-layout|manifest\.json|repositories|[0-9a-f]{{64}}/|{SAVED.pattern})"
)


def find_archives(folder: Path) -> tuple[Path, ...]:
    """Return the archives in a folder, newest first, and the folder itself if it is one; raises ArchiveError."""
    try:
        entries = [*folder.iterdir()]
    except OSError as error:
        raise ArchiveError(f"{folder} can't be listed: {error.strerror}", title="No archives were found") from error
    found = []
    for path in (folder, *entries):
        with suppress(OSError, ArchiveError):
            if _is_archive(path):
                found.append((path.stat().st_mtime_ns, path))
    return tuple(path for _, path in sorted(found, key=lambda pair: (-pair[0], pair[1])))


def _is_archive(path: Path) -> bool:
    if path.is_dir():
        if (path / "index.json").is_file():
            return (path / "oci-layout").is_file() or (path / "blobs").is_dir()
        return any((path / name).is_file() and _begins(path / name, begin) for name, begin in _FOLDERS.items())
    if not path.is_file():
        return False
    with path.open("rb") as file:
        span = Span(file, 0, file.seek(0, 2))
        kind = _kind(span)
        if kind != "zip":
            return bool(kind) and _is_image(span, kind)
        zipped = ZipMembers(span)
        names = zipped.sizes()
        if layout_roots(names):
            return True
        return any(_is_image(source, _kind(source)) for source in map(zipped.source, list(names)[:_LOOKED_AT]))


def _begins(path: Path, begin: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(begin)) == begin


def _kind(source: Source) -> str:
    return container_of(beginning(source, HEAD))


def _is_image(source: Source, kind: str) -> bool:
    """Tell whether a tar begins as images do."""
    if kind in PACKINGS:
        source = Packed(source, kind)
        kind = _kind(source)
    if kind != "tar":
        return False
    # Only the beginning of a packed one is unpacked.
    with source.open() if isinstance(source, Span) else BytesIO(beginning(source, _UNPACKED)) as stream:
        return any(_TELLING.fullmatch(member.name) for member in islice(TarHeaders(stream), _LOOKED_AT))


def with_known_layers(archive: Archive, folder: IndexFolder | None = None) -> Archive:
    """Return the archive with sizes and faults of the layers that have an index; the others stay as they are."""
    place = folder or IndexFolder()
    sizes: dict[str, int] = {}
    faults: list[Fault] = list(archive.faults)
    for layer in {layer.digest: layer for image in archive.images for layer in image.layers}.values():
        if not (layer.empty or layer.missing) and (index := kept_index(place, layer.digest)):
            sizes[layer.digest] = index.contents.unpacked_size
            faults += faults_of(layer, index)
            index.close()
    images = (replace(image, layers=tuple(_sized(layer, sizes) for layer in image.layers)) for image in archive.images)
    return replace(archive, images=tuple(images), faults=tuple(dict.fromkeys(faults))) if sizes else archive


def _sized(layer: Layer, sizes: dict[str, int]) -> Layer:
    return replace(layer, unpacked_size=sizes[layer.digest]) if layer.digest in sizes else layer


class LocalArchives:
    """Reads archives where they lie; what was read of their files is kept until close()."""

    def __init__(self) -> None:
        self._files = ImageFiles(read_archive)

    def find(self, folder: Path) -> tuple[Path, ...]:
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
        return self._files.contents(path, image, done=done)

    def search(
        self, path: Path, image: str, text: str, *, layer: str = "", limit: int = MAX_FOUND
    ) -> tuple[TreeEntry, ...]:
        return self._files.search(path, image, text, layer=layer, limit=limit)

    def place(self, path: Path, image: str, file: str, *, layer: str = "") -> str:
        """Return where a process finds a path of an image, through symlinks, once a layer or all are on."""
        return self._files.place(path, image, file, layer=layer)

    def walk(self, path: Path, image: str, *, layer: str = "") -> Iterator[TreeEntry]:
        """Yield every path of an image, or of one layer, a folder before what it holds."""
        return self._files.walk(path, image, layer=layer)

    def content(self, path: Path, image: str, file: str, *, layer: str = "", limit: int) -> bytes:
        return self._files.content(path, image, file, layer=layer, limit=limit)

    def parts(self, path: Path, image: str, file: str, *, layer: str = "") -> AbstractContextManager[Iterator[bytes]]:
        """Give the bytes of a file of an image, or as a layer put it, piece by piece."""
        return self._files.parts(path, image, file, layer)

    def save(self, path: Path, image: str, file: str, to: Path, *, layer: str = "", replace: bool = False) -> Path:
        return self._files.save(path, image, file, to, layer=layer, replace=replace)

    def diff(
        self,
        first: Path,
        second: Path,
        *,
        done: Callable[[int, int], None] | None = None,
        only: Collection[str] = (),
        most: int = MAX_FILES,
    ) -> ArchiveDiff:
        return diff_archives(self._files, first, second, done, only, most)

    def close(self) -> None:
        """Let go of what was opened."""
        self._files.close()

    def builds(self, path: Path) -> tuple[BuildRecord, ...]:
        with open_blobs(path) as blobs:
            return read_build_records(blobs)
