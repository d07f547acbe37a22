"""One reading of a repository's caches, understood: what follows from each key, its ref and its neighbours."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from dockcache_tui.core import wording
from dockcache_tui.core.caches.cache import ActionsCache, ActionsSnapshot
from dockcache_tui.core.caches.forecast import Forecast, forecast, saving_rate
from dockcache_tui.core.caches.index import CacheIndex
from dockcache_tui.core.caches.keys import CacheKey, CacheKind, decode, ref_hash
from dockcache_tui.core.caches.layers import Decoded, LayerGraph, ReadIndex, layer_graph
from dockcache_tui.core.caches.liveness import Refs, RefState
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.scope import BranchScope


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """An understood entry.

    `superseded` is an index with a newer one for the same cache scope on the same ref, so that no lookup finds it.
    `copies` are other refs with the same key and version. `orphan` is a blob that no index names which a run could have
    with it; None where indexes would have to be read to tell. `merged` tells that its branch was merged with nothing
    new since. `expires_at` is when it goes if nobody reads it and nothing is saved, `goes_at` if as much is saved as
    lately. `index` is what a live index names, where it was read; `scopes` are the cache scopes whose read indexes name
    a blob.
    """

    cache: ActionsCache
    decoded: CacheKey
    state: RefState
    merged: bool
    superseded: bool
    copies: tuple[str, ...]
    orphan: bool | None
    expires_at: Instant
    goes_at: Instant
    index: ReadIndex | None
    scopes: tuple[str, ...]

    @property
    def id(self) -> int:
        """Return the entry's id."""
        return self.cache.id

    @property
    def branch(self) -> BranchScope:
        return self.cache.branch

    @property
    def misplaced(self) -> bool:
        """Tell whether an index's key names another ref than the one it is kept on."""
        return self.decoded.kind is CacheKind.INDEX and self.decoded.ref_hash != ref_hash(self.cache.ref)

    @property
    def holes(self) -> int:
        """Return how many layers an index names that no run of its ref can have."""
        return len(self.index.holes) if self.index else 0

    @property
    def damage(self) -> str:
        """Return in words how many of an index's layers are gone, or nothing when none is."""
        if not self.index or not self.holes:
            return ""
        return f"{self.holes:,} of {wording.count(self.index.count, 'layer')} gone"

    @property
    def dead(self) -> bool:
        """Tell whether its branch is deleted or its pull request closed."""
        return self.state in {RefState.DELETED, RefState.CLOSED}

    @property
    def unwanted(self) -> bool:
        """Tell whether something speaks against keeping it, or against trusting it."""
        return self.superseded or self.merged or self.dead or self.misplaced or self.holes > 0 or self.orphan is True


@dataclass(frozen=True, slots=True)
class CachesReading:
    """A snapshot with what follows from it, and from the indexes that could be read."""

    snapshot: ActionsSnapshot
    refs: Refs = field(repr=False)
    entries: tuple[CacheEntry, ...]
    graph: LayerGraph = field(repr=False)
    forecast: Forecast = field(repr=False)
    """What goes when, if nobody reads and as much is saved as in the last week."""

    @classmethod
    def of(cls, snapshot: ActionsSnapshot, indexes: Mapping[int, CacheIndex] | None = None) -> "CachesReading":
        """Understand a snapshot's entries, in its order; `indexes` are by the id of their entry."""
        refs = Refs.of(snapshot)
        decoded = tuple((cache, decode(cache.key, cache.version)) for cache in snapshot.caches)
        live = _live(decoded)
        blobs = (one for one in decoded if one[1].kind is CacheKind.BLOB)
        graph = layer_graph(live.values(), blobs, indexes or {}, refs)
        current = {cache.id for cache, _ in live.values()}
        copies = _copies(snapshot.caches)
        now, limits = snapshot.fetched_at, snapshot.limits
        over = {victim.cache.id: victim.at for victim in forecast(snapshot.caches, limits, now).victims}
        foreseen = forecast(snapshot.caches, limits, now, saving_rate(snapshot.caches, now))
        goes = {victim.cache.id: victim.at for victim in foreseen.victims}
        read = {one.cache.id: one for one in graph.indexes}
        scopes = {cache.id: blob.scopes for blob in graph.blobs for cache in blob.caches}
        entries = tuple(
            CacheEntry(
                cache,
                key,
                refs.state(cache.branch),
                refs.is_merged(cache.branch),
                key.kind is CacheKind.INDEX and cache.id not in current,
                tuple(ref for ref in copies[cache.key, cache.version] if ref != cache.ref),
                graph.orphans.get(cache.id, False),
                over[cache.id],
                goes[cache.id],
                read.get(cache.id),
                scopes.get(cache.id, ()),
            )
            for cache, key in decoded
        )
        return cls(snapshot, refs, entries, graph, foreseen)


def _live(decoded: Iterable[Decoded]) -> dict[tuple[str, str, str], Decoded]:
    """Return the index of each ref and key's prefix that a lookup takes: the newest."""
    live: dict[tuple[str, str, str], Decoded] = {}
    for cache, key in decoded:
        if key.kind is CacheKind.INDEX:
            name = (cache.ref, key.prefix, cache.version)
            there = live.get(name)
            if there is None or (there[0].created_at, there[0].id) < (cache.created_at, cache.id):
                live[name] = cache, key
    return live


def _copies(caches: Iterable[ActionsCache]) -> dict[tuple[str, str], tuple[str, ...]]:
    refs: dict[tuple[str, str], dict[str, None]] = {}
    for cache in caches:
        refs.setdefault((cache.key, cache.version), {})[cache.ref] = None
    return {name: tuple(found) for name, found in refs.items()}
