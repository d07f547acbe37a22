"""The layer graph: which blobs the indexes name, which nobody names, and which are named but gone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dockcache_tui.core.caches.cache import ActionsCache
from dockcache_tui.core.caches.index import CacheIndex, IndexLayer
from dockcache_tui.core.caches.keys import CacheKey, ref_hash
from dockcache_tui.core.caches.liveness import Refs
from dockcache_tui.core.scope import BranchScope


@dataclass(frozen=True, slots=True)
class ReadIndex:
    """A live index whose JSON was read; `holes` are blobs it names that no run of its ref can have."""

    cache: ActionsCache
    scope: str
    index: CacheIndex
    holes: tuple[IndexLayer, ...]

    @property
    def count(self) -> int:
        """Return how many blobs it names."""
        return len(self.index.blobs)

    @property
    def size(self) -> int:
        """Return their bytes."""
        return sum(layer.size for layer in self.index.blobs.values())


@dataclass(frozen=True, slots=True)
class LayerBlob:
    """A blob by digest: the entries that hold it, none when it is gone, and the ids of the indexes that name it."""

    digest: str
    size: int
    media_type: str
    caches: tuple[ActionsCache, ...]
    named_by: tuple[int, ...]
    scopes: tuple[str, ...]
    """The cache scopes that share it."""


@dataclass(frozen=True, slots=True)
class LayerGraph:
    """What the indexes name, and `orphans` by id of entry: None for a blob that an unread index may name."""

    indexes: tuple[ReadIndex, ...]
    blobs: tuple[LayerBlob, ...]
    orphans: Mapping[int, bool | None]

    @property
    def shared_size(self) -> int:
        """Return the bytes that several cache scopes share, each counted once."""
        return sum(blob.size for blob in self.blobs if len(blob.scopes) > 1)


Decoded = tuple[ActionsCache, CacheKey]


def layer_graph(
    live: Iterable[Decoded], blobs: Iterable[Decoded], indexes: Mapping[int, CacheIndex], refs: Refs
) -> LayerGraph:
    """Relate live indexes to blob entries; `indexes` are those that could be read, by the id of their entry."""
    held: dict[str, list[ActionsCache]] = {}
    kept = tuple(blobs)
    for cache, key in kept:
        if not key.signed:
            held.setdefault(key.digest or "", []).append(cache)
    current = tuple(live)
    read = []
    for cache, key in current:
        if index := indexes.get(cache.id):
            scopes = {scope.ref for scope in refs.restorable(cache.branch)}
            holes = tuple(
                layer
                for digest, layer in index.blobs.items()
                if not any(one.ref in scopes for one in held.get(digest, ()))
            )
            read.append(ReadIndex(cache, key.scope or "", index, holes))
    return LayerGraph(tuple(read), _blobs(read, held), _orphans(kept, current, indexes, refs))


def _blobs(read: list[ReadIndex], held: Mapping[str, list[ActionsCache]]) -> tuple[LayerBlob, ...]:
    naming: dict[str, list[ReadIndex]] = {}
    layers: dict[str, IndexLayer] = {}
    for one in read:
        for digest, layer in one.index.blobs.items():
            naming.setdefault(digest, []).append(one)
            layers.setdefault(digest, layer)
    found = []
    for digest in dict.fromkeys((*layers, *held)):
        caches, by, said = held.get(digest, []), naming.get(digest, []), layers.get(digest)
        size = caches[0].size if caches else said.size if said is not None else 0
        media_type = "" if said is None else said.media_type
        scopes = tuple(dict.fromkeys(one.scope for one in by))
        found.append(LayerBlob(digest, size, media_type, tuple(caches), tuple(one.cache.id for one in by), scopes))
    return tuple(found)


def _orphans(
    blobs: Iterable[Decoded], live: Iterable[Decoded], indexes: Mapping[int, CacheIndex], refs: Refs
) -> dict[int, bool | None]:
    named: dict[BranchScope | None, set[str]] = {}
    unsure: set[BranchScope | None] = set()
    for cache, key in live:
        # One whose key is of another ref may be found by runs of that ref, which is known by its hash only.
        reader = cache.branch if key.ref_hash == ref_hash(cache.ref) else None
        if index := indexes.get(cache.id):
            named.setdefault(reader, set()).update(index.blobs, [index.digest])
        else:
            unsure.add(reader)

    def uses(reader: BranchScope | None, owner: BranchScope) -> bool:
        return reader is None or refs.may_read(reader, owner)

    readers: dict[BranchScope, tuple[set[str], bool]] = {}
    verdicts: dict[int, bool | None] = {}
    for cache, key in blobs:
        owner = cache.branch
        if owner not in readers:
            known = {digest for reader, names in named.items() if uses(reader, owner) for digest in names}
            readers[owner] = known, any(uses(reader, owner) for reader in unsure)
        digests, open_ = readers[owner]
        verdicts[cache.id] = False if key.digest in digests else None if open_ else True
    return verdicts
