"""Reads what an archive holds, without the files of its layers, and verifies the digest of every blob and layer."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from dockcache_tui.core.archives.archive import (
    Archive,
    ArchiveError,
    ArchiveKind,
    Blob,
    BrokenArchiveError,
    Fault,
    FaultList,
    Image,
    Layer,
)
from dockcache_tui.core.archives.image_metadata import layers_of, moment, revision_in
from dockcache_tui.core.instant import Instant
from dockcache_tui.sources.archives.blobs import (
    OpenArchive,
    open_blobs,
    read_config,
    read_saved,
    stored_layers,
    v1_configs,
)
from dockcache_tui.sources.archives.oci import OciReading
from dockcache_tui.sources.archives.unpacking import Hashing, unpacked

_STEP = 1 << 18


def read_archive(path: Path) -> Archive:
    """Read an archive; raises ArchiveError when it is not one."""
    with open_blobs(path) as blobs:
        return archive_of(path, blobs)


def archive_of(path: Path, blobs: OpenArchive) -> Archive:
    """Read an open archive."""
    if not blobs.saved:
        reading = OciReading(blobs)
        kind, images, faults = reading.kind, reading.images, reading.faults
        builds, named, revisions = reading.builds, reading.named, reading.revisions
        unnamed = [digest for digest in blobs.sizes if digest not in named]
        named |= dict.fromkeys(v1_configs(blobs, unnamed), "")
    else:
        kind, builds, revisions = ArchiveKind.DOCKER, [], []
        images, faults = _saved(blobs)
        if not images:
            raise ArchiveError(f"it holds no image: {next(iter((*blobs.members.faults, *faults)), 'none is named')}")
        named = {layer.digest: layer.media_type for image in images for layer in image.layers}
        named |= {image.digest: "" for image in images}
    return Archive(
        path=str(path),
        kind=kind,
        packing=blobs.members.packing,
        size=blobs.members.size,
        modified_at=_modified(path),
        images=tuple(images),
        blobs=tuple(Blob(one, size, named.get(one, ""), one in named) for one, size in blobs.sizes.items()),
        builds=tuple(builds),
        revisions=tuple(dict.fromkeys(filter(None, (*(image.revision for image in images), *revisions)))),
        faults=(*blobs.members.faults, *faults),
    )


def _saved(blobs: OpenArchive) -> tuple[list[Image], FaultList]:
    """Read the images of a `docker save`."""
    images: list[Image] = []
    faults = FaultList()
    for one in read_saved(blobs, faults):
        digest, config = read_config(blobs, one, faults)
        placed = stored_layers(blobs, one, config)
        stored = [layer for _, layer in placed]
        for name, layer in placed:
            if layer.digest not in blobs:
                faults.add(Fault("is not in the archive", layer.digest, name))
        if config.diff_ids and len(config.diff_ids) != len(stored):
            reason = f"its config tells of {len(config.diff_ids)} layers, its manifest of {len(stored)}"
            faults.add(Fault(reason, digest=digest))
        images.append(
            Image(
                digest=digest,
                layers=layers_of(stored, config, blobs),
                platform=config.platform,
                names=tuple(one.repo_tags or ()),
                labels=tuple(config.labels.items()),
                created_at=moment(config.created),
                revision=revision_in(config.labels),
            )
        )
    return images, faults


def _modified(path: Path) -> Instant:
    for place in (path, *path.parents):
        try:
            return Instant(place.stat().st_mtime_ns)
        except OSError:
            continue
    raise ArchiveError(f"{path} is not there")


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
