"""Holds requests back while GitHub asks to wait, for every thread at once."""

import re
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from threading import Event, Lock
from time import monotonic, time

from dockcache_tui.core.instant import Instant
from dockcache_tui.sources.ending import check
from dockcache_tui.sources.github.errors import GitHubError, said
from dockcache_tui.sources.github.protocol import ApiBudget

_SECOND = 10**9
_SECONDARY = 60.0
"""Seconds to wait when GitHub asks for a wait and does not say how long; doubled each time."""
_LOOK = 0.1
"""Seconds between two looks at whether the wait is to end."""
_MINUTE, _POINTS = 60.0, 900
"""How much may be asked in a minute: reading costs one point, changing something five."""


@dataclass(frozen=True, slots=True)
class AskedWait:
    """How long a refusal asks to wait, and in what words."""

    seconds: float
    reason: str


def asked_wait(status: int, headers: Mapping[str, str], body: bytes, attempt: int) -> AskedWait | None:
    """Return the wait that a refusal asks for, None when it is another refusal.

    As in GitHub's "Rate limits for the REST API": Retry-After, else until the reset, else a minute, doubled each time.
    """
    words = said(body)
    after = _retry_after(headers)
    spent = headers.get("X-RateLimit-Remaining") == "0"
    if status != 429 and not (status == 403 and (after is not None or spent or "rate limit" in words.lower())):
        return None
    reason = words or "too many requests"
    if after is not None:
        return AskedWait(after, reason)
    reset = _number(headers, "X-RateLimit-Reset")
    if spent and reset is not None:
        return AskedWait(max(1.0, reset - _clock(headers) + 1), reason)
    return AskedWait(_SECONDARY * 2**attempt, reason)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    seconds = _number(headers, "Retry-After")
    moment = None if seconds is not None else _date(headers.get("Retry-After", ""))
    return seconds if moment is None else max(0.0, moment - _clock(headers))


def _clock(headers: Mapping[str, str]) -> float:
    """Return the server's time, as its resets are told by it."""
    return _date(headers.get("Date", "")) or time()


def _date(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None


def _number(headers: Mapping[str, str], name: str) -> int | None:
    value = headers.get(name, "")
    return int(value) if re.fullmatch("[0-9]{1,15}", value) else None


class Gate:
    """Lets requests through unless GitHub asked to wait. Safe to use from any thread."""

    def __init__(self, patience: float, on_wait: Callable[[AskedWait], None] | None = None) -> None:
        """Wait at most `patience` seconds at a time; `on_wait` is told of each wait that begins."""
        self._patience = patience
        self._on_wait = on_wait
        self._opens = 0.0
        self._asked = deque[tuple[float, int]]()
        self._closed = Event()
        self._lock = Lock()
        self._budget = ApiBudget()

    @property
    def budget(self) -> ApiBudget:
        """Return what GitHub said last of the budget, and of a wait that is under way."""
        with self._lock:
            waits = self._budget.waits_until
            if waits is not None and monotonic() >= self._opens:
                self._budget = replace(self._budget, waits_until=None, reason="")
            return self._budget

    def note(self, headers: Mapping[str, str]) -> None:
        """Learn the budget from an answer."""
        remaining = _number(headers, "X-RateLimit-Remaining")
        if remaining is None:
            return
        with self._lock:
            self._budget = replace(self._budget, remaining=remaining)

    def hold(self, wait: AskedWait) -> None:
        """Let nothing through for a while; raises GitHubError when that is longer than anybody waits here."""
        with self._lock:
            opens = monotonic() + wait.seconds
            begins = opens > self._opens + 1
            if opens > self._opens:
                self._opens = opens
                until = Instant(Instant.now().ns + round(wait.seconds * _SECOND))
                self._budget = replace(self._budget, waits_until=until, reason=wait.reason)
        self._bear(wait.seconds)
        if begins and self._on_wait:
            self._on_wait(wait)

    def enter(self, points: int = 1) -> None:
        """Return when a request of so many points may be sent; raises GitHubError once closed, or for a long wait."""
        while not self._closed.is_set():
            with self._lock:
                left = self._opens - monotonic()
                full = self._full(points) if left <= 0 else 0.0
                if left <= 0 and not full:
                    self._asked.append((monotonic(), points))
                    return
            if full:
                self.hold(AskedWait(full, f"it allows {_POINTS} points a minute"))
            else:
                self._bear(left)
                self._closed.wait(min(left, _LOOK))
                check()
        raise GitHubError("the connection was closed")

    def _full(self, points: int) -> float:
        """Return in how many seconds there is room for so many points again; 0 when there is."""
        now = monotonic()
        while self._asked and self._asked[0][0] <= now - _MINUTE:
            self._asked.popleft()
        if sum(cost for _, cost in self._asked) + points <= _POINTS:
            return 0.0
        return self._asked[0][0] + _MINUTE - now

    def _bear(self, seconds: float) -> None:
        """Raise GitHubError for a wait that is longer than anybody's patience here."""
        if seconds > self._patience:
            budget = self.budget
            hint = f"The limit is lifted at {budget.waits_until}."
            raise GitHubError(f"GitHub asks to wait: {budget.reason}", hint=hint, title="Rate limit", status=429)

    def close(self) -> None:
        """Let nothing through any more, and wake whoever waits."""
        self._closed.set()
