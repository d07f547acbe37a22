"""Reads what an archive holds, without the files of its layers."""

from pathlib import Path

from dockcache_tui.core.archives.archive import Archive, ArchiveError, ArchiveKind, Blob, Fault, FaultList, Image
from dockcache_tui.core.archives.layering import layers_of, moment, revision_in
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


def read_archive(path: Path) -> Archive:
    """Read an archive; raises ArchiveError when it is none."""
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
