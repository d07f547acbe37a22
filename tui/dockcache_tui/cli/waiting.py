"""Waits for what is outside: told on stderr as soon as they last, and ended by ctrl+c at once."""

from collections.abc import Callable, Iterable, Iterator
from time import monotonic
from typing import TypeVar

from dockcache_tui.cli.output import narrate
from dockcache_tui.core import wording
from dockcache_tui.sources.side_by_side import SideBySide

T = TypeVar("T")
FIRST, AGAIN = 1.0, 10.0
"""Seconds until a wait is told, and until it is told again."""


def wait_for(what: str, work: Callable[[], T]) -> T:
    """Return what work returns, or raise what it raises; `what` is named when that takes a while.

    The work is done beside the main thread: a name that is looked up, for one, can't be interrupted by a signal.
    """
    threads = SideBySide(1, what)
    began, patience = monotonic(), FIRST
    future = threads.submit(work)
    threads.close()
    while True:
        try:
            return future.result(patience)
        except TimeoutError:
            if future.done():
                raise
        lasts = monotonic() - began
        narrate(f"Waiting for {what}…" if lasts < AGAIN else f"Waiting for {what}: {wording.span(lasts)}…")
        patience = AGAIN


def each(what: str, things: Iterable[T]) -> Iterator[T]:
    """Yield things as they come, each awaited as by `wait_for`."""
    one = iter(things)
    while True:
        try:
            thing = wait_for(what, one.__next__)
        except StopIteration:
            return
        yield thing
