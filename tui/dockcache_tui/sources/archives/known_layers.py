"""What is known of layers because they were read before: what they unpack to, and what is wrong with them."""

from dataclasses import replace

from dockcache_tui.core.images.archive import Archive, Fault, Layer
from dockcache_tui.sources.archives.index_folder import IndexFolder
from dockcache_tui.sources.archives.layer_index import faults_of, kept_index


def with_known_layers(archive: Archive, folder: IndexFolder | None = None) -> Archive:
    """Return the archive with sizes and faults of the layers that have an index; the others stay as they are."""
    place = folder or IndexFolder()
    sizes: dict[str, int] = {}
    faults: list[Fault] = list(archive.faults)
    for layer in {layer.digest: layer for image in archive.images for layer in image.layers}.values():
        if not (layer.empty or layer.missing) and (index := kept_index(place, layer.digest)):
            sizes[layer.digest] = index.contents.unpacked_size
            faults += faults_of(layer, index)
            index.close()
    images = (replace(image, layers=tuple(_sized(layer, sizes) for layer in image.layers)) for image in archive.images)
    return replace(archive, images=tuple(images), faults=tuple(dict.fromkeys(faults))) if sizes else archive


def _sized(layer: Layer, sizes: dict[str, int]) -> Layer:
    return replace(layer, unpacked_size=sizes[layer.digest]) if layer.digest in sizes else layer
