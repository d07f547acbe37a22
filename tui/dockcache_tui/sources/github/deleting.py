"""Deletes caches one by one, each only after it was read again."""

from collections.abc import Iterator
from itertools import chain

from dockcache_tui.core.actions_cache.cache import ActionsCache
from dockcache_tui.core.actions_cache.deleting import DeletePlan, Deletion, recheck
from dockcache_tui.sources.audit import AuditLog
from dockcache_tui.sources.github.answers import CachesAnswer
from dockcache_tui.sources.github.api import Api
from dockcache_tui.sources.github.paging import pages
from dockcache_tui.sources.github.serially import Serially


def delete_caches(api: Api, plan: DeletePlan, audit: AuditLog, pace: float) -> Iterator[Deletion]:
    """Delete in the plan's order and yield what became of each; see Serially."""
    serially: Serially[ActionsCache] = Serially(
        lambda one: recheck(one, _read_again(api, plan.repo, one)),
        lambda one: api.delete(f"/repos/{plan.repo}/actions/caches/{one.id}"),
        audit,
        pace,
    )
    for cache, fate, detail, unaudited in serially.run(plan.caches):
        yield Deletion(cache, fate, detail, unaudited)


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
