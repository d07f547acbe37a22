"""Deletes one thing after another, with the audit log around each."""

from collections.abc import Callable, Iterable, Iterator
from time import monotonic, sleep
from typing import TypeVar

from dockcache_tui.core.actions_cache.artifact import Artifact
from dockcache_tui.core.actions_cache.cache import ActionsCache
from dockcache_tui.core.actions_cache.deleting import Fate
from dockcache_tui.core.errors import SourceError
from dockcache_tui.sources.github.audit import AuditLog
from dockcache_tui.sources.github.errors import GitHubError

Thing = TypeVar("Thing", ActionsCache, Artifact)
_HOPELESS = {401, 403, 429}
"""Refusals that the next one would meet too."""


def serially(
    things: Iterable[Thing], delete: Callable[[Thing], tuple[Fate, str]], audit: AuditLog, pace: float
) -> Iterator[tuple[Thing, Fate, str]]:
    """Delete in order, `pace` seconds apart, and yield what became of each, with words of more.

    The first refusal that the others would meet too leaves those untried; raises DockcacheError only when the audit log
    can't be written.
    """
    hopeless = ""
    began = -pace
    for thing in things:
        if hopeless:
            yield thing, Fate.NOT_TRIED, hopeless
            continue
        sleep(max(0.0, began + pace - monotonic()))
        began = monotonic()
        audit.write(thing, "deleting")
        try:
            fate, detail = delete(thing)
        except SourceError as error:
            fate, detail = Fate.REFUSED, str(error)
            if not isinstance(error, GitHubError) or error.status is None or error.status in _HOPELESS:
                hopeless = str(error)
        audit.write(thing, fate.value, detail)
        yield thing, fate, detail
