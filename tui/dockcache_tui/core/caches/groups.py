"""Entries as people look for them: branch, then cache scope or key family, then generations, and blobs beside them."""

from collections.abc import Iterable
from dataclasses import dataclass

from dockcache_tui.core.caches.keys import CacheKind, Family
from dockcache_tui.core.caches.layers import LayerGraph
from dockcache_tui.core.caches.liveness import RefState
from dockcache_tui.core.caches.reading import CacheEntry
from dockcache_tui.core.scope import BranchScope


@dataclass(frozen=True, slots=True)
class ScopeGroup:
    """Generations of one purpose on one branch, newest first: a BuildKit cache scope's indexes, or keys of one prefix.

    `blobs` are those that the live index names, on any ref, when it could be read; other scopes may share them.
    """

    name: str
    family: Family
    generations: tuple[CacheEntry, ...]
    blobs: tuple[CacheEntry, ...] = ()

    @property
    def size(self) -> int:
        """Return the bytes of the generations."""
        return sum(one.cache.size for one in self.generations)

    @property
    def blobs_size(self) -> int:
        """Return the bytes of the blobs."""
        return sum(one.cache.size for one in self.blobs)


@dataclass(frozen=True, slots=True)
class BranchGroup:
    """What is kept on one ref; `blobs` are BuildKit's layers, which all its cache scopes share."""

    branch: BranchScope
    state: RefState
    scopes: tuple[ScopeGroup, ...]
    blobs: tuple[CacheEntry, ...]

    @property
    def count(self) -> int:
        """Return the number of entries."""
        return sum(len(scope.generations) for scope in self.scopes) + len(self.blobs)

    @property
    def size(self) -> int:
        """Return the bytes of all entries."""
        return sum(scope.size for scope in self.scopes) + sum(one.cache.size for one in self.blobs)


def group(entries: Iterable[CacheEntry], graph: LayerGraph | None = None) -> tuple[BranchGroup, ...]:
    """Group entries by branch and purpose, biggest branch first."""
    by_branch: dict[BranchScope, list[CacheEntry]] = {}
    everything = tuple(entries)
    for entry in everything:
        by_branch.setdefault(entry.branch, []).append(entry)
    named = _named(everything, graph) if graph else {}
    groups = (_branch(branch, found, named) for branch, found in by_branch.items())
    return tuple(sorted(groups, key=lambda one: (-one.size, one.branch)))


def _branch(branch: BranchScope, entries: list[CacheEntry], named: dict[int, tuple[CacheEntry, ...]]) -> BranchGroup:
    purposes: dict[tuple[Family, str], list[CacheEntry]] = {}
    blobs = []
    for entry in entries:
        key = entry.decoded
        if key.kind is CacheKind.BLOB:
            blobs.append(entry)
        else:
            purposes.setdefault((key.family, key.prefix), []).append(entry)
    scopes = []
    for (family, prefix), found in purposes.items():
        found.sort(key=lambda one: (one.cache.created_at, one.id), reverse=True)
        scopes.append(ScopeGroup(found[0].decoded.scope or prefix, family, tuple(found), named.get(found[0].id, ())))
    scopes.sort(key=lambda one: (-one.size - one.blobs_size, one.name))
    blobs.sort(key=lambda one: (-one.cache.size, one.id))
    return BranchGroup(branch, entries[0].state, tuple(scopes), tuple(blobs))


def _named(entries: tuple[CacheEntry, ...], graph: LayerGraph) -> dict[int, tuple[CacheEntry, ...]]:
    """Return the blob entries that each read index names, by the index's id."""
    by_id = {entry.id: entry for entry in entries}
    found: dict[int, list[CacheEntry]] = {}
    for blob in graph.blobs:
        for index in blob.named_by:
            found.setdefault(index, []).extend(by_id[one.id] for one in blob.caches if one.id in by_id)
    return {index: tuple(blobs) for index, blobs in found.items()}
