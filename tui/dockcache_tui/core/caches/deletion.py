"""Which Actions caches to delete: ready-made choices, and the order."""

from collections.abc import Callable, Iterable
from enum import StrEnum

from dockcache_tui.core.caches.cache import ActionsCache
from dockcache_tui.core.caches.liveness import RefState
from dockcache_tui.core.caches.reading import CacheEntry
from dockcache_tui.core.deletion import DeletePlan
from dockcache_tui.core.instant import Instant


def plan_delete(repo: str, caches: Iterable[ActionsCache]) -> DeletePlan[ActionsCache]:
    """Plan to delete entries, each once; indexes go before blobs are missed by them, the oldest access first."""
    unique = {cache.id: cache for cache in caches}
    return DeletePlan(repo, tuple(sorted(unique.values(), key=_order)))


def _order(cache: ActionsCache) -> tuple[bool, int, int]:
    # An index without its blobs makes builds fail, blobs without an index do not.
    return not cache.key.startswith("index-"), cache.last_accessed_at.ns, cache.id


class Preset(StrEnum):
    """A choice by name; `older-than` asks for an age since the last access."""

    MERGED = "merged-branches"
    DELETED = "deleted-branches"
    CLOSED = "closed-pulls"
    SUPERSEDED = "superseded"
    ORPHANED = "orphaned"
    OLDER = "older-than"


_TESTS: dict[Preset, Callable[[CacheEntry], bool]] = {
    Preset.MERGED: lambda entry: entry.merged,
    Preset.DELETED: lambda entry: entry.state is RefState.DELETED,
    Preset.CLOSED: lambda entry: entry.state is RefState.CLOSED,
    Preset.SUPERSEDED: lambda entry: entry.superseded,
    Preset.ORPHANED: lambda entry: entry.orphan is True,
}


def preset(
    entries: Iterable[CacheEntry], chosen: Preset, now: Instant, older_than_ns: int = 0
) -> tuple[CacheEntry, ...]:
    """Return the entries a preset chooses; what is not certain is left out."""
    if chosen is Preset.OLDER:
        return tuple(one for one in entries if one.cache.last_accessed_at.ns < now.ns - older_than_ns)
    return tuple(filter(_TESTS[chosen], entries))
