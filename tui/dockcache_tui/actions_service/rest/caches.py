"""REST endpoints of the caches: https://docs.github.com/rest/actions/cache."""

import math
from collections.abc import Mapping

import msgspec
from starlette.routing import BaseRoute

from dockcache_tui.actions_service.caches import ORDERS, Cache, CachesQuery
from dockcache_tui.actions_service.rest.endpoint import Ask, JsonAnswer, RestError, found, route, small_json
from dockcache_tui.actions_service.service import ServiceLimits
from dockcache_tui.actions_service.web import path_number
from dockcache_tui.core.caches.cache import GB

_REPO = "/repos/{owner}/{repo}/actions"
_MAX_GB, _MAX_DAYS = 10_000, 365


class _StorageLimit(msgspec.Struct):
    max_cache_size_gb: int


class _RetentionLimit(msgspec.Struct):
    max_cache_retention_days: int


async def _list(ask: Ask) -> JsonAnswer:
    per_page, page = ask.page()
    order = ask.choice("sort", "last_accessed_at", *ORDERS)
    descending = ask.choice("direction", "desc", "asc") == "desc"
    asked = CachesQuery(ask.text("ref"), ask.text("key") or "", order, descending, per_page, page)
    total, caches = ask.service.caches.listed(ask.repo, asked)
    return JsonAnswer(_listing(total, caches), headers=ask.links(total))


async def _delete_key(ask: Ask) -> JsonAnswer:
    key = ask.text("key")
    if key is None:
        raise RestError(422, "key is required")
    gone = ask.service.caches.remove_key(ask.repo, key, ask.text("ref"))
    if not gone:
        raise RestError(404, "Not Found")
    ask.service.delete(gone)
    return JsonAnswer(_listing(len(gone), gone))


async def _delete(ask: Ask) -> JsonAnswer:
    gone = found(ask.service.caches.remove(ask.repo, path_number(ask.request, "cache_id")))
    ask.service.delete([gone])
    return JsonAnswer(None, 204)


async def _usage(ask: Ask) -> JsonAnswer:
    return JsonAnswer(_usage_of(ask, ask.repo))


async def _organization_usage(ask: Ask) -> JsonAnswer:
    counts, sizes = zip(*(ask.service.caches.usage(repo) for repo in _repos(ask)), strict=True)
    return JsonAnswer({"total_active_caches_count": sum(counts), "total_active_caches_size_in_bytes": sum(sizes)})


async def _usage_by_repository(ask: Ask) -> JsonAnswer:
    per_page, page = ask.page()
    repos = _repos(ask)
    shown = repos[(page - 1) * per_page : page * per_page]
    usages = [_usage_of(ask, repo) for repo in shown]
    return JsonAnswer({"total_count": len(repos), "repository_cache_usages": usages}, headers=ask.links(len(repos)))


async def _storage_limit(ask: Ask) -> JsonAnswer:
    return JsonAnswer({"max_cache_size_gb": math.ceil(ask.service.limits_of(ask.repo).size / GB)})


async def _set_storage_limit(ask: Ask) -> JsonAnswer:
    gigabytes = (await small_json(ask.request, _StorageLimit)).max_cache_size_gb
    if not 1 <= gigabytes <= _MAX_GB:
        raise RestError(400, f"max_cache_size_gb must be 1 to {_MAX_GB}")
    return _limited(ask, ServiceLimits(gigabytes * GB, ask.service.limits_of(ask.repo).days))


async def _retention_limit(ask: Ask) -> JsonAnswer:
    return JsonAnswer({"max_cache_retention_days": ask.service.limits_of(ask.repo).days})


async def _set_retention_limit(ask: Ask) -> JsonAnswer:
    days = (await small_json(ask.request, _RetentionLimit)).max_cache_retention_days
    if not 1 <= days <= _MAX_DAYS:
        raise RestError(400, f"max_cache_retention_days must be 1 to {_MAX_DAYS}")
    return _limited(ask, ServiceLimits(ask.service.limits_of(ask.repo).size, days))


def _limited(ask: Ask, limits: ServiceLimits) -> JsonAnswer:
    ask.service.limits[ask.repo] = limits
    ask.service.evict(ask.repo)
    return JsonAnswer(None, 204)


def _repos(ask: Ask) -> tuple[str, ...]:
    """Return an owner's repositories; raises RestError for an owner without any."""
    owner = ask.request.path_params["org"].lower()
    return found(tuple(repo for repo in ask.service.repos() if repo.partition("/")[0].lower() == owner) or None)


def _usage_of(ask: Ask, repo: str) -> Mapping[str, object]:
    count, size = ask.service.caches.usage(repo)
    return {"full_name": repo, "active_caches_size_in_bytes": size, "active_caches_count": count}


def _listing(total: int, caches: tuple[Cache, ...]) -> Mapping[str, object]:
    return {"total_count": total, "actions_caches": [_cache(cache) for cache in caches]}


def _cache(cache: Cache) -> Mapping[str, object]:
    return {
        "id": cache.id,
        "ref": cache.ref,
        "key": cache.key,
        "version": cache.version,
        "last_accessed_at": str(cache.accessed),
        "created_at": str(cache.created),
        "size_in_bytes": cache.size,
    }


ROUTES: tuple[BaseRoute, ...] = (
    route("GET", _REPO + "/caches", _list),
    route("DELETE", _REPO + "/caches", _delete_key),
    route("DELETE", _REPO + "/caches/{cache_id:number}", _delete),
    route("GET", _REPO + "/cache/usage", _usage),
    route("GET", _REPO + "/cache/storage-limit", _storage_limit),
    route("PUT", _REPO + "/cache/storage-limit", _set_storage_limit),
    route("GET", _REPO + "/cache/retention-limit", _retention_limit),
    route("PUT", _REPO + "/cache/retention-limit", _set_retention_limit),
    route("GET", "/orgs/{org}/actions/cache/usage", _organization_usage),
    route("GET", "/orgs/{org}/actions/cache/usage-by-repository", _usage_by_repository),
)
