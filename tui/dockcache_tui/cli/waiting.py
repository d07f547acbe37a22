"""Waits for what is outside: told on stderr as soon as they last, with how far they are; ctrl+c ends them at once."""

import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from threading import Event, Lock, Thread
from time import monotonic
from typing import TypeVar

from dockcache_tui.cli.output import narrate
from dockcache_tui.core import wording
from dockcache_tui.core.literal import literal
from dockcache_tui.sources.side_by_side import SideBySide

T = TypeVar("T")
FIRST, AGAIN = 1.0, 10.0
"""Seconds until a wait is told, and until it is told again."""
_MOVING, _NOW_AND_THEN = 0.1, 5.0


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

    try:
        Thread(target=tell, name=f"wait for {what}", daemon=True).start()  # may be interrupted too
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


@contextmanager
def interrupted_by(act: Callable[[], object]) -> Iterator[None]:
    """Have ctrl+c, a request to end and a terminal that closes call `act` while the block lasts.

    A terminal's end that is ignored, as under nohup, stays so.
    """
    hangs_up = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
    numbers = (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hangs_up else []))
    before = {number: signal.signal(number, lambda *_: act()) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """Yield what is to be told the bytes done and all bytes (0 when unknown); the last state is always shown.

    While nothing moves the wait is told.
    """
    line = _Line(what)
    try:
        Thread(target=line.watch, name=what, daemon=True).start()
        yield line.move
    finally:
        line.end()


class _Line:
    """What is shown of it."""

    def __init__(self, what: str) -> None:
        self._what, self._state = what, ""
        self._terminal, self._drawn = sys.stderr.isatty(), False
        self._shown = self._moved = monotonic()
        self._lock, self._over = Lock(), Event()

    def move(self, count: int, total: int) -> None:
        """Show how far it is, unless that was done just now."""
        self._moved = monotonic()
        whole = f" of {wording.size(total)}, {wording.share(count / total)}" if total else ""
        self._state = f"{self._what}: {wording.size(count)}{whole}"
        if self._moved - self._shown >= (_MOVING if self._terminal else _NOW_AND_THEN):
            self._shown = self._moved
            self._tell(self._state)

    def watch(self) -> None:
        """Tell of waits until the end."""
        patience = FIRST
        while not self._over.wait(patience):
            lasts = monotonic() - self._moved
            if lasts >= patience:
                self._tell(f"{self._state or self._what}: waiting {wording.span(lasts)}")
            patience = FIRST if self._terminal else AGAIN

    def end(self) -> None:
        """Show the last state."""
        self._over.set()
        if self._state:
            self._tell(self._state)
        if self._drawn:
            narrate("")

    def _tell(self, text: str) -> None:
        with self._lock:
            if not self._terminal:
                narrate(text)
                return
            self._drawn = True
            with suppress(OSError):
                sys.stderr.write(f"\r\033[K{literal(text)}")
                sys.stderr.flush()
