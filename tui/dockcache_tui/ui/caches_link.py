"""The repository's Actions caches: read when asked, deleted as planned, off the event loop."""

from collections.abc import Callable
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
        self._reading = Lock()
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
        """Read the caches; every part that arrives is told. A reading under way is not begun again."""
        Once("caches", self._read, self._post, messages.CachesFailed)

    def delete(self, plan: DeletePlan) -> None:
        """Carry a plan out, read again and compare."""

        def work() -> messages.DeleteDone:
            deletions = tuple(self._open().delete(plan))
            after = self._read()
            return messages.DeleteDone(compare(plan, deletions, after.reading.snapshot.caches if after else None))

        Once("delete", work, self._post, messages.Troubled)

    def close(self) -> None:
        """Let go of connections."""
        if self._source:
            self._source.close()

    def _open(self) -> ActionsSource:
        if self._source is None:
            self._source = self._connect()
        return self._source

    def _read(self) -> messages.CachesLoaded | None:
        if not self._reading.acquire(blocking=False):
            return None
        try:
            source, last = self._open(), None
            for snapshot in source.read():
                last = messages.CachesLoaded(CachesReading.of(snapshot))
                self._post(last)
            if last:
                last = messages.CachesLoaded(self._with_indexes(source, last.reading.snapshot))
                self._post(last)
            return last
        finally:
            self._reading.release()

    def _with_indexes(self, source: ActionsSource, snapshot: ActionsSnapshot) -> CachesReading:
        """Read each index once: GitHub counts it as an access, and an index never changes."""
        fresh = [cache for cache in snapshot.caches if cache.id not in self._indexes]
        self._indexes |= source.indexes(fresh)
        return CachesReading.of(snapshot, self._indexes)
