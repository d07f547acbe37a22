"""What the cases stand in, once for all of them."""

from collections.abc import Iterator

import pytest

from dockcache_tui.lab import engine as lab
from why.surroundings import Surroundings, surroundings

OLDER = "v0.25.2"
"""Its daemon tells its keys, and computes some differently."""


@pytest.fixture(scope="session")
def around(engine: lab.Engine) -> Iterator[Surroundings]:
    """A builder, a registry, a web server and a git server that the cases have to themselves."""
    with surroundings(engine) as started:
        yield started


@pytest.fixture(scope="session")
def around_older(engine: lab.Engine) -> Iterator[Surroundings]:
    """The same with an older BuildKit, which is compiled on first use."""
    with surroundings(engine, OLDER) as started:
        yield started
