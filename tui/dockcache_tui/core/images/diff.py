"""What makes two archives differ: layers by digest, then files by content and mode."""

from dataclasses import dataclass

from dockcache_tui.core.images.archive import Fault, Image, Layer
from dockcache_tui.core.images.file_entry import FileEntry


@dataclass(frozen=True, slots=True)
class LayerDiff:
    """A layer of either side; both sides when the digests agree."""

    first: Layer | None
    second: Layer | None


@dataclass(frozen=True, slots=True)
class FileDiff:
    """A path whose entries differ, and in what.

    That is `content`, `kind`, `link`, `device`, `mode`, `owner`, `xattr`, `time`, or `added` or `removed` alone.
    """

    path: str
    first: FileEntry | None
    second: FileEntry | None
    differs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImageDiff:
    """One platform of both archives; `first` or `second` is None where only the other has it."""

    platform: str
    first: Image | None
    second: Image | None
    layers: tuple[LayerDiff, ...]
    files: tuple[FileDiff, ...]
    config: tuple[str, ...] = ()
    """What differs in the config, as lines."""
    counts: tuple[tuple[str, int], ...] = ()
    """How many paths are `added`, `removed`, or differ in `content`, `mode`, ...; all of them."""
    left_off: int = 0
    """How many differing paths `files`, which has what matters most first, has no room for."""
    paths: int = 0
    """How many paths differ in all."""


@dataclass(frozen=True, slots=True)
class ArchiveDiff:
    """Two archives, platform by platform."""

    images: tuple[ImageDiff, ...]
    faults: tuple[Fault, ...] = ()
    """What could not be read of either: it may look like a difference."""

    @property
    def same(self) -> bool:
        """Tell whether nothing differs that a container could see."""
        return all(image.first and image.second and not image.files and not image.config for image in self.images)
