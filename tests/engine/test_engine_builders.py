"""Builders of every driver on the real engine."""

import re
import subprocess
from pathlib import Path
from uuid import uuid4

import pytest

from dockcache_tui.lab.engine import Engine
from dockcache_tui.lab.engine.images import BUILDKIT

STEPS = {"COPY word /word", "RUN cat /word >/copy"}


def _docker(engine: Engine, *words: str) -> str:
    argv = ("docker", *words)
    done = subprocess.run(argv, env=engine.variables, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def _buildx(engine: Engine, *words: str) -> str:
    return _docker(engine, "buildx", *words)


def _cached(said: str) -> set[str]:
    """Return the instructions that plain progress calls CACHED: FROM is one or not, as the engine's past has it."""
    names: dict[str, str] = dict(re.findall(r"^#(\d+) \[[^\]]+\] (.+)$", said, re.MULTILINE))
    return {names[number] for number in re.findall(r"^#(\d+) CACHED$", said, re.MULTILINE) if number in names}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that no builder has seen."""
    (tmp_path / "Dockerfile").write_text("FROM busybox\nCOPY word /word\nRUN cat /word >/copy\n")
    (tmp_path / "word").write_text(uuid4().hex)
    return tmp_path


@pytest.mark.parametrize("builder", ["docker_builder", "container_builder", "remote_builder", "two_node_builder"])
def test_every_driver_builds_and_keeps_records(
    builder: str, engine: Engine, project: Path, request: pytest.FixtureRequest
) -> None:
    """A build adds records, and the same build again is cached."""
    name = request.getfixturevalue(builder)
    build = ("build", "--builder", name, "--progress", "plain", str(project))
    first = _buildx(engine, *build)
    assert STEPS.isdisjoint(_cached(first)), first
    assert "cat /word" in _buildx(engine, "du", "--verbose", "--builder", name)
    again = _buildx(engine, *build)
    assert _cached(again) >= STEPS, again


def test_layers_are_unpacked_as_in_buildkits_own_image(engine: Engine, container_builder: str) -> None:
    """BuildKit finds the program by which it unpacks faster than by itself, and that runs there."""
    image = BUILDKIT[0 if engine.owned else 1]
    assert container_builder
    assert _docker(engine, "run", "--rm", "--entrypoint", "unpigz", image, "--version").startswith("pigz ")
