"""What an archive without its index.json, as one that was cut, still tells of its images."""

from contextlib import suppress

from dockcache_tui.core.images.errors import ArchiveError
from dockcache_tui.core.images.manifest import Descriptor, Document, decode
from dockcache_tui.sources.archives.blobs import Blobs

_MOST_LOOKED_AT = 1000


def lost_roots(blobs: Blobs) -> list[Descriptor]:
    """Return the indexes and manifests among the blobs that no other one leads to."""
    found: dict[str, Document] = {}
    for digest in sorted(blobs.sizes, key=lambda one: (blobs.size(one), one))[:_MOST_LOOKED_AT]:
        with suppress(ArchiveError):
            if blobs.head(digest)[:1] == b"{":
                document = decode(blobs.document(digest), Document)
                if document.manifests is not None or document.layers is not None:
                    found[digest] = document
    below = {child.digest for document in found.values() for child in document.manifests or []}
    return [Descriptor(digest, media_type=one.media_type) for digest, one in found.items() if digest not in below]
