"""A service for the tests that only need one; each test has a repository of its own in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.serving import Job, Served


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A running service."""
    service = Served(tmp_path_factory.mktemp("service"))
    yield service
    service.stop()


@pytest.fixture
def job(served: Served) -> Job:
    """A job on main of a repository of its own."""
    return served.job("main")


@pytest.fixture
def own_service(tmp_path: Path) -> Iterator[Served]:
    """A running service that the test may have to itself."""
    service = Served(tmp_path)
    yield service
    service.stop()
