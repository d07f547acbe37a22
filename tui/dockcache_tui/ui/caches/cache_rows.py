"""The Actions caches as rows: branch, then cache scope, then generations, and the layers beside them; or by expiry."""

from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from dockcache_tui.core import wording
from dockcache_tui.core.caches.groups import BranchGroup, ScopeGroup, group
from dockcache_tui.core.caches.index import IndexLayer
from dockcache_tui.core.caches.keys import CacheKind
from dockcache_tui.core.caches.liveness import RefState
from dockcache_tui.core.caches.reading import CacheEntry, CachesReading
from dockcache_tui.core.caches.restoration import Restoration, Verdict, restore, restore_indexes
from dockcache_tui.core.scope import BranchScope

STEP = "  "
MANY = 500
"""From more entries on branches begin folded: whoever has so many looks for a branch first."""


@dataclass(frozen=True, slots=True)
class CacheRow:
    """A row: an entry, or a group of `entries` when `entry` is None. `depth` is how far it is set in."""

    key: Hashable
    name: str
    entries: tuple[CacheEntry, ...]
    entry: CacheEntry | None = None
    depth: int = 0
    state: str = ""
    folded: bool = False
    foldable: bool = False
    usual: bool = False
    """Its state is nothing to act upon."""
    hidden: bool = False
    """Not shown, but its mark is kept."""

    @property
    def size(self) -> int:
        """Return the bytes of all entries in it."""
        return sum(one.cache.size for one in self.entries)


@dataclass(frozen=True, slots=True)
class Folds:
    """Which groups were folded, and which unfolded that begin folded."""

    folded: frozenset[Hashable] = frozenset()
    opened: frozenset[Hashable] = frozenset()

    def turned(self, row: CacheRow) -> "Folds":
        """Return the folds after a group was folded or unfolded."""
        key = {row.key}
        if row.folded:
            return Folds(self.folded - key, self.opened | key)
        return Folds(self.folded | key, self.opened - key)


class LayerBlobs:
    """The entries that hold the layers of a reading's indexes."""

    def __init__(self, reading: CachesReading) -> None:
        """Take the reading."""
        self._refs = reading.refs
        self._entries = {(one.decoded.digest, one.branch): one for one in reading.entries if one.decoded.digest}

    def of(self, index: CacheEntry, digest: str) -> CacheEntry | None:
        """Return what a run of an index's ref gets for a digest."""
        found = (self._entries.get((digest, scope)) for scope in self._refs.restorable(index.branch))
        return next(filter(None, found), None)


def grouped(entries: Sequence[CacheEntry], reading: CachesReading, folds: Folds) -> list[CacheRow]:
    """Return branches, their cache scopes and generations, and their layers, biggest branch first."""
    rows: list[CacheRow] = []
    branches = group(entries, reading.graph)
    many = reading.snapshot.expected if reading.snapshot.partial else len(entries)
    closed: set[Hashable] = {_entry_key(one) for one in entries if one.index}
    if many > MANY and len(branches) > 1:
        closed |= {_key(one) for one in branches}
    blobs = LayerBlobs(reading)
    for branch in branches:
        rows += _branch(branch, blobs, folds.folded | (closed - folds.opened))
    return rows


def by_expiry(entries: Iterable[CacheEntry], reading: CachesReading) -> list[CacheRow]:
    """Return the entries in the order GitHub evicts them, each with the cause."""
    wanted = {entry.id: entry for entry in entries}
    return [
        _entry(entry, 0, f"{state(entry)} · {one.cause.value}".lstrip(" ·"))
        for one in reading.forecast.victims
        if (entry := wanted.get(one.cache.id))
    ]


def restorable(reading: CachesReading, branch: BranchScope, keys: Sequence[str]) -> list[CacheRow]:
    """Return what a run on a branch would restore by a key and its restore keys, and why not the others.

    Without keys, what BuildKit would import of each cache scope.
    """
    caches, scopes = reading.snapshot.caches, reading.refs.restorable(branch)
    if keys:
        return _lookup(reading, restore(caches, scopes, keys[0], keys[1:]), (branch.short, *keys))
    rows: list[CacheRow] = []
    for cache_scope in sorted({one.decoded.scope for one in reading.entries if one.decoded.scope}):
        for ref, found in restore_indexes(caches, scopes, cache_scope):
            rows += _lookup(reading, found, (f"BuildKit · {cache_scope} · on {ref.short}",))
    return rows


def _lookup(reading: CachesReading, found: Restoration, title: tuple[str, ...]) -> list[CacheRow]:
    by_id = {one.id: one for one in reading.entries}
    order = ", then ".join(scope.short for scope in found.scopes)
    told = Verdict.HIT.value if found.hit else "miss"
    head = CacheRow(("lookup", *title), " ".join(title), (), None, 0, f"{told} · looks on {order}")
    near = [one for one in found.candidates if one.verdict is not Verdict.NO_MATCH]
    rows = [(one, _entry(by_id[one.cache.id], 1, one.verdict.value)) for one in near]
    return [head, *(replace(row, key=(*title, one.cache.id), usual=True) for one, row in rows)]


def hidden(entries: Iterable[CacheEntry]) -> list[CacheRow]:
    """Return rows that only keep marks."""
    return [replace(_entry(one, 0), hidden=True) for one in entries]


def state(entry: CacheEntry) -> str:
    """Return in words what is special about an entry."""
    words = (
        "superseded" * entry.superseded,
        entry.damage,
        "orphan" * (entry.orphan is True),
        entry.state.value * (entry.state in (RefState.DELETED, RefState.CLOSED)),
        "merged" * entry.merged,
        f"shared by {', '.join(entry.scopes)}" * (len(entry.scopes) > 1),
        f"also on {wording.count(len(entry.copies), 'ref')}" * bool(entry.copies),
        "key names another ref" * entry.misplaced,
    )
    return " · ".join(filter(None, words))


def _key(branch: BranchGroup) -> Hashable:
    return "branch", branch.branch.ref


def _branch(branch: BranchGroup, held: LayerBlobs, folded: Collection[Hashable]) -> Iterator[CacheRow]:
    key = _key(branch)
    everything = tuple(one for scope in branch.scopes for one in scope.generations) + branch.blobs
    gone = branch.state in (RefState.DELETED, RefState.CLOSED)
    told = f"{branch.state.value} · " * gone + wording.count(len(everything), "entry", "entries")
    yield CacheRow(key, branch.branch.short, everything, None, 0, told, key in folded, foldable=True, usual=not gone)
    if key in folded:
        return
    for scope in branch.scopes:
        yield from _scope(branch, scope, held, folded)
    if branch.blobs:
        layers = ("layers", branch.branch.ref)
        name = f"layers · {wording.count(len(branch.blobs), 'blob')}"
        yield CacheRow(layers, name, branch.blobs, None, 1, "", layers in folded, foldable=True)
        if layers not in folded:
            yield from (_entry(blob, 2) for blob in branch.blobs)


def _scope(
    branch: BranchGroup, scope: ScopeGroup, held: LayerBlobs, folded: Collection[Hashable]
) -> Iterator[CacheRow]:
    if len(scope.generations) == 1 and scope.generations[0].decoded.kind is not CacheKind.INDEX:
        yield _entry(scope.generations[0], 1)
        return
    key = ("scope", branch.branch.ref, scope.family.value, scope.generations[-1].decoded.prefix)
    words = (
        ("generation", "generations") if scope.generations[0].decoded.kind is CacheKind.INDEX else ("entry", "entries")
    )
    many = wording.count(len(scope.generations), *words)
    name = f"{scope.family.value} · {scope.name} · {many}"
    layers = f"{wording.count(len(scope.blobs), 'layer')}, {wording.size(scope.blobs_size)}" * bool(scope.blobs)
    yield CacheRow(key, name, scope.generations, None, 1, layers, key in folded, foldable=True, usual=True)
    if key not in folded:
        for one in scope.generations:
            yield from _generation(one, held, folded)


def _generation(one: CacheEntry, held: LayerBlobs, folded: Collection[Hashable]) -> Iterator[CacheRow]:
    row = _entry(one, 2)
    if one.index is None:
        yield row
        return
    yield replace(row, folded=row.key in folded, foldable=True)
    if row.key not in folded:
        index = one.index.index
        for positions, broken in ((index.order, False), (index.broken, True)):
            for position in positions:
                layer = index.layers[position]
                yield _layer(one, position, held.of(one, layer.blob), layer, broken=broken)


def _layer(index: CacheEntry, position: int, held: CacheEntry | None, layer: IndexLayer, *, broken: bool) -> CacheRow:
    words = ("broken" * broken, state(held) if held else f"gone, {wording.size(layer.size)}")
    told = " · ".join(filter(None, words))
    entries = (held,) if held else ()
    usual = held is not None and not broken
    return CacheRow(("layer", index.id, position), f"layer {layer.blob}", entries, held, 3, told, usual=usual)


def _entry_key(entry: CacheEntry) -> Hashable:
    return "entry", entry.id


def _entry(entry: CacheEntry, depth: int, words: str | None = None) -> CacheRow:
    told = state(entry) if words is None else words
    return CacheRow(_entry_key(entry), entry.cache.key, (entry,), entry, depth, told, usual=not entry.unwanted)
