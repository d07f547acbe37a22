"""Work that another thread may end at once, whatever it waits for."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from math import inf
from threading import Event, Lock, Timer
from time import monotonic, sleep
from typing import TypeVar

T = TypeVar("T")
Cut = Callable[[], object]
_LOOK = 0.1
"""Seconds between two looks at whether work is to end, where nothing wakes it."""


class Ended(BaseException):
    """Raised in work that is to end; like an interrupt, nothing that handles errors catches it."""


class Ending:
    """Ends the work that is done `within` it, in threads of `SideBySide` too: it begins nothing more from then on.

    What it waits for is cut off after `grace` seconds, or when asked again.
    """

    def __init__(self, grace: float = 0.0) -> None:
        """Begin with work that goes on."""
        self.asked = Event()
        self._grace, self._cutting, self._lock = grace, False, Lock()
        self._cuts: dict[object, Cut] = {}

    def ask(self) -> None:
        """End the work, from any thread."""
        if self._grace and not self.asked.is_set():
            timer = Timer(self._grace, self._cut)
            timer.daemon = True
            timer.start()
            self.asked.set()
        else:
            self.asked.set()
            self._cut()

    @property
    def cut(self) -> bool:
        """Tell whether asking again changes nothing."""
        return self._cutting

    @contextmanager
    def within(self) -> Iterator[None]:
        """Make what this thread does in the block the work."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)

    @contextmanager
    def cuts(self, cut: Cut) -> Iterator[None]:
        """Have `cut` called while the block waits."""
        with self._lock:
            self._cuts[key := object()] = cut
            late = self._cutting
        if late:
            _call(cut)
        try:
            yield
        finally:
            with self._lock:
                del self._cuts[key]

    def _cut(self) -> None:
        with self._lock:
            self._cutting = True
            found = tuple(self._cuts.values())
        for cut in found:
            _call(cut)


_current: ContextVar[Ending | None] = ContextVar("ending", default=None)


def is_ending() -> bool:
    """Tell whether the work of this thread is to end."""
    ending = _current.get()
    return ending is not None and ending.asked.is_set()


def is_cut() -> bool:
    """Tell whether what the work of this thread waits for was cut off: its errors are ours then."""
    ending = _current.get()
    return ending is not None and ending.cut


def check() -> None:
    """Raise Ended when the work of this thread is to end, before it begins anything more."""
    if is_ending():
        raise Ended


@contextmanager
def cut_by(cut: Cut) -> Iterator[None]:
    """Wait in the block for what `cut` breaks off; where the work can't be ended it is never called."""
    if ending := _current.get():
        with ending.cuts(cut):
            yield
    else:
        yield


def pause(seconds: float) -> None:
    """Sleep; raises Ended."""
    if ending := _current.get():
        ending.asked.wait(seconds)
        check()
    else:
        sleep(seconds)


def awaited(future: "Future[T]", seconds: float = inf) -> T:
    """Return what becomes of a future; raises what it raises, TimeoutError, and Ended while the future goes on."""
    until = monotonic() + seconds
    while not future.done():
        check()
        left = until - monotonic()
        if left <= 0:
            raise TimeoutError
        with suppress(TimeoutError):
            future.exception(min(_LOOK, left))
    return future.result()


def _call(cut: Cut) -> None:
    with suppress(OSError, ValueError, RuntimeError):  # it ended by itself just now
        cut()
