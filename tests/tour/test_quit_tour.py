"""`q` ends the app at once, whatever it waits for."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from time import monotonic
from uuid import uuid4

import pytest

from dockcache_tui.lab.engine import Engine, Remote
from dockcache_tui.sources.docker_cli import Docker
from sources.silent import answering, full
from tour.scratch import Scratch
from tour.terminal import Open, Terminal


@pytest.fixture
def frozen(engine: Engine, killable_builder: Remote) -> Iterator[str]:
    """A builder whose daemon stands still; yields its name."""
    docker = Docker(engine.variables)
    docker.run("kill", "--signal=STOP", *killable_builder.nodes)
    yield killable_builder.name
    docker.run("kill", "--signal=CONT", *killable_builder.nodes)


@pytest.fixture
def dead(engine: Engine) -> Iterator[str]:
    """A builder at a TCP address that swallows packets; yields its name."""
    docker, name = Docker(engine.variables), f"dockcache-dead-{uuid4().hex[:8]}"
    with full() as port:
        docker.run("buildx", "create", "--name", name, "--driver", "remote", f"tcp://127.0.0.1:{port}")
        yield name
        docker.run("buildx", "rm", name)


def leave(terminal: Terminal) -> float:
    """Press q and return the seconds until the shell is back."""
    began = monotonic()
    terminal.press("q")
    terminal.see("^ready>$")
    spent = monotonic() - began
    terminal.close()
    return spent


def test_q_waits_for_nobody(
    engine: Engine, container_builder: str, frozen: str, dead: str, open_app: Open, tmp_path: Path
) -> None:
    """A frozen daemon, a dead host and a port that never speaks TLS keep it no longer than nothing does."""
    project = Scratch.make(engine, container_builder, tmp_path)
    terminal = open_app(project, 120, 40)
    terminal.see("● ")
    idle = leave(terminal)
    for builder in (frozen, dead):
        terminal = open_app(replace(project, builder=builder), 120, 40)
        terminal.see(r"◌ reading records \ds", "◌ connecting|✗ no engine")
        assert leave(terminal) < 5 * idle + 5
    with answering(b"") as port:
        own = {"GITHUB_API_URL": f"https://127.0.0.1:{port}", "GITHUB_REPOSITORY": "octo/app", "GITHUB_TOKEN": "x" * 20}
        terminal = open_app(project, 120, 40, **own)
        terminal.see("● ")
        terminal.press("3")
        terminal.see(r"◌ reading caches \ds")
        assert leave(terminal) < 5 * idle + 5
