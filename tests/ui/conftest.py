"""A local Actions service for the tests that look at one; each job has a repository of its own in it."""

from pathlib import Path

import pytest

from service.serving import Job, Served
from ui.house import House
from ui.owning import owned_house


@pytest.fixture(autouse=True)
def crash_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep what a defect leaves away from the user's own folders."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def job(served: Served, rest_alone: pytest.MonkeyPatch) -> Job:
    """A job on main of a repository of its own, which the app reads."""
    return served.job("main").enter(rest_alone)


@pytest.fixture
def owned(monkeypatch: pytest.MonkeyPatch) -> House:
    """A house of two projects, opened in one of them, whose records stand on one base; one is of nobody known."""
    return owned_house(monkeypatch)
