"""The reading after a prune: of a builder that was lost meanwhile it tells what no answer told."""

from collections.abc import Callable, Sequence
from time import monotonic
from typing import TypeVar

from dockcache_tui.core.errors import DockcacheError
from dockcache_tui.core.records.record import NodeStatus, PruneOutcome
from dockcache_tui.sources.ending import pause

T = TypeVar("T")
_RETURN, _TRY_EVERY = 5.0, 0.5
"""Seconds in which a builder that was lost may come back, and those between two tries."""


def read_after(outcome: PruneOutcome, read: Callable[[], T], nodes: Callable[[T], Sequence[NodeStatus]]) -> T:
    """Read, again for some seconds while a node is gone that did not tell what became of a record.

    Raises the DockcacheError of the last try.
    """
    deadline = monotonic() + (_RETURN if outcome.unknown else 0)
    while True:
        try:
            after = read()
            if monotonic() >= deadline or not any(node.error for node in nodes(after)):
                return after
        except DockcacheError:
            if monotonic() >= deadline:
                raise
        pause(_TRY_EVERY)
