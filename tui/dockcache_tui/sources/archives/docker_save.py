"""The layout of `docker save` before the containerd store: manifest.json, a config an image, a tar a layer.

Others write it too (podman, kaniko, crane, bazel), with other names and packed layers.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256

from dockcache_tui.core.archives.archive import ArchiveError, Fault, FaultList, fault_of
from dockcache_tui.core.archives.manifest import Config, Descriptor, Saved, V1Config, decode
from dockcache_tui.sources.archives.blobs import OpenArchive, mismatch
from dockcache_tui.sources.archives.members import clean
from dockcache_tui.sources.archives.unpacking import PACKINGS, packing_of

_HEX = re.compile(r"(?:sha256:)?([0-9a-f]{64})(?:\.tar|\.json|\.tar\.gz)?")
_V1_ID = re.compile(r"[0-9a-f]{64}")
_MAX_IMAGES = 1_000
_LAYER = "application/vnd.docker.image.rootfs.diff.tar"


def read_saved(blobs: OpenArchive, faults: FaultList) -> list[Saved]:
    """Read manifest.json; where it is lost, the configs still tell of the images."""
    try:
        found = decode(blobs.file("manifest.json"), list[Saved])
        if len(found) > _MAX_IMAGES:
            faults.add(Fault(f"{len(found):,} images, of which {_MAX_IMAGES:,} are read", member="manifest.json"))
        return found[:_MAX_IMAGES]
    except ArchiveError as error:
        faults.add(fault_of(error, Fault("", member="manifest.json")))
    return [Saved(name) for name in blobs.files() if name.endswith(".json") and _named(name)]


def read_config(blobs: OpenArchive, saved: Saved, faults: FaultList) -> tuple[str, Config]:
    """Read an image's config and work out its digest; empty ones where it can't be read."""
    name = clean(saved.config)
    try:
        data = blobs.file(name)
        digest = f"sha256:{sha256(data).hexdigest()}"
        if (said := _named(name)) and (fault := mismatch(said, data)):
            faults.add(replace(fault, member=name))
        return digest, decode(data, Config)
    except ArchiveError as error:
        faults.add(fault_of(error, Fault("", member=name)))
        return "", Config()


def stored_layers(blobs: OpenArchive, saved: Saved, config: Config) -> list[tuple[str, Descriptor]]:
    """Return where an image's layers are and what leads to them.

    A plain tar's digest is the one the config tells. A packed one's may be its name; where it is not, the digest of
    what it unpacks to stands for it. Where the manifest is lost, nothing tells where the layers of the config are.
    """
    if saved.layers is None:
        return [("", Descriptor(diff_id)) for diff_id in config.diff_ids]
    diff_ids = iter(config.diff_ids)
    return [(name, _stored(blobs, name, next(diff_ids, ""))) for name in map(clean, saved.layers)]


def place_layers(blobs: OpenArchive) -> None:
    """Tell an archive where the blobs are that its manifest.json names."""
    for saved in read_saved(blobs, FaultList()):
        digest, config = read_config(blobs, saved, FaultList())
        if digest:
            blobs.place(digest, clean(saved.config))
        for name, layer in stored_layers(blobs, saved, config):
            if layer.digest and blobs.has(name):
                blobs.place(layer.digest, name)


def v1_configs(blobs: OpenArchive, digests: Iterable[str]) -> Iterator[str]:
    """Yield the blobs that are a layer's JSON as Docker 1.x had it: `docker save` writes one each, and names none."""
    for digest in digests if blobs.has("manifest.json") else ():
        with suppress(ArchiveError):
            if blobs.head(digest)[:1] == b"{" and _V1_ID.fullmatch(decode(blobs.unchecked(digest), V1Config).id):
                yield digest


def _stored(blobs: OpenArchive, name: str, diff_id: str) -> Descriptor:
    if not blobs.has(name):
        return Descriptor(diff_id)
    packing = packing_of(blobs.file_head(name))
    digest = (_named(name) if packing else diff_id) or diff_id
    return Descriptor(digest, blobs.file_size(name), f"{_LAYER}.{PACKINGS[packing]}" if packing else _LAYER)


def _named(name: str) -> str:
    """Return the digest that a name tells: `blobs/sha256/HEX`, `HEX.json`, `HEX.tar.gz`; `HEX/layer.tar` tells none."""
    match = _HEX.fullmatch(name.removeprefix("blobs/sha256/"))
    return f"sha256:{match[1]}" if match else ""
