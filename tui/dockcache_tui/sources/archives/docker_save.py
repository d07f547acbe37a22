"""The layout of `docker save` before the containerd store: manifest.json, a config an image, a tar a layer.

Others write it too (podman, kaniko, crane, bazel), with other names and packed layers.
"""

import re

from dockcache_tui.core.images.archive import Fault
from dockcache_tui.core.images.errors import ArchiveError, BrokenArchiveError
from dockcache_tui.core.images.manifest import Config, Descriptor, Saved, decode
from dockcache_tui.sources.archives.blobs import Blobs, digest_of
from dockcache_tui.sources.archives.members import clean
from dockcache_tui.sources.archives.unpacking import packing_of

_HEX = re.compile(r"(?:sha256:)?([0-9a-f]{64})(?:\.tar|\.json|\.tar\.gz)?")
_LAYER = "application/vnd.docker.image.rootfs.diff.tar"


def read_saved(blobs: Blobs) -> list[Saved]:
    """Read manifest.json; raises BrokenArchiveError."""
    data = blobs.file("manifest.json")
    try:
        return decode(data, list[Saved])
    except ArchiveError as error:
        raise BrokenArchiveError(Fault(str(error), member="manifest.json")) from error


def read_config(blobs: Blobs, saved: Saved) -> tuple[str, Config]:
    """Read an image's config and work out its digest; raises BrokenArchiveError."""
    name = clean(saved.config)
    data = blobs.file(name)
    digest = digest_of(data, "")
    if (said := _named(name)) and said != digest:
        raise BrokenArchiveError(Fault(f"its content has another digest: {digest}", digest=said, member=name))
    try:
        return digest, decode(data, Config)
    except ArchiveError as error:
        raise BrokenArchiveError(Fault(str(error), digest=digest, member=name)) from error


def stored_layers(blobs: Blobs, saved: Saved, config: Config) -> list[Descriptor]:
    """Return what leads to an image's layers.

    A plain tar's digest is the one the config tells. A packed one's may be its name; where it is not, the config's
    digest stands for it.
    """
    found = []
    for index, path in enumerate(saved.layers or []):
        name, diff_id = clean(path), config.diff_ids[index] if index < len(config.diff_ids) else ""
        packing = packing_of(blobs.file_head(name)) if blobs.has(name) else ""
        digest = (_named(name) if packing else diff_id) or diff_id or f"file:{name}"
        size = blobs.file_size(name) if blobs.has(name) else 0
        found.append(Descriptor(digest, size, _LAYER + {"gz": ".gzip", "zst": ".zstd"}.get(packing, "")))
    return found


def place_layers(blobs: Blobs) -> None:
    """Tell an archive where the blobs are that its manifest.json names; what can't be read of it is left out."""
    try:
        images = read_saved(blobs)
    except BrokenArchiveError:
        return
    for saved in images:
        try:
            digest, config = read_config(blobs, saved)
        except BrokenArchiveError:
            config = Config()
        else:
            blobs.place(digest, clean(saved.config))
        for path, layer in zip(saved.layers or [], stored_layers(blobs, saved, config), strict=True):
            if blobs.has(clean(path)):
                blobs.place(layer.digest, clean(path))


def _named(name: str) -> str:
    """Return the digest that a name tells: `blobs/sha256/HEX`, `HEX.json`, `HEX.tar.gz`; `HEX/layer.tar` tells none."""
    match = _HEX.fullmatch(name.removeprefix("blobs/sha256/"))
    return f"sha256:{match[1]}" if match else ""
