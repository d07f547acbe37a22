"""How far something is, on stderr: a line that moves on in a terminal, else a line now and then."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic

from dockcache_tui.cli.output import narrate
from dockcache_tui.core import wording
from dockcache_tui.core.literal import literal

_MOVING, _NOW_AND_THEN = 0.1, 5.0


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """Give what is to be told of bytes and all bytes, 0 where that is not known; the last state is always shown."""
    terminal = sys.stderr.isatty()
    shown, state = monotonic(), ""

    def tell(text: str) -> None:
        if terminal:
            with suppress(OSError):
                sys.stderr.write(f"\r\033[K{literal(text)}")
                sys.stderr.flush()
        else:
            narrate(text)

    def done(count: int, total: int) -> None:
        nonlocal shown, state
        whole = f" of {wording.size(total)}, {wording.share(count / total)}" if total else ""
        state = f"{what}: {wording.size(count)}{whole}"
        if monotonic() - shown >= (_MOVING if terminal else _NOW_AND_THEN):
            shown = monotonic()
            tell(state)

    try:
        yield done
    finally:
        if state:
            tell(state)
            if terminal:
                narrate("")
