"""A terminal in which the real app is started on a real engine."""

from collections.abc import Iterator
from contextlib import ExitStack
from uuid import uuid4

import pytest

from processes import none_left
from tour.scratch import Scratch
from tour.terminal import BINARY, Open, Terminal


@pytest.fixture
def open_app() -> Iterator[Open]:
    """A function that starts the app on a project in a terminal of a size; all are closed in the end, and all ends."""
    tour = {"DOCKCACHE_TEST_TOUR": uuid4().hex}
    with ExitStack() as stack:

        def start(project: Scratch, width: int, height: int, *options: str, **environment: str) -> Terminal:
            terminal = Terminal(width, height, {**project.environment, **tour, **environment}, project.folder)
            stack.callback(terminal.close)
            terminal.greet()
            terminal.run(BINARY, "--builder", project.builder, *options)
            return terminal

        yield start
    none_left(*tour.values())
