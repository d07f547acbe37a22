"""An archive as the one tar that `docker load` takes."""

import json
import tarfile
from collections.abc import Callable, Sequence
from io import BytesIO
from typing import BinaryIO

from dockcache_tui.core.archives.archive import ArchiveError, Image
from dockcache_tui.core.archives.manifest import Document, decode
from dockcache_tui.sources.archives.blobs import OpenArchive

Count = Callable[[int], None]
"""Told the bytes of each file that was written."""


def write_tar(blobs: OpenArchive, out: BinaryIO, count: Count) -> None:
    """Write all files; raises ArchiveError."""
    with tarfile.open(fileobj=out, mode="w|") as tar:
        for name, size, stream in blobs.each_file():
            _add(tar, name, size, stream)
            count(size)


def write_saved(blobs: OpenArchive, images: Sequence[Image], out: BinaryIO, count: Count) -> None:
    """Write images of an OCI layout as `docker save` did before there were OCI layouts; raises ArchiveError."""
    saved, needed = [], dict[str, None]()
    for image in images:
        config = decode(blobs.document(image.digest), Document).config
        if config is None:
            raise ArchiveError(f"{image.digest} has no config")
        layers = [layer.digest for layer in image.layers if not layer.empty]
        needed |= dict.fromkeys((config.digest, *layers))
        names = [name for name in image.names if ":" in name.rpartition("/")[2]]
        saved.append({"Config": _path(config.digest), "RepoTags": names, "Layers": [_path(one) for one in layers]})
    manifest = json.dumps(saved).encode()
    with tarfile.open(fileobj=out, mode="w|") as tar:
        _add(tar, "manifest.json", len(manifest), BytesIO(manifest))
        for digest, stream in blobs.each(needed):
            _add(tar, _path(digest), blobs.size(digest), stream)
            count(blobs.size(digest))


def _path(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def _add(tar: tarfile.TarFile, name: str, size: int, stream: BinaryIO) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = size
    tar.addfile(entry, stream)
