"""How far something is, on stderr: a line that moves on in a terminal, else a line now and then."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Lock, Thread
from time import monotonic

from dockcache_tui.cli import waiting
from dockcache_tui.cli.output import narrate
from dockcache_tui.core import wording
from dockcache_tui.core.literal import literal

_MOVING, _NOW_AND_THEN = 0.1, 5.0


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """Yield what is to be told the bytes done and all bytes (0 when unknown); the last state is always shown.

    While nothing moves the wait is told.
    """
    line = _Line(what)
    Thread(target=line.watch, name=what, daemon=True).start()
    try:
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
        patience = waiting.FIRST
        while not self._over.wait(patience):
            lasts = monotonic() - self._moved
            if lasts >= patience:
                self._tell(f"{self._state or self._what}: waiting {wording.span(lasts)}")
            patience = waiting.FIRST if self._terminal else waiting.AGAIN

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
