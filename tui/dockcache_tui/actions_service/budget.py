"""REST's primary rate limit: so many requests an hour for each token."""

from dataclasses import dataclass, field
from time import time

LIMIT = 5000
_HOUR = 3600


@dataclass(slots=True)
class _Window:
    reset: int
    used: int = 0


@dataclass(slots=True)
class Budget:
    """What each token used in its hour."""

    windows: dict[str, _Window] = field(default_factory=dict)

    def left(self, token: str) -> bool:
        """Tell whether a token has a request left in its hour."""
        return self._window(token).used < LIMIT

    def spend(self, token: str) -> None:
        """Take one request from a token's hour."""
        self._window(token).used += 1

    def headers(self, token: str) -> dict[str, str]:
        """Return GitHub's headers; the reset is in seconds since the epoch."""
        window = self._window(token)
        used = window.used
        return {
            "x-ratelimit-limit": str(LIMIT),
            "x-ratelimit-remaining": str(max(0, LIMIT - used)),
            "x-ratelimit-used": str(used),
            "x-ratelimit-reset": str(window.reset),
            "x-ratelimit-resource": "core",
        }

    def _window(self, token: str) -> _Window:
        now = int(time())
        window = self.windows.get(token)
        if window is None or window.reset <= now:
            window = self.windows[token] = _Window(now + _HOUR)
        return window
