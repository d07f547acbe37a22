"""Finds archives in a folder by their first bytes."""

import re
from contextlib import suppress
from io import BytesIO
from itertools import islice
from pathlib import Path

from dockcache_tui.core.images.errors import ArchiveError
from dockcache_tui.sources.archives.opening import SAVED, layout_roots
from dockcache_tui.sources.archives.recognise import HEAD, container_of
from dockcache_tui.sources.archives.spans import Packed, Source, Span, beginning
from dockcache_tui.sources.archives.tar_headers import TarHeaders
from dockcache_tui.sources.archives.unpacking import PACKINGS
from dockcache_tui.sources.archives.zip_members import ZipMembers

_LOOKED_AT = 8
"""So many members at a tar's beginning tell what it is."""
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
