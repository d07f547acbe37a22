"""One file of a layer: its bytes from where the index says that it begins, and saved into a folder."""

import os
from collections.abc import Generator, Iterable
from contextlib import suppress
from functools import partial
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

from dockcache_tui.core.archives.archive import ArchiveError, BrokenArchiveError, Fault, Layer
from dockcache_tui.core.archives.file_entry import FileEntry
from dockcache_tui.sources.archives.blobs import OpenArchive
from dockcache_tui.sources.archives.index_folder import IndexFolder
from dockcache_tui.sources.archives.layer_files import STEP, content_of
from dockcache_tui.sources.archives.layer_index import LayerIndex, kept_index, layer_index
from dockcache_tui.sources.archives.tar_headers import TarHeaders
from dockcache_tui.sources.archives.unpacking import unpacked


def file_parts(blobs: OpenArchive, folder: IndexFolder, layer: Layer, entry: FileEntry) -> Generator[bytes, None, None]:
    """Yield a file's content; raises ArchiveError, after the last byte too when they are not what was indexed."""
    header = _header(blobs, folder, layer, entry)
    hashed = sha256()
    with blobs.open(layer.digest) as stored, unpacked(stored) as stream:
        if stream.seekable():
            stream.seek(header)
        else:
            while header and (skipped := stream.read(min(STEP, header))):
                header -= len(skipped)
        tar = TarHeaders(stream)
        member = next(iter(tar), None)
        for part in content_of(tar, member) if member else ():
            hashed.update(part)
            yield part
    if entry.digest and entry.digest != f"sha256:{hashed.hexdigest()}":
        raise BrokenArchiveError(Fault("its bytes are not those that were indexed", layer.digest, entry.path))


def _header(blobs: OpenArchive, folder: IndexFolder, layer: Layer, entry: FileEntry) -> int:
    """Return where the file's header is by the index of the digest, else by that of the bytes that are stored."""
    index = kept_index(folder, layer.digest)
    header = _asked(index, entry) if index else None
    if header is None:
        with blobs.open(layer.digest) as stream:
            again = partial(blobs.open, layer.digest)
            header = _asked(layer_index(folder, layer, stream, again, lambda _: None), entry)
    if header is None:
        raise ArchiveError(f"{entry.path} is not a file of the layer {layer.digest}")
    return header


def _asked(index: LayerIndex, entry: FileEntry) -> int | None:
    try:
        return index.header(entry)
    finally:
        index.close()


def save_file(parts: Iterable[bytes], name: str, to: Path, *, replace: bool) -> Path:
    """Write a file of this name into a folder and return where it is; on any error nothing is left behind."""
    if name in {"", ".", ".."} or "/" in name or "\0" in name:
        raise ArchiveError(f"{name!r} is not a file's name")
    path = to / name
    try:
        folder = os.open(to, os.O_RDONLY | os.O_DIRECTORY)
        try:
            _save(parts, name, folder, replace=replace)
        finally:
            os.close(folder)
    except FileExistsError as error:
        raise ArchiveError(
            f"{path} is already there", title="The file was not saved", hint="Move it away, or say to replace it."
        ) from error
    except OSError as error:
        raise ArchiveError(
            f"{path} can't be written: {error.strerror}", title="The file was not saved", hint="Is the folder yours?"
        ) from error
    return path


def _save(parts: Iterable[bytes], name: str, folder: int, *, replace: bool) -> None:
    """Write beside the place first, then link there, which fails when something is there, or take its place."""
    part = f".{uuid4().hex}.part"
    # The rights of the image's file are not taken over: it may be meant for another user, or set an id.
    file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666, dir_fd=folder)
    try:
        with os.fdopen(file, "wb") as out:
            out.writelines(parts)
        if replace:
            os.replace(part, name, src_dir_fd=folder, dst_dir_fd=folder)
        else:
            os.link(part, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(part, dir_fd=folder)
