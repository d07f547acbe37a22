"""What is known of an image once the files of its layers were read."""

from dataclasses import dataclass

from dockcache_tui.core.images.archive import Fault


@dataclass(frozen=True, slots=True)
class LayerContents:
    """A layer as it was read: the bytes of its tar, its members, and the digest of the tar."""

    digest: str
    unpacked_size: int
    members: int
    diff_id: str


@dataclass(frozen=True, slots=True)
class ImageContents:
    """All layers of an image: the bytes a container sees, those wasted, how many paths, and what is wrong."""

    layers: tuple[LayerContents, ...]
    size: int
    wasted: int
    paths: int
    faults: tuple[Fault, ...]
