"""What layers unpack to, as far as they were read before."""

from dataclasses import replace

from dockcache_tui.core.images.archive import Archive, Layer
from dockcache_tui.sources.archives.index_folder import IndexFolder
from dockcache_tui.sources.archives.layer_index import kept_index


def with_known_sizes(archive: Archive, folder: IndexFolder | None = None) -> Archive:
    """Return the archive with the unpacked sizes of layers that have an index; the others stay as they are."""
    place = folder or IndexFolder()
    known: dict[str, int] = {}
    for layer in {layer.digest: layer for image in archive.images for layer in image.layers}.values():
        if layer.unpacked_size is None and not layer.empty and (index := kept_index(place, layer.digest)):
            known[layer.digest] = index.contents.unpacked_size
            index.close()
    images = (replace(image, layers=tuple(_sized(layer, known) for layer in image.layers)) for image in archive.images)
    return replace(archive, images=tuple(images)) if known else archive


def _sized(layer: Layer, known: dict[str, int]) -> Layer:
    return replace(layer, unpacked_size=known[layer.digest]) if layer.digest in known else layer
