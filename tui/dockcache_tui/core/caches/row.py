"""An Actions cache as JSON gives it; the names are stable, see docs/json-caches.md."""

from collections.abc import Mapping, Sequence

from dockcache_tui.core.caches.cache import RepositoryUsage
from dockcache_tui.core.caches.entry import CacheEntry


def cache_row(entry: CacheEntry) -> Mapping[str, str | int | bool | Sequence[str] | None]:
    """Return the entry's fields: sizes in bytes, times RFC 3339 in UTC."""
    cache, key = entry.cache, entry.decoded
    return {
        "id": cache.id,
        "ref": cache.ref,
        "key": cache.key,
        "version": cache.version,
        "size_in_bytes": cache.size,
        "created_at": str(cache.created_at),
        "last_accessed_at": str(cache.last_accessed_at),
        "kind": key.kind.value,
        "scope": key.scope,
        "generation": key.generation,
        "digest": key.digest,
        "expires_at": str(entry.expires_at),
        "family": key.family.value,
        "state": entry.state.value,
        "merged": entry.merged,
        "superseded": entry.superseded,
        "orphan": entry.orphan,
        "signed": key.signed,
        "misplaced": entry.misplaced,
        "copies": list(entry.copies),
        "layers": entry.index.count if entry.index else None,
        "layers_size_in_bytes": entry.index.size if entry.index else None,
        "holes": entry.holes if entry.index else None,
        "scopes": list(entry.scopes),
    }


def usage_row(usage: RepositoryUsage) -> Mapping[str, str | int]:
    """Return a repository's fields."""
    return {"repo": usage.repo, "count": usage.count, "size_in_bytes": usage.size}
