"""Deletes caches one by one, each only after it was read again."""

from collections.abc import Iterator
from itertools import chain
from time import monotonic, sleep

from dockcache_tui.core.actions_cache.cache import ActionsCache
from dockcache_tui.core.actions_cache.deleting import DeletePlan, Deletion, Fate, recheck
from dockcache_tui.core.errors import SourceError
from dockcache_tui.sources.github.answers import CachesAnswer
from dockcache_tui.sources.github.api import Api
from dockcache_tui.sources.github.audit import AuditLog
from dockcache_tui.sources.github.errors import GitHubError
from dockcache_tui.sources.github.paging import pages

_HOPELESS = {401, 403, 429}
"""Refusals that the next entry would meet too."""


def delete_caches(api: Api, plan: DeletePlan, audit: AuditLog, pace: float) -> Iterator[Deletion]:
    """Delete in the plan's order, `pace` seconds apart, and yield what became of each.

    The first refusal that the others would meet too leaves those untried; raises DockcacheError only when the audit log
    can't be written.
    """
    hopeless = ""
    began = -pace
    for cache in plan.caches:
        if hopeless:
            yield Deletion(cache, Fate.NOT_TRIED, hopeless)
            continue
        sleep(max(0.0, began + pace - monotonic()))
        began = monotonic()
        audit.write(cache, "deleting")
        try:
            deletion = _delete(api, plan.repo, cache)
        except SourceError as error:
            deletion = Deletion(cache, Fate.REFUSED, str(error))
            if not isinstance(error, GitHubError) or error.status is None or error.status in _HOPELESS:
                hopeless = str(error)
        audit.write(cache, deletion.fate.value, deletion.detail)
        yield deletion


def _delete(api: Api, repo: str, cache: ActionsCache) -> Deletion:
    if fate := recheck(cache, _read_again(api, repo, cache)):
        return Deletion(cache, fate)
    try:
        api.delete(f"/repos/{repo}/actions/caches/{cache.id}")
    except GitHubError as error:
        if error.status == 404:
            return Deletion(cache, Fate.GONE)
        # Without a whole answer it may have been deleted all the same.
        if (error.status is None or error.status >= 500) and _read_again(api, repo, cache) is None:
            return Deletion(cache, Fate.DELETED, str(error))
        raise
    return Deletion(cache, Fate.DELETED)


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
