"""In which order Actions caches are deleted."""

from collections.abc import Iterable

from dockcache_tui.core.caches.cache import ActionsCache
from dockcache_tui.core.deleting import DeletePlan


def plan_delete(repo: str, caches: Iterable[ActionsCache]) -> DeletePlan[ActionsCache]:
    """Plan to delete entries, each once; indexes go before blobs are missed by them, the oldest access first."""
    unique = {cache.id: cache for cache in caches}
    return DeletePlan(repo, tuple(sorted(unique.values(), key=_order)))


def _order(cache: ActionsCache) -> tuple[bool, int, int]:
    # An index without its blobs makes builds fail, blobs without an index do not.
    return not cache.key.startswith("index-"), cache.last_accessed_at.ns, cache.id
