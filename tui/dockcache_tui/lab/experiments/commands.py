"""The commands of the lab's jobs: one at a time, each of which can be stopped from another thread."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

from dockcache_tui.core.errors import SourceError

_LAST_WORDS = 2_000


class StoppedError(Exception):
    """The lab was told to stop."""


class Commands:
    """Runs commands until `stop()`, which ends the one under way and lets no other begin."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._end: Callable[[], None] | None = None
        self._stopped = False

    @property
    def is_stopped(self) -> bool:
        """Tell whether `stop()` was called."""
        return self._stopped

    def stop(self) -> None:
        """End what is under way, from any thread, and return at once."""
        with self._lock:
            self._stopped = True
            if self._end:
                self._end()

    def check(self) -> None:
        """Raise StoppedError when `stop()` was called."""
        if self._stopped:
            raise StoppedError

    @contextmanager
    def ending(self, end: Callable[[], None]) -> Iterator[None]:
        """Have `stop()` call `end` while this lasts; raises StoppedError when it was called before or meanwhile."""
        with self._lock:
            self._end = end
            if self._stopped:
                end()
        try:
            yield
        finally:
            with self._lock:
                self._end = None
        self.check()

    def run(self, words: Sequence[str], environment: Mapping[str, str], folder: Path | None = None) -> str:
        """Run a command to its end and return its stdout; raises SourceError with the end of what it said."""
        self.check()
        try:
            process = subprocess.Popen(
                words,
                env=environment,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise SourceError(f"{words[0]}: {error.strerror}", title="The lab needs a command", hint=_NEEDS) from error
        with self.ending(lambda: _kill(process)):
            try:
                said, errors = process.communicate()
            except BaseException:
                _kill(process)
                process.communicate()
                raise
        if process.returncode:
            reason = (errors or said).decode(errors="replace").strip()[-_LAST_WORDS:]
            raise SourceError(
                f"`{' '.join(words[:3])}` ended with {process.returncode}: {reason}", title="A job failed"
            )
        return said.decode(errors="replace")


_NEEDS = "The experiments need git and make beside docker."


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
