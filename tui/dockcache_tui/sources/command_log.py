"""Every command and request the app made, for its own log view."""

import re
import shlex
from collections import OrderedDict
from dataclasses import dataclass, replace
from itertools import count
from threading import Lock
from time import monotonic

from dockcache_tui.core.instant import Instant
from dockcache_tui.sources import secret

_SECRET = re.compile(r"(?i)((?:token|password|passwd|(?<!--)secret|secret_access_key|access_key_id)=)[^,\s]+")
_USER = re.compile(r"(://)[^/@\s]+@")


@dataclass(frozen=True, slots=True)
class LoggedCommand:
    """One command; `duration` (seconds) and `exit_code` (a request's HTTP status) are None while it runs."""

    argv: tuple[str, ...]
    started_at: Instant
    duration: float | None = None
    exit_code: int | None = None

    def __str__(self) -> str:
        """Return the words quoted as a shell would need them."""
        return shlex.join(self.argv)


class CommandLog:
    """The newest commands, oldest first; safe to use from any thread. Secrets in words are masked as they come in."""

    def __init__(self, limit: int = 1000) -> None:
        """Keep at most `limit` commands."""
        self._limit = limit
        self._numbers = count()
        self._lock = Lock()
        self._commands: OrderedDict[int, tuple[LoggedCommand, float]] = OrderedDict()

    def start(self, argv: tuple[str, ...]) -> int:
        """Note that a command starts, and return its number for `finish`."""
        entry = LoggedCommand(tuple(masked(word) for word in argv), Instant.now())
        with self._lock:
            number = next(self._numbers)
            self._commands[number] = (entry, monotonic())
            if len(self._commands) > self._limit:
                self._commands.popitem(last=False)
        return number

    def finish(self, number: int, exit_code: int) -> None:
        """Note how a command ended; one that was dropped meanwhile is let go."""
        with self._lock:
            if number in self._commands:
                entry, began = self._commands[number]
                self._commands[number] = (replace(entry, duration=monotonic() - began, exit_code=exit_code), began)

    def entries(self) -> tuple[LoggedCommand, ...]:
        """Return the commands kept, oldest first."""
        with self._lock:
            return tuple(entry for entry, _ in self._commands.values())


def masked(word: str) -> str:
    """Return a word of a command line without what looks like a secret."""
    return secret.masked(_USER.sub(r"\1***@", _SECRET.sub(r"\1***", word)))
