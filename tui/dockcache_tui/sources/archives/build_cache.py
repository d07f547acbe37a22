"""BuildKit's local cache export: layers, and a cache config that says what they are."""

from collections.abc import Container, Sequence
from typing import Annotated

import msgspec

from dockcache_tui.core.actions_cache.index import IndexLayer, UnreadableIndexError, read_index
from dockcache_tui.core.images.archive import Layer
from dockcache_tui.core.images.errors import ArchiveError
from dockcache_tui.core.images.layering import PLAIN_TAR, moment
from dockcache_tui.core.images.manifest import Descriptor, Few, decode

_DIFF_ID, _CREATED_AT = "containerd.io/uncompressed", "buildkit/createdat"


class _Sized(msgspec.Struct):
    """As much of a config as tells whether it is of a build at all."""

    layers: Few[msgspec.Raw] = []
    records: Annotated[list[msgspec.Raw], msgspec.Meta(max_length=100_000)] = []


def cache_layers(config: bytes, stored: Sequence[Descriptor], here: Container[str]) -> tuple[Layer, ...]:
    """Return the layers that a cache config tells of, in its order, then those that only the manifest names.

    A cache keeps no words of a build, so none tells what it was created by. Raises ArchiveError.
    """
    decode(config, _Sized)
    try:
        index = read_index(config)
    except UnreadableIndexError as error:
        raise ArchiveError(str(error)) from error
    blobs = {blob.digest: blob for blob in stored}
    told = index.blobs
    return tuple(
        _layer(digest, blobs.get(digest), told.get(digest), missing=digest not in here)
        for digest in dict.fromkeys((*(layer.blob for layer in index.layers), *blobs))
    )


def _layer(digest: str, blob: Descriptor | None, told: IndexLayer | None, *, missing: bool) -> Layer:
    """Return a layer as the manifest's annotations tell of it, else as the config does."""
    blob = blob or Descriptor(digest)
    size, media_type = blob.size or (told.size if told else 0), blob.media_type or (told.media_type if told else "")
    return Layer(
        digest=digest,
        size=size,
        diff_id=blob.said(_DIFF_ID) or (told.diff_id if told else ""),
        unpacked_size=size if media_type in PLAIN_TAR else None,
        media_type=media_type,
        created_at=moment(blob.said(_CREATED_AT)) or (told.created_at if told else None),
        missing=missing,
    )
