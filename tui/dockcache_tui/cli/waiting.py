"""Waits for what is outside: told on stderr as soon as they last, and ended by ctrl+c at once."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Event, Thread
from time import monotonic
from typing import TypeVar

from dockcache_tui.cli.output import narrate
from dockcache_tui.core import wording
from dockcache_tui.sources.side_by_side import SideBySide

T = TypeVar("T")
FIRST, AGAIN = 1.0, 10.0
"""Seconds until a wait is told, and until it is told again."""


@contextmanager
def telling(what: str) -> Iterator[None]:
    """Name what is waited for when the block lasts, again and again."""
    over = Event()

    def tell() -> None:
        began, patience = monotonic(), FIRST
        while not over.wait(patience):
            lasts = monotonic() - began
            narrate(f"Waiting for {what}…" if lasts < AGAIN else f"Waiting for {what}: {wording.span(lasts)}…")
            patience = AGAIN

    Thread(target=tell, name=f"wait for {what}", daemon=True).start()
    try:
        yield
    finally:
        over.set()


def beside(what: str, work: Callable[[], T]) -> "Future[T]":
    """Begin work beside the main thread: a name that is looked up, for one, can't be interrupted by a signal."""
    threads = SideBySide(1, what)
    future = threads.submit(work)
    threads.close()
    return future


def wait_for(what: str, work: Callable[[], T]) -> T:
    """Return what work returns, or raise what it raises; it goes on beside us when we are interrupted."""
    with telling(what):
        return beside(what, work).result()


def each(what: str, things: Iterable[T]) -> Iterator[T]:
    """Yield things as they come, each awaited as by `wait_for`."""
    one = iter(things)
    while True:
        try:
            thing = wait_for(what, one.__next__)
        except StopIteration:
            return
        yield thing


def each_here(what: str, things: Iterable[T]) -> Iterator[T]:
    """Yield things as they come; an interrupt is raised in whoever makes them, which may still yield more."""
    one = iter(things)
    while True:
        try:
            with telling(what):
                thing = next(one)
        except StopIteration:
            return
        yield thing
