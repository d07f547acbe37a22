"""Waits of the command line: told, and ended at once."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from uuid import uuid4

import pytest

from dockcache_tui.cli import waiting
from dockcache_tui.cli.main import run
from dockcache_tui.core.errors import SourceError
from dockcache_tui.lab.engine import Engine
from dockcache_tui.sources.buildx_files import read_builder
from dockcache_tui.sources.docker_cli import Docker
from sources.control_server import scripted_docker
from sources.silent import answering

COMMAND = [sys.executable, "-c", "from dockcache_tui.cli.main import main; main()"]


def test_a_wait_is_told_while_it_lasts(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What lasts is told by name, again and again; what is quick is not; results and errors come through."""
    monkeypatch.setattr(waiting, "FIRST", 0.2)
    monkeypatch.setattr(waiting, "AGAIN", 0.2)
    over = Event()

    def slow() -> int:
        over.wait(1.0)
        return 7

    assert waiting.wait_for("the slow one", slow) == 7
    said = capsys.readouterr().err
    assert said.startswith("Waiting for the slow one: ")
    assert said.count("\n") >= 2
    monkeypatch.setattr(waiting, "FIRST", 60.0)
    assert waiting.wait_for("the quick one", lambda: 8) == 8

    def things() -> Iterator[int]:
        yield 1
        raise SourceError("broken")

    coming = waiting.each("things", things())
    assert next(coming) == 1
    with pytest.raises(SourceError, match="broken"):
        next(coming)
    assert list(waiting.each("nothing", ())) == []

    def its_own() -> None:
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        waiting.wait_for("one that times out", its_own)
    assert capsys.readouterr().err == ""


def test_ctrl_c_ends_every_wait(tmp_path: Path) -> None:
    """A server that never answers and a docker that hangs are both told within a moment, and left by ctrl+c at once.

    The docker command and what it started are gone too.
    """
    docker = scripted_docker(tmp_path, f"#!/bin/sh\nsleep 600 & echo $! > {tmp_path}/child; wait\n").environment
    with answering(b"") as port:
        github = {"GITHUB_API_URL": f"http://127.0.0.1:{port}", "GITHUB_REPOSITORY": "octo/app", "GITHUB_TOKEN": "x"}
        (tmp_path / "compose.yaml").write_text("services: {app: {build: .}}")
        commands = ((["records"], docker), (["rebuild"], docker), (["caches"], github), (["artifacts"], github))
        for words, environment in commands:
            whole = {**os.environ, **environment, "DOCKCACHE_DATA": str(tmp_path / "data")}
            with subprocess.Popen(
                [*COMMAND, *words], env=whole, stderr=subprocess.PIPE, cwd=tmp_path, text=True
            ) as process:
                try:
                    assert process.stderr
                    assert process.stderr.readline().startswith("Waiting for ")
                    process.send_signal(signal.SIGINT)
                    assert process.wait(60) == 130
                    assert "Traceback" not in process.stderr.read()
                finally:
                    process.kill()
    child = Path(f"/proc/{(tmp_path / 'child').read_text().strip()}/status")
    assert not child.exists() or "State:\tZ" in child.read_text()


@pytest.fixture
def half_dead(engine: Engine, two_node_builder: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A builder of one node that answers and one that nobody is at; yields its name."""
    docker, name = Docker(engine.variables), f"dockcache-half-{uuid4().hex[:8]}"
    file = read_builder(engine.variables, two_node_builder)
    assert file
    words = ("buildx", "create", "--name", name, "--driver", "remote")
    docker.run(*words, "--node", f"{name}-up", str(file.nodes[0]["Endpoint"]))
    docker.run(*words, "--append", "--node", f"{name}-down", "tcp://127.0.0.1:1")
    for variable, value in engine.environment.items():
        monkeypatch.setenv(variable, value)
    yield name
    docker.run("buildx", "rm", name)


@pytest.mark.parametrize("words", [["records"], ["records", "prune", "--filter", "size>0"], ["builds"]])
def test_a_node_that_is_down_is_told(
    words: list[str],
    half_dead: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Lists and plans name the node that is down and why, show what the other one has, and end with 1."""
    monkeypatch.setenv("DOCKCACHE_DATA", str(tmp_path))
    assert run([*words, "--builder", half_dead, "--json"]) == 1
    told = capsys.readouterr()
    assert f"{half_dead}-down: Can't reach the builder: nothing answers at tcp://127.0.0.1:1" in told.err
    assert f"{half_dead}-up" not in told.err
    assert json.loads(told.out)["schema"] == 1


def test_a_node_that_is_down_stops_no_prune_of_the_other(
    engine: Engine,
    half_dead: str,
    two_node_builder: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The records of the node that answers go, the one that is down is told, and the exit code is 1."""
    monkeypatch.setenv("DOCKCACHE_DATA", str(tmp_path / "data"))
    mark = f"half-{uuid4().hex}"
    (tmp_path / "Dockerfile").write_text(f"FROM scratch\nWORKDIR /{mark}\n")
    words = ("buildx", "build", "--builder", two_node_builder, "--platform", "linux/amd64", str(tmp_path))
    Docker(engine.variables).run(*words)
    prune = ["records", "prune", "--builder", half_dead, "--filter", mark, "--json"]
    assert run(prune) == 1
    planned = json.loads(capsys.readouterr().out)
    assert planned["totals"]["count"] >= 1
    assert run([*prune, "--yes"]) == 1
    told = capsys.readouterr()
    done = json.loads(told.out)
    assert done["totals"]["pruned"] == planned["totals"]["count"]
    assert {one["outcome"] for one in done["items"] if one["action"] == "prune"} == {"freed"}
    assert f"{half_dead}-down: Can't reach the builder: nothing answers at tcp://127.0.0.1:1" in told.err
    assert run(prune) == 1
    assert json.loads(capsys.readouterr().out)["totals"]["count"] == 0
