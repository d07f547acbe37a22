"""A service for the tests that only need one; each test has a repository of its own in it."""

import pytest

from service.serving import Job, Served


@pytest.fixture
def job(served: Served) -> Job:
    """A job on main of a repository of its own."""
    return served.job("main")
