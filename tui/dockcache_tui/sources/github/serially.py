"""Deletes one thing after another, with the audit log around each."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Generic, TypeVar

from dockcache_tui.core.actions_cache.artifact import Artifact
from dockcache_tui.core.actions_cache.cache import ActionsCache
from dockcache_tui.core.actions_cache.deleting import Fate
from dockcache_tui.core.errors import SourceError
from dockcache_tui.sources.audit import AuditLog, Named
from dockcache_tui.sources.github.errors import GitHubError

Thing = TypeVar("Thing", ActionsCache, Artifact)
_INTERRUPTED = "interrupted"
_HOPELESS = {401, 403, 429}
"""Refusals that the next one would meet too."""


@dataclass(frozen=True, slots=True)
class Serially(Generic[Thing]):
    """How one kind of thing is deleted: `recheck` reads one again and says what hinders, `delete` deletes it.

    Both raise SourceError. Deletes are `pace` seconds apart.
    """

    recheck: Callable[[Thing], Fate | None]
    delete: Callable[[Thing], None]
    audit: AuditLog
    pace: float

    def run(self, things: Sequence[Thing]) -> Iterator[tuple[Thing, Fate, str, str]]:
        """Delete in order, and yield what became of each, words of more, and why that is not in the audit log.

        The first failure that the others would meet too leaves those untried. An interrupt goes on once what it left
        is told: unknown, when it came in the middle of a delete.
        """
        over, began = "", -self.pace
        for number, thing in enumerate(things):
            if over:
                yield thing, Fate.NOT_TRIED, over, self._write([thing], Fate.NOT_TRIED, over)
                continue
            unaudited, sent = "", False
            try:
                sleep(max(0.0, began + self.pace - monotonic()))
                began = monotonic()
                hindered, detail, over = self._checked(thing)
                if hindered is None:
                    unaudited, sent = self._write([thing], "deleting"), True
                    fate, detail, over = self._deleted(thing)
                else:
                    fate = hindered
            except KeyboardInterrupt:
                if sent:
                    yield (
                        thing,
                        Fate.UNKNOWN,
                        _INTERRUPTED,
                        unaudited or self._write([thing], Fate.UNKNOWN, _INTERRUPTED),
                    )
                left = things[number + sent :]
                unaudited = self._write(left, Fate.NOT_TRIED, _INTERRUPTED)
                for one in left:
                    yield one, Fate.NOT_TRIED, _INTERRUPTED, unaudited
                raise
            yield thing, fate, detail, self._write([thing], fate, detail) or unaudited

    def _checked(self, thing: Thing) -> tuple[Fate | None, str, str]:
        """Read one again; returns what hinders, words of it, and why no other can be tried."""
        try:
            return self.recheck(thing), "", ""
        except SourceError as error:
            return Fate.NOT_TRIED, str(error), _hopeless(error)

    def _deleted(self, thing: Thing) -> tuple[Fate, str, str]:
        try:
            self.delete(thing)
        except SourceError as error:
            if _status(error) == 404:
                return Fate.GONE, "", ""
            if _unanswered(error):
                # It may have been deleted all the same.
                try:
                    if self.recheck(thing) is Fate.GONE:
                        return Fate.DELETED, str(error), ""
                except SourceError as lost:
                    return Fate.UNKNOWN, str(error), _hopeless(lost)
            return Fate.REFUSED, str(error), _hopeless(error)
        return Fate.DELETED, "", ""

    def _write(self, things: Sequence[Thing], what: str, detail: str = "") -> str:
        return self.audit.write(map(_named, things), what, detail)


def _status(error: SourceError) -> int | None:
    return error.status if isinstance(error, GitHubError) else None


def _unanswered(error: SourceError) -> bool:
    status = _status(error)
    return status is None or status >= 500


def _hopeless(error: SourceError) -> str:
    """Return the words of an error that the next one would meet too."""
    status = _status(error)
    return str(error) if status is None or status in _HOPELESS else ""


def _named(thing: ActionsCache | Artifact) -> Named:
    if isinstance(thing, ActionsCache):
        who: dict[str, str | int | None] = {"id": thing.id, "ref": thing.ref, "key": thing.key}
    else:
        ref = thing.branch.ref if thing.branch else None
        who = {"id": thing.id, "ref": ref, "artifact": thing.name, "run": thing.run}
    return who | {"created_at": str(thing.created_at), "size_in_bytes": thing.size}
