"""The list of caches, steady while it changes under us."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from dockcache_tui.core.caches.cache import ActionsCache
from dockcache_tui.sources.github.answers import CachesAnswer
from dockcache_tui.sources.github.api import Api
from dockcache_tui.sources.github.paging import pages

_ROUNDS = 3


@dataclass(slots=True)
class ListedCaches:
    """The entries read so far, newest first; `steady` once the list did not change while it was read."""

    total: int = 0
    unreadable: int = 0
    rows: dict[int, ActionsCache] = field(default_factory=dict)
    steady: bool = False

    def caches(self) -> tuple[ActionsCache, ...]:
        """Return the entries in an order that pages arriving in another do not change."""
        return tuple(sorted(self.rows.values(), key=lambda one: (one.created_at, one.id), reverse=True))


def list_caches(api: Api, repo: str) -> Iterator[ListedCaches]:
    """Yield the listing as pages arrive, read again when it changed meanwhile; raises GitHubError."""
    shown = ListedCaches()
    for attempt in range(_ROUNDS):
        fresh = ListedCaches()
        totals = set()
        # By creation: the default order, by last access, is another with every restore.
        for page in pages(api, f"/repos/{repo}/actions/caches", CachesAnswer, sort="created_at", direction="desc"):
            answer = page.content
            fresh.total = answer.total_count
            totals.add(answer.total_count)
            for row in answer.actions_caches:
                cache = row.cache()
                if cache is None:
                    fresh.unreadable += 1
                else:
                    fresh.rows[cache.id] = cache
            if not attempt:
                yield fresh
        shown = fresh
        shown.steady = totals == {len(fresh.rows) + fresh.unreadable}
        if shown.steady:
            break
    yield shown
