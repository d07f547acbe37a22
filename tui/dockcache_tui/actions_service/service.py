"""What the service is made of, and what outlasts one request: blobs on disk, limits, URLs."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from time import time
from urllib.parse import urlencode

from dockcache_tui.actions_service.access import BlobAccess, Signer
from dockcache_tui.actions_service.artifacts import Artifacts
from dockcache_tui.actions_service.caches import DAY_NS, Cache, Caches
from dockcache_tui.actions_service.home import Home
from dockcache_tui.actions_service.staging import Staging
from dockcache_tui.core.caches.cache import GB
from dockcache_tui.core.errors import SourceError
from dockcache_tui.core.instant import Instant

_SCHEMA = """
CREATE TABLE IF NOT EXISTS repo (name TEXT PRIMARY KEY) STRICT;
CREATE TABLE IF NOT EXISTS cache (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  repo TEXT NOT NULL, ref TEXT NOT NULL, key TEXT NOT NULL, version TEXT NOT NULL,
  blob TEXT NOT NULL UNIQUE,
  size INTEGER,
  created INTEGER NOT NULL, accessed INTEGER NOT NULL,
  UNIQUE (repo, ref, version, key)
) STRICT;
CREATE INDEX IF NOT EXISTS cache_created ON cache (repo, created, id) WHERE size IS NOT NULL;
CREATE INDEX IF NOT EXISTS cache_accessed ON cache (repo, accessed, id) WHERE size IS NOT NULL;
CREATE TABLE IF NOT EXISTS artifact (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  repo TEXT NOT NULL, run INTEGER NOT NULL, job TEXT NOT NULL, name TEXT NOT NULL,
  branch TEXT NOT NULL, sha TEXT NOT NULL,
  blob TEXT NOT NULL UNIQUE,
  size INTEGER,
  digest TEXT NOT NULL DEFAULT '', type TEXT NOT NULL,
  created INTEGER NOT NULL, expires INTEGER NOT NULL, expired INTEGER NOT NULL DEFAULT 0,
  UNIQUE (repo, run, name)
) STRICT;
"""
"""A row without a size is a reservation: nobody sees it. Times are ns since the epoch, sizes bytes."""
LIMIT = 5000
_HOUR = 3600
UPLOAD_SECONDS, DOWNLOAD_SECONDS = 3600, 600


def open_database(path: Path) -> sqlite3.Connection:
    """Open the file, forgetting reservations of an earlier process; raises SourceError when it is not ours."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.create_function("starts_with", 2, str.startswith, deterministic=True)
    try:
        # A blob is durable before its row is; NORMAL then only ever loses rows, and their blobs are swept.
        connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;" + _SCHEMA)
        connection.executescript("DELETE FROM cache WHERE size IS NULL; DELETE FROM artifact WHERE size IS NULL;")
    except sqlite3.DatabaseError as error:
        connection.close()
        raise SourceError(f"{path} can't be used: {error}", hint="Name another folder with --data.") from error
    return connection


def sweep(connection: sqlite3.Connection, blobs: Path) -> None:
    """Delete the blobs that no row names: their process ended between file and row."""
    known = {row["blob"] for table in ("cache", "artifact") for row in connection.execute(f"SELECT blob FROM {table}")}  # noqa: S608
    for blob in blobs.iterdir():
        if blob.name not in known:
            blob.unlink()


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
        sql = open_database(home.database)
        sweep(sql, home.blobs)
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
