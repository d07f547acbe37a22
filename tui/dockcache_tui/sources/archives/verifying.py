"""Recomputes the digest of every blob of an archive, and of every layer unpacked."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from dockcache_tui.core.archives.archive import Archive, BrokenArchiveError, Fault, FaultList, Image, Layer
from dockcache_tui.sources.archives.blobs import open_blobs
from dockcache_tui.sources.archives.reading import archive_of
from dockcache_tui.sources.archives.unpacking import Hashing, unpacked

_STEP = 1 << 18


def verify_archive(path: Path, done: Callable[[int, int], None] | None = None) -> Archive:
    """Read an archive and all its bytes: digests that do not agree are faults, and each unpacked size is known.

    `done` hears how many of how many bytes were read. Raises ArchiveError when it is no archive.
    """
    with open_blobs(path) as blobs:
        archive = archive_of(path, blobs)
        layers = {layer.digest: layer for image in archive.images for layer in image.layers if layer.diff_id}
        check = _Check(layers, sum(blobs.sizes.values()), done)
        try:
            for digest, stream in blobs.each(tuple(blobs.sizes)):
                check.blob(digest, stream)
        except BrokenArchiveError as error:
            check.faults.add(error.fault)
    return replace(
        archive,
        images=tuple(_measured(image, check.unpacked) for image in archive.images),
        faults=tuple(dict.fromkeys((*archive.faults, *check.faults))),
    )


class _Check:
    """What was found so far."""

    def __init__(self, layers: dict[str, Layer], total: int, done: Callable[[int, int], None] | None) -> None:
        self.faults = FaultList()
        self.unpacked: dict[str, int] = {}
        self._layers, self._total, self._done = layers, total, done
        self._before = 0

    def blob(self, digest: str, stream: io.BufferedIOBase) -> None:
        """Read a blob."""
        layer = self._layers.get(digest)
        stored = Hashing(stream, self._tell, "sha512" if digest.startswith("sha512:") else "sha256")
        packed: io.BufferedReader = io.BufferedReader(stored, _STEP)
        inner = stored
        try:
            source = unpacked(packed) if layer else packed
            if source is not packed or (layer and stored.algorithm != "sha256"):
                inner = Hashing(source)
                _drain(inner)
            _drain(packed)
        except BrokenArchiveError as error:
            self.faults.add(replace(error.fault, digest=digest))
        else:
            self._compare(digest, stored, inner, layer)
        self._before += stored.count

    def _compare(self, digest: str, stored: Hashing, inner: Hashing, layer: Layer | None) -> None:
        # The digest of a packed layer in an old `docker save` may be known unpacked only.
        if stored.digest != digest and not (layer and digest == layer.diff_id == inner.digest):
            self.faults.add(Fault(f"its content has another digest: {stored.digest}", digest=digest))
        elif layer and inner.digest != layer.diff_id:
            self.faults.add(Fault(f"unpacks to {inner.digest}, not to {layer.diff_id} as was said", digest=digest))
        elif layer:
            self.unpacked[digest] = inner.count

    def _tell(self, count: int) -> None:
        if self._done:
            self._done(self._before + count, self._total)


def _drain(stream: io.RawIOBase | io.BufferedReader) -> None:
    while stream.read(_STEP):
        pass


def _measured(image: Image, unpacked_sizes: dict[str, int]) -> Image:
    layers = tuple(
        replace(layer, unpacked_size=unpacked_sizes.get(layer.digest, layer.unpacked_size)) for layer in image.layers
    )
    return replace(image, layers=layers)
