"""BuildKit's local cache export: layers, and a cache config that says what they are."""

from collections.abc import Container, Sequence

from dockcache_tui.core.actions_cache.index import UnreadableIndexError, read_index
from dockcache_tui.core.images.archive import Layer
from dockcache_tui.core.images.errors import ArchiveError
from dockcache_tui.core.images.layering import PLAIN_TAR
from dockcache_tui.core.images.manifest import Descriptor


def cache_layers(config: bytes, stored: Sequence[Descriptor], here: Container[str]) -> tuple[Layer, ...]:
    """Return the layers that a cache config tells of, in its order, then those only the manifest names.

    No build's words are kept in a cache, so none tells what it was created by. Raises ArchiveError.
    """
    try:
        index = read_index(config)
    except UnreadableIndexError as error:
        raise ArchiveError(str(error)) from error
    sizes = {blob.digest: blob for blob in stored}
    layers = []
    for digest, layer in index.blobs.items():
        blob = sizes.pop(digest, Descriptor(digest, layer.size, layer.media_type))
        media_type = layer.media_type or blob.media_type
        layers.append(
            Layer(
                digest,
                blob.size,
                layer.diff_id,
                blob.size if media_type in PLAIN_TAR else None,
                media_type,
                created_at=layer.created_at,
                missing=digest not in here,
            )
        )
    layers += [
        Layer(blob.digest, blob.size, media_type=blob.media_type, missing=blob.digest not in here)
        for blob in sizes.values()
    ]
    return tuple(layers)
