"""The repository's Actions caches: read when asked, deleted as planned, off the event loop."""

from collections.abc import Callable
from itertools import count
from threading import Lock

from dockcache_tui.core.actions_cache.deleting import DeletePlan, compare
from dockcache_tui.core.actions_cache.index import CacheIndex
from dockcache_tui.core.actions_cache.reading import CachesReading
from dockcache_tui.core.actions_cache.snapshot import ActionsSnapshot
from dockcache_tui.sources.github.protocol import ActionsSource, ApiBudget
from dockcache_tui.ui import messages
from dockcache_tui.ui.feeds import Once, Post


class CachesLink:
    """One repository's source, opened when it is first asked; one reading at a time."""

    def __init__(self, connect: Callable[[], ActionsSource], post: Post) -> None:
        """Take how to open the source, and whom to tell."""
        self._connect, self._post = connect, post
        self._source: ActionsSource | None = None
        self._turn, self._tickets = Lock(), count(1)
        self._begun = 0
        self._last: CachesReading | None = None
        self._indexes: dict[int, CacheIndex] = {}

    @property
    def opened(self) -> bool:
        """Tell whether it was ever asked."""
        return self._source is not None

    @property
    def budget(self) -> ApiBudget:
        """Return what is left of GitHub's budget now."""
        return self._source.budget if self._source else ApiBudget()

    def read(self) -> None:
        """Read the caches; every part that arrives is told. During a reading another is to follow, once."""
        ticket = next(self._tickets)

        def work() -> None:
            self._read_after(ticket)

        Once("caches", work, self._post, messages.CachesFailed)

    def delete(self, plan: DeletePlan) -> None:
        """Carry a plan out, read again and compare."""

        def work() -> messages.DeleteDone:
            deletions = tuple(self.open().delete(plan))
            after = self._read_after(next(self._tickets))
            return messages.DeleteDone(compare(plan, deletions, after.snapshot.caches if after else None))

        Once("delete", work, self._post, messages.Troubled)

    def close(self) -> None:
        """Let go of connections."""
        if self._source:
            self._source.close()

    def open(self) -> ActionsSource:
        """Return the repository's source, opened when first asked; raises UsageError when none is known. Blocks."""
        if self._source is None:
            self._source = self._connect()
        return self._source

    def _read_after(self, ticket: int) -> CachesReading | None:
        """Return a reading that began after its ticket was drawn, read by us or by who waited with us; None if lost."""
        with self._turn:
            if self._begun < ticket:
                self._begun, self._last = next(self._tickets), None
                self._last = self._read()
            return self._last

    def _read(self) -> CachesReading | None:
        source, last = self.open(), None
        for snapshot in source.read():
            last = self._told(CachesReading.of(snapshot))
        return self._told(self._with_indexes(source, last.snapshot)) if last else None

    def _told(self, reading: CachesReading) -> CachesReading:
        self._post(messages.CachesLoaded(reading))
        return reading

    def _with_indexes(self, source: ActionsSource, snapshot: ActionsSnapshot) -> CachesReading:
        """Read each index once: GitHub counts it as an access, and an index never changes."""
        fresh = [cache for cache in snapshot.caches if cache.id not in self._indexes]
        self._indexes |= source.indexes(fresh)
        return CachesReading.of(snapshot, self._indexes)
