"""What the service is made of, and what outlasts one request: blobs on disk, limits, URLs."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from time import time
from urllib.parse import urlencode

from dockcache_tui.actions_service import database
from dockcache_tui.actions_service.access import BlobAccess, Signer
from dockcache_tui.actions_service.artifacts import Artifacts
from dockcache_tui.actions_service.caches import DAY_NS, Cache, Caches
from dockcache_tui.actions_service.home import Home
from dockcache_tui.actions_service.staging import Staging
from dockcache_tui.core.caches.cache import GB
from dockcache_tui.core.instant import Instant

LIMIT = 5000
_HOUR = 3600
UPLOAD_SECONDS, DOWNLOAD_SECONDS = 3600, 600


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


@dataclass(frozen=True, slots=True)
class ServiceLimits:
    """How much a repository's caches may take in bytes, and for how many days one may go without access."""

    size: int = 10 * GB
    days: int = 7


@dataclass(frozen=True, slots=True)
class Settings:
    """What a service is asked to be; `checkout` is the folder whose git repository tells the branches."""

    home: Home
    repo: str
    checkout: Path
    limits: ServiceLimits = ServiceLimits()
    any_token: bool = False


@dataclass(frozen=True, slots=True)
class Service:
    """The parts that every request shares. All but blob I/O happens on the event loop, one request at a time."""

    settings: Settings
    signer: Signer
    sql: sqlite3.Connection
    caches: Caches
    artifacts: Artifacts
    staging: Staging
    budget: Budget = field(default_factory=Budget)
    limits: dict[str, ServiceLimits] = field(default_factory=dict)
    """What was set over REST, until the service ends."""
    started: Instant = field(default_factory=Instant.now)

    @classmethod
    def open(cls, settings: Settings) -> "Service":
        """Open a made and held home, and sweep what a killed process left."""
        home = settings.home
        sql = database.opened(home.database)
        database.sweep(sql, home.blobs)
        signer = Signer(home.secret(), any_token=settings.any_token)
        service = cls(settings, signer, sql, Caches(sql), Artifacts(sql), Staging(home.staging))
        service.note(settings.repo)
        service.tidy()
        return service

    def blob(self, name: str) -> Path:
        """Return where a finished blob is."""
        return self.settings.home.blobs / name

    def limits_of(self, repo: str) -> ServiceLimits:
        """Return a repository's limits."""
        return self.limits.get(repo, self.settings.limits)

    def note(self, repo: str) -> None:
        """Remember that there is such a repository."""
        self.sql.execute("INSERT OR IGNORE INTO repo VALUES (?)", (repo,))

    def repos(self) -> tuple[str, ...]:
        """Return the repositories there are: the one served, and those whose jobs came by."""
        return tuple(row["name"] for row in self.sql.execute("SELECT name FROM repo ORDER BY name"))

    def evict(self, repo: str) -> None:
        """Make a repository's caches keep to its limits."""
        limits = self.limits_of(repo)
        self.delete(self.caches.evict(repo, limits.size, limits.days * DAY_NS))

    def delete(self, gone: Iterable[Cache]) -> None:
        """Delete the blobs of entries that were taken away."""
        for cache in gone:
            self.blob(cache.blob).unlink(missing_ok=True)

    def tidy(self) -> None:
        """Do what time asks for: evict, expire, free abandoned reservations."""
        for repo in self.repos():
            self.evict(repo)
        for blob in (*self.caches.free_reservations(), *self.artifacts.expire()):
            self.staging.drop(blob)
            self.blob(blob).unlink(missing_ok=True)

    def upload_url(self, base: str, blob: str) -> str:
        """Begin an upload and return the URL it may be sent to; `base` ends with a slash."""
        self.staging.open(blob)
        signature = self.signer.url_signature(BlobAccess(blob, "cw"), UPLOAD_SECONDS)
        # Azure's JavaScript client wants account, container and blob in the path of an IP address.
        return f"{base}blobs/upload/{blob}?{urlencode({'sig': signature})}"

    def download_url(self, base: str, access: BlobAccess, seconds: float = DOWNLOAD_SECONDS) -> str:
        """Return the URL a blob may be read from; `base` ends with a slash."""
        signature = self.signer.url_signature(access, seconds)
        return f"{base}blobs/download/{access.blob}?{urlencode({'sig': signature})}"
