"""What goes when room or time runs out."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from dockcache_tui.actions_service.caches import DAY_NS
from dockcache_tui.actions_service.home import Home
from dockcache_tui.actions_service.service import Service, Settings
from dockcache_tui.core.instant import Instant
from service.serving import Job, Served

KB = b"x" * 1000


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[Job]:
    """Run a service and yield a job of it."""
    served = Served(folder, *options)
    try:
        yield served.job("main", repo="tests/served")
    finally:
        served.stop()


def blobs(job: Job) -> int:
    """Return how many blobs are on disk."""
    return len(list(job.served.home.blobs.iterdir()))


def aged(home: Home, key: str, days: float) -> None:
    """Make an entry's last access so many days old."""
    with closing(sqlite3.connect(home.database)) as sql, sql:
        then = Instant.now().ns - int(days * DAY_NS)
        assert sql.execute("UPDATE cache SET accessed = ? WHERE key = ?", (then, key)).rowcount == 1


def test_the_least_recently_accessed_goes_first(tmp_path: Path) -> None:
    """Saving beyond the limit succeeds, then the least recently accessed go, whatever their age or branch."""
    with serving(tmp_path, "--limit", "4kB") as job:
        for key in ("a", "b"):
            job.save(key, KB)
        job.also("topic").save("c", KB)
        job.save("d", KB)
        assert job.restore("a") == ("a", KB)
        job.save("e", KB)
        assert job.keys() == ["a", "c", "d", "e"]
        job.save("big", KB * 2)
        assert job.keys() == ["a", "e", "big"]
        assert blobs(job) == 3


def test_other_repositories_are_not_charged(tmp_path: Path) -> None:
    """Each repository has the limit to itself."""
    with serving(tmp_path, "--limit", "1kB") as job:
        other = job.served.job("main")
        job.save("a", KB)
        other.save("b", KB)
        assert (job.keys(), other.keys()) == (["a"], ["b"])


def test_a_lower_limit_evicts_at_once(tmp_path: Path) -> None:
    """Started with a lower limit, the service evicts down to it, the least recently accessed first."""
    with serving(tmp_path) as job:
        for key in "abcde":
            job.save(key, KB)
        job.restore("a")
    with serving(tmp_path, "--limit", "2500B") as job:
        assert job.keys() == ["a", "e"]
        assert blobs(job) == 2


def test_what_nobody_restores_goes(tmp_path: Path) -> None:
    """An entry without access for the retention's days goes, an older one that was accessed stays."""
    with serving(tmp_path) as job:
        for key in "abc":
            job.save(key, KB)
    aged(job.served.home, "a", 3.1)
    aged(job.served.home, "b", 2.9)
    with serving(tmp_path, "--retention", "3") as job:
        assert job.keys() == ["b", "c"]
        aged(job.served.home, "b", 1.5)
        assert job.rest("actions/cache/retention-limit", "PUT", json={"max_cache_retention_days": 1}).status_code == 204
        assert job.keys() == ["c"]
        assert blobs(job) == 1


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A service in this process, without its server."""
    home = Home(tmp_path / "data")
    home.make()
    opened = Service.open(Settings(home, "tests/served", tmp_path))
    yield opened
    opened.sql.close()


def test_an_abandoned_reservation_is_freed_in_a_day(service: Service) -> None:
    """A reservation that nobody finishes holds its key for a day, no longer."""
    place = ("tests/served", "refs/heads/main", "deps", "0" * 64)
    _, blob = service.caches.reserve(*place)
    service.upload_url("http://x/", blob)
    service.tidy()
    assert service.caches.reserved(*place)
    service.sql.execute("UPDATE cache SET created = created - ?", (DAY_NS + 1,))
    service.tidy()
    assert service.caches.reserved(*place) is None
    assert service.caches.reserve(*place)
