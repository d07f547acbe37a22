"""Images that an engine has, and which layers of an archive are there already."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from dockcache_tui.core.archives.archive import Image
from dockcache_tui.core.instant import Instant


@dataclass(frozen=True, slots=True)
class EngineImage:
    """One image of an engine; `diff_ids` are its layers from the lowest, `size` is the engine's own figure."""

    id: str
    names: tuple[str, ...]
    size: int
    created_at: Instant | None
    platform: str
    diff_ids: tuple[str, ...]
    revision: str = ""
    """The commit that its labels tell."""


@dataclass(frozen=True, slots=True)
class LoadedImage:
    """An image of an archive, and of each of its layers whether the engine had it before; None for an empty one."""

    image: Image
    there: tuple[bool | None, ...]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading an archive did: the names the engine told, and those of them that meant another image before."""

    names: tuple[str, ...]
    moved: tuple[str, ...]
    images: tuple[LoadedImage, ...]

    @property
    def new(self) -> int:
        """Return how many layers are new; one that several images have counts once."""
        return len(self._layers(there=False))

    @property
    def kept(self) -> int:
        """Return how many layers were there already; one that several images have counts once."""
        return len(self._layers(there=True))

    def _layers(self, *, there: bool) -> set[str]:
        return {
            layer.diff_id
            for one in self.images
            for layer, known in zip(one.image.layers, one.there, strict=True)
            if known is there
        }


def layers_there(image: Image, engine: Iterable[EngineImage]) -> tuple[bool | None, ...]:
    """Tell of each layer whether an engine has it; None for an empty one, or one whose tar's digest is not known.

    A layer is kept by its ChainID (OCI image specification): the same tar on other layers is another one.
    """
    kept = {chain for one in engine for chain in chain_ids(one.diff_ids)}
    stored = [layer for layer in image.layers if not layer.empty]
    unknown = next((index for index, layer in enumerate(stored) if not layer.diff_id), len(stored))
    chains = chain_ids([layer.diff_id for layer in stored[:unknown]])
    return tuple(
        None if layer.empty or (chain := next(chains, None)) is None else chain in kept for layer in image.layers
    )


def chain_ids(diff_ids: Sequence[str]) -> Iterator[str]:
    """Yield the ChainID of each layer on those before it."""
    chain = ""
    for diff_id in diff_ids:
        chain = f"sha256:{sha256(f'{chain} {diff_id}'.encode()).hexdigest()}" if chain else diff_id
        yield chain


def moved_names(before: Iterable[EngineImage], after: Iterable[EngineImage]) -> tuple[str, ...]:
    """Return the names that mean another image than before."""
    meant = {name: one.id for one in before for name in one.names}
    return tuple(sorted(name for one in after for name in one.names if meant.get(name, one.id) != one.id))
