"""A local Actions service for the tests that look at one; each job has a repository of its own in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.serving import Job, Served
from ui.caches_bench import look_at


@pytest.fixture(autouse=True)
def crash_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep what a defect leaves away from the user's own folders."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A running service."""
    service = Served(tmp_path_factory.mktemp("caches"))
    yield service
    service.stop()


@pytest.fixture
def rest_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment in which nothing of a job or a user reaches the app: it has REST alone."""
    for name in ("GH_TOKEN", "GH_HOST", "ACTIONS_RUNTIME_TOKEN", "ACTIONS_RESULTS_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKCACHE_DATA", str(tmp_path / "audit"))
    return monkeypatch


@pytest.fixture
def job(served: Served, rest_alone: pytest.MonkeyPatch) -> Job:
    """A job on main of a repository of its own, which the app reads."""
    job = served.job("main")
    look_at(rest_alone, served.address, job.repo, job.rest_token)
    return job
