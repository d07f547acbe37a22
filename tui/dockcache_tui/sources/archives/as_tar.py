"""An archive as the one tar that `docker load` takes."""

import json
import tarfile
from collections.abc import Callable
from io import BytesIO
from typing import BinaryIO

from dockcache_tui.core.images.archive import Image
from dockcache_tui.core.images.errors import ArchiveError
from dockcache_tui.core.images.manifest import Document, decode
from dockcache_tui.sources.archives.blobs import Blobs

Count = Callable[[int], None]
"""Told the bytes of each file that was written."""


def write_tar(blobs: Blobs, out: BinaryIO, count: Count) -> None:
    """Write all files; raises ArchiveError."""
    with tarfile.open(fileobj=out, mode="w|") as tar:
        for name, size, stream in blobs.each_file():
            _add(tar, name, size, stream)
            count(size)


def write_saved(blobs: Blobs, image: Image, out: BinaryIO, count: Count) -> None:
    """Write one image of an OCI layout as `docker save` did before there were OCI layouts; raises ArchiveError."""
    config = decode(blobs.document(image.digest), Document).config
    if config is None:
        raise ArchiveError(f"{image.digest} has no config")
    layers = [layer.digest for layer in image.layers if not layer.empty]
    saved = {
        "Config": _path(config.digest),
        "RepoTags": [name for name in image.names if ":" in name.rpartition("/")[2]],
        "Layers": [_path(digest) for digest in layers],
    }
    manifest = json.dumps([saved]).encode()
    with tarfile.open(fileobj=out, mode="w|") as tar:
        _add(tar, "manifest.json", len(manifest), BytesIO(manifest))
        for digest, stream in blobs.each([config.digest, *layers]):
            _add(tar, _path(digest), blobs.size(digest), stream)
            count(blobs.size(digest))


def _path(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def _add(tar: tarfile.TarFile, name: str, size: int, stream: BinaryIO) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = size
    tar.addfile(entry, stream)
