"""The bytes of one file of a layer: read on from where the index says that it begins."""

from collections.abc import Generator
from functools import partial
from hashlib import sha256

from dockcache_tui.core.images.archive import Fault, Layer
from dockcache_tui.core.images.errors import ArchiveError, BrokenArchiveError
from dockcache_tui.core.images.file_entry import FileEntry
from dockcache_tui.sources.archives.blobs import Blobs
from dockcache_tui.sources.archives.index_folder import IndexFolder
from dockcache_tui.sources.archives.layer_files import STEP, content_of
from dockcache_tui.sources.archives.layer_index import kept_index, layer_index
from dockcache_tui.sources.archives.tar_headers import TarHeaders
from dockcache_tui.sources.archives.unpacking import unpacked


def file_parts(blobs: Blobs, folder: IndexFolder, layer: Layer, entry: FileEntry) -> Generator[bytes, None, None]:
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
        for part in content_of(tar, next(iter(tar))):
            hashed.update(part)
            yield part
    if entry.digest and entry.digest != f"sha256:{hashed.hexdigest()}":
        raise BrokenArchiveError(Fault("its bytes are not those that were indexed", layer.digest, entry.path))


def _header(blobs: Blobs, folder: IndexFolder, layer: Layer, entry: FileEntry) -> int:
    index = kept_index(folder, layer.digest)
    if index is None:
        with blobs.open(layer.digest) as stream:
            index = layer_index(folder, layer, stream, partial(blobs.open, layer.digest), lambda _: None)
    try:
        header = index.header(entry.path)
    finally:
        index.close()
    if header is None:
        raise ArchiveError(f"{entry.path} is no file of the layer {layer.digest}")
    return header
