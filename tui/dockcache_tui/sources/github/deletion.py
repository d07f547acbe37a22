"""Deletes caches and artifacts one by one, each only after it was read again."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from time import monotonic
from typing import Generic, TypeVar

from dockcache_tui.core.archives.artifact import Artifact
from dockcache_tui.core.caches.cache import ActionsCache
from dockcache_tui.core.deletion import DeletePlan, Deletion, Fate, recheck
from dockcache_tui.core.errors import SourceError
from dockcache_tui.sources.audit import AuditLog, Named
from dockcache_tui.sources.ending import Ended, pause
from dockcache_tui.sources.github.answers import ArtifactAnswer, CachesAnswer
from dockcache_tui.sources.github.api import Api
from dockcache_tui.sources.github.errors import GitHubError
from dockcache_tui.sources.github.listing import pages

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

    def run(self, things: Sequence[Thing]) -> Iterator[Deletion[Thing]]:
        """Delete in order, and yield what became of each, words of more, and why that is not in the audit log.

        The first failure that the others would meet too leaves those untried. An interrupt goes on once what it left
        is told: unknown, when it came in the middle of a delete.
        """
        over, began = "", -self.pace
        for number, thing in enumerate(things):
            if over:
                yield Deletion(thing, Fate.NOT_TRIED, over, self._write([thing], Fate.NOT_TRIED, over))
                continue
            unaudited, sent = "", False
            try:
                pause(max(0.0, began + self.pace - monotonic()))
                began = monotonic()
                hindered, detail, over = self._checked(thing)
                if hindered is None:
                    unaudited, sent = self._write([thing], "deleting"), True
                    fate, detail, over = self._deleted(thing)
                else:
                    fate = hindered
            except (KeyboardInterrupt, Ended):
                if sent:
                    unaudited = unaudited or self._write([thing], Fate.UNKNOWN, _INTERRUPTED)
                    yield Deletion(thing, Fate.UNKNOWN, _INTERRUPTED, unaudited)
                left = things[number + sent :]
                unaudited = self._write(left, Fate.NOT_TRIED, _INTERRUPTED)
                for one in left:
                    yield Deletion(one, Fate.NOT_TRIED, _INTERRUPTED, unaudited)
                raise
            yield Deletion(thing, fate, detail, self._write([thing], fate, detail) or unaudited)

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


def delete_caches(
    api: Api, plan: DeletePlan[ActionsCache], audit: AuditLog, pace: float
) -> Iterator[Deletion[ActionsCache]]:
    """Delete in the plan's order and yield what became of each; see Serially."""
    serially: Serially[ActionsCache] = Serially(
        lambda one: recheck(one, _read_again(api, plan.repo, one)),
        lambda one: api.delete(f"/repos/{plan.repo}/actions/caches/{one.id}"),
        audit,
        pace,
    )
    return serially.run(plan.things)


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


def delete_artifacts(
    api: Api, plan: DeletePlan[Artifact], audit: AuditLog, pace: float
) -> Iterator[Deletion[Artifact]]:
    """Delete in the plan's order and yield what became of each; see Serially."""

    def path(artifact: Artifact) -> str:
        return f"/repos/{plan.repo}/actions/artifacts/{artifact.id}"

    serially: Serially[Artifact] = Serially(
        lambda one: recheck(one, _read_artifact_again(api, path(one))),
        lambda one: api.delete(path(one)),
        audit,
        pace,
    )
    return serially.run(plan.things)


def _read_artifact_again(api: Api, path: str) -> Artifact | None:
    try:
        return api.decoded(api.get(path), ArtifactAnswer).artifact()
    except GitHubError as error:
        if error.status == 404:
            return None
        raise
