"""Deletes caches one by one, each only after it was read again."""

from collections.abc import Iterator
from itertools import chain

from dockcache_tui.core.actions_cache.cache import ActionsCache
from dockcache_tui.core.actions_cache.deleting import DeletePlan, Deletion, Fate, recheck
from dockcache_tui.sources.github.answers import CachesAnswer
from dockcache_tui.sources.github.api import Api
from dockcache_tui.sources.github.audit import AuditLog
from dockcache_tui.sources.github.errors import GitHubError
from dockcache_tui.sources.github.paging import pages
from dockcache_tui.sources.github.serially import serially


def delete_caches(api: Api, plan: DeletePlan, audit: AuditLog, pace: float) -> Iterator[Deletion]:
    """Delete in the plan's order and yield what became of each; see serially."""
    for cache, fate, detail in serially(plan.caches, lambda one: _delete(api, plan.repo, one), audit, pace):
        yield Deletion(cache, fate, detail)


def _delete(api: Api, repo: str, cache: ActionsCache) -> tuple[Fate, str]:
    if fate := recheck(cache, _read_again(api, repo, cache)):
        return fate, ""
    try:
        api.delete(f"/repos/{repo}/actions/caches/{cache.id}")
    except GitHubError as error:
        if error.status == 404:
            return Fate.GONE, ""
        # Without a whole answer it may have been deleted all the same.
        if (error.status is None or error.status >= 500) and _read_again(api, repo, cache) is None:
            return Fate.DELETED, str(error)
        raise
    return Fate.DELETED, ""


def _read_again(api: Api, repo: str, cache: ActionsCache) -> ActionsCache | None:
    """Return the entry of this id, else one that has its name by now; there is no way to ask for one by id."""
    found = pages(api, f"/repos/{repo}/actions/caches", CachesAnswer, key=cache.key, ref=cache.ref)
    rows = chain.from_iterable(page.content.actions_caches for page in found)
    named = None
    for now in filter(None, (row.cache() for row in rows)):
        if now.id == cache.id:
            return now
        if (now.ref, now.key, now.version) == (cache.ref, cache.key, cache.version):
            named = now
    return named
