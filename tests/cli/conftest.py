"""A job in whose environment the commands run."""

import pytest

from service.serving import Job, Served


@pytest.fixture
def job(served: Served, rest_alone: pytest.MonkeyPatch) -> Job:
    """A job on main of a repository of its own, in whose environment we run."""
    return served.job("main").enter(rest_alone)
