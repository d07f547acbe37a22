"""Folders of our own in the temporary directory, which go when we end, in whatever moment we are told to."""

import atexit
import shutil
from pathlib import Path
from secrets import token_hex
from tempfile import gettempdir
from threading import Lock
from time import monotonic, sleep
from types import TracebackType
from typing import Self

from dockcache_tui.core.errors import DockcacheError, SourceError
from dockcache_tui.sources.docker_cli import end_commands

_SECONDS = 1.0
"""The longest that a killed command may still write into a folder."""
_lock = Lock()
_made: set[Path] = set()
_ended = False


class PrivateFolder:
    """A new folder that only its owner can read."""

    def __init__(self) -> None:
        """Make it; raises DockcacheError, or OSError, where that can't be."""
        with _lock:  # a thread that is making one keeps the process from ending between
            if _ended:
                raise SourceError("dockcache-tui is ending")
            try:
                self.path = Path(gettempdir(), f"dockcache-{token_hex(4)}")
            except FileNotFoundError as error:
                raise DockcacheError(
                    str(error.strerror), title="No room to write", hint="Free some space, or set TMPDIR to a folder."
                ) from error
            _made.add(self.path)  # before it is there: a signal may end us in between
            self.path.mkdir(mode=0o700)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()

    def remove(self) -> None:
        """Remove it with all that is in it, if it is there still."""
        shutil.rmtree(self.path, ignore_errors=True)


@atexit.register
def _remove_all() -> None:
    """Remove all there ever were: a command that was just starting when one went may have made it again."""
    global _ended  # noqa: PLW0603
    with _lock:
        _ended = True
    end_commands()
    deadline = monotonic() + _SECONDS
    while left := [path for path in _made if path.exists()]:
        for path in left:
            shutil.rmtree(path, ignore_errors=True)
        if monotonic() > deadline:
            return
        sleep(0.01)
