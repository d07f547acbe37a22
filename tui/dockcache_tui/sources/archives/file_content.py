"""The bytes of one file of a layer: read on from where the index says that it begins."""

from collections.abc import Generator
from functools import partial
from hashlib import sha256

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
        raise ArchiveError(f"{entry.path} is no file of the layer {layer.digest}")
    return header


def _asked(index: LayerIndex, entry: FileEntry) -> int | None:
    try:
        return index.header(entry)
    finally:
        index.close()
