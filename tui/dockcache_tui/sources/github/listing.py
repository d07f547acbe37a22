"""Listings of many pages, and the list of caches, which is steady while it changes under us."""

from collections.abc import Iterator
from concurrent.futures import as_completed
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from dockcache_tui.core.caches.cache import ActionsCache
from dockcache_tui.sources.github.answers import CachesAnswer
from dockcache_tui.sources.github.api import CONCURRENT, Api
from dockcache_tui.sources.github.errors import GitHubError
from dockcache_tui.sources.side_by_side import SideBySide

T = TypeVar("T")
PER_PAGE = 100
MAX_PAGES = 1000
_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A decoded page; `number` counts from 1, `last` is the last one's as far as known then."""

    number: int
    last: int
    content: T


def pages(api: Api, path: str, type_: type[T], **params: str | int) -> Iterator[Page[T]]:
    """Yield a listing's pages, the first first and the rest in any order; raises GitHubError.

    How many there are is read from the first page's Link header; what was added behind the last one is followed up.
    """
    answer = api.get(path, per_page=PER_PAGE, **params)
    last = max(2, _number(answer.last)) if answer.next else 1
    if last > MAX_PAGES:
        raise GitHubError(f"{api.place.host} lists {last} pages, more than are read here ({MAX_PAGES})")
    yield Page(1, last, api.decoded(answer, type_))
    if answer.next is None:
        return
    following: str | None = None
    pool = SideBySide(CONCURRENT, "pages")
    try:
        asked = {pool.submit(api.get, _numbered(answer.next, number)): number for number in range(2, last + 1)}
        for done in as_completed(asked):
            if asked[done] == last:
                following = done.result().next
            yield Page(asked[done], last, api.decoded(done.result(), type_))
    finally:
        pool.drop()
    while following and last < MAX_PAGES:
        answer, last = api.get(following), last + 1
        following = answer.next
        yield Page(last, last, api.decoded(answer, type_))


def _number(url: str | None) -> int:
    """Return the page that a URL of a Link header leads to, 0 when it tells none."""
    value = dict(parse_qsl(urlsplit(url or "").query)).get("page", "")
    return int(value[:9]) if value.isdecimal() and value.isascii() else 0


def _numbered(url: str, number: int) -> str:
    parts = urlsplit(url)
    query = [(name, str(number) if name == "page" else value) for name, value in parse_qsl(parts.query)]
    return urlunsplit(parts._replace(query=urlencode(query)))


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
