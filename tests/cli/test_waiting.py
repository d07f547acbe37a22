"""Waits of the command line: told, and ended at once."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from threading import Event, Thread
from time import sleep
from uuid import uuid4

import pytest

from dockcache_tui.cli import waiting
from dockcache_tui.cli.main import run
from dockcache_tui.cli.output import narrate
from dockcache_tui.cli.waiting import interrupted_by
from dockcache_tui.core.errors import SourceError
from dockcache_tui.lab.engine import Engine
from dockcache_tui.sources.buildx_files import read_builder
from dockcache_tui.sources.docker_cli import Docker
from processes import ends
from sources.control_server import scripted_docker
from sources.github_server import Asked, Reply, cache_json, page_of, serving
from sources.layout_making import as_folder, sample
from sources.silent import answering

COMMAND = [sys.executable, "-c", "from dockcache_tui.cli.main import main; main()"]


def test_a_wait_is_told_while_it_lasts(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What lasts is told by name, again and again; what is quick is not; results and errors come through."""
    monkeypatch.setattr(waiting, "FIRST", 0.2)
    monkeypatch.setattr(waiting, "AGAIN", 0.2)
    told, twice = list[str](), Event()

    def tell(text: str) -> None:
        narrate(text)
        told.append(text.partition(": ")[0])
        if len(told) == 2:
            twice.set()

    monkeypatch.setattr(waiting, "narrate", tell)
    assert waiting.wait_for("the slow one", lambda: twice.wait(60) and 7) == 7
    assert told[:2] == ["Waiting for the slow one"] * 2
    assert capsys.readouterr().err.startswith("Waiting for the slow one: ")
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


def interrupted(words: list[str], environment: Mapping[str, str], folder: Path, what: str = "aiting") -> list[str]:
    """Run a command until it tells what it waits for, and interrupt it; returns what it said, from there."""
    whole = {**os.environ, **environment, "DOCKCACHE_DATA": str(folder / "data")}
    with subprocess.Popen([*COMMAND, *words], env=whole, stderr=subprocess.PIPE, cwd=folder, text=True) as process:
        try:
            assert process.stderr
            first = next(line for line in process.stderr if what in line)
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 130, (words, process.stderr.read())
            rest = process.stderr.read()
            assert "Traceback" not in rest
            return [first, *rest.splitlines()]
        finally:
            process.kill()


def test_ctrl_c_ends_every_wait(tmp_path: Path) -> None:
    """A server that never answers and a docker that hangs are both told within a moment, and left by ctrl+c at once.

    The docker command and what it started are gone too.
    """
    docker = scripted_docker(tmp_path, f"#!/bin/sh\nsleep 600 & echo $! > {tmp_path}/child; wait\n").environment
    with answering(b"") as port:
        github = {"GITHUB_API_URL": f"http://127.0.0.1:{port}", "GITHUB_REPOSITORY": "octo/app", "GITHUB_TOKEN": "x"}
        (tmp_path / "compose.yaml").write_text("services: {app: {build: .}}")
        (tmp_path / "Dockerfile").write_text("FROM scratch\n")
        archive = tmp_path / "archive"
        as_folder(sample(), archive)
        commands = (
            (["records"], docker, "Docker"),
            (["rebuild"], docker, "what to build"),
            (["rebuild", "-f", "compose.yaml"], docker, "the build to start"),
            (["rebuild", "-f", "Dockerfile"], docker, "the builder"),
            (["archive", "load", str(archive)], docker, "Loading archive"),
            (["archive", "save", "busybox", "saved.tar"], docker, "Saving busybox"),
            (["caches"], github, "127.0.0.1"),
            (["artifacts"], github, "127.0.0.1"),
        )
        for words, environment, what in commands:
            interrupted(words, environment, tmp_path, what)
    assert not [*tmp_path.glob("saved*")]
    child = int((tmp_path / "child").read_text())
    assert ends(child)


def test_ctrl_c_over_and_over(tmp_path: Path) -> None:
    """Who presses it again while the command ends sees no traceback, and the exit code stays."""
    docker = scripted_docker(tmp_path, "#!/bin/sh\nexec sleep 600\n").environment
    whole = {**os.environ, **docker, "DOCKCACHE_DATA": str(tmp_path / "data")}
    with subprocess.Popen([*COMMAND, "records"], env=whole, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr
            assert process.stderr.readline().startswith("Waiting for ")
            while process.poll() is None:
                process.send_signal(signal.SIGINT)
                sleep(0.002)
            assert process.returncode == 130
            assert process.stderr.read().strip() == ""
        finally:
            process.kill()


ARTIFACT = {
    "id": 7,
    "name": "log",
    "size_in_bytes": 9,
    "created_at": "2026-11-01T00:00:00Z",
    "expires_at": "2027-11-01T00:00:00Z",
    "expired": False,
    "digest": None,
    "workflow_run": {"id": 1, "head_branch": "main", "head_sha": "0" * 40},
}


def hanging(asked: Asked) -> Reply:
    """List two caches and an artifact, and never answer a delete or a download."""
    if asked.method == "DELETE" or asked.path == "/stored":
        return Reply(delay=600)
    if asked.path.endswith("/caches"):
        rows = [cache_json(number) for number in (1, 2)]
        return page_of(asked, "", [one for one in rows if asked.query.get("key", one["key"]) == one["key"]])
    if asked.path.endswith("/artifacts"):
        return Reply({"total_count": 1, "artifacts": [ARTIFACT]})
    if asked.path.endswith("/artifacts/7"):
        return Reply(ARTIFACT)
    if asked.path.endswith("/zip"):
        return Reply(status=302, headers={"location": f"http://{asked.headers['host']}/stored"})
    return Reply({} if asked.path.endswith("/app") else [])


@pytest.mark.parametrize("waits", [waiting.telling, waiting.progress])
def test_an_interrupt_as_a_wait_begins(
    waits: Callable[[str], AbstractContextManager[object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing tells of a wait for ever where ctrl+c came just as its thread was started."""
    started = list[Thread]()

    class Interrupted(Thread):
        def start(self) -> None:
            super().start()
            started.append(self)
            raise KeyboardInterrupt

    monkeypatch.setattr(waiting, "Thread", Interrupted)
    with pytest.raises(KeyboardInterrupt), waits("a test"):
        pass
    (thread,) = started
    thread.join(10)
    assert not thread.is_alive()


@pytest.mark.parametrize(
    ("words", "what", "account"),
    [
        (["caches", "delete", "2", "1", "--yes"], "Waiting for 127.0.0.1", ["unknown", "not tried"]),
        (["artifacts", "delete", "7", "--yes"], "Waiting for 127.0.0.1", ["unknown"]),
    ],
)
def test_ctrl_c_ends_a_delete(words: list[str], what: str, account: list[str], tmp_path: Path) -> None:
    """One that nobody answers is told and ends at once, with what became of each thing."""
    with serving(hanging) as github:
        own = {"GITHUB_API_URL": github.address, "GITHUB_REPOSITORY": "octo/app", "GITHUB_TOKEN": "ghs_0123456789"}
        told = interrupted(words, own, tmp_path)
    assert told[0].startswith(what)
    assert sum(line.startswith("Deleted 0 ") for line in told) == 1
    audit = [json.loads(line) for line in (tmp_path / "data" / "audit.jsonl").read_text().splitlines()]
    assert list({one["id"]: one["what"] for one in audit}.values()) == account


def test_ctrl_c_ends_a_download(tmp_path: Path) -> None:
    """One that nobody answers is told and ends at once."""
    with serving(hanging) as github:
        own = {"GITHUB_API_URL": github.address, "GITHUB_REPOSITORY": "octo/app", "GITHUB_TOKEN": "ghs_0123456789"}
        assert interrupted(["artifacts", "download", "log"], own, tmp_path)[0].startswith("Downloading log: waiting")


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
    assert planned["totals"]["count"] == 1
    assert run([*prune, "--yes"]) == 1
    told = capsys.readouterr()
    done = json.loads(told.out)
    assert done["totals"]["pruned"] == planned["totals"]["count"]
    assert {one["outcome"] for one in done["items"] if one["action"] == "prune"} == {"freed"}
    assert f"{half_dead}-down: Can't reach the builder: nothing answers at tcp://127.0.0.1:1" in told.err
    assert run(prune) == 1
    assert json.loads(capsys.readouterr().out)["totals"]["count"] == 0


@pytest.mark.parametrize("nohup", [False, True])
def test_what_asks_to_end(nohup: bool) -> None:  # noqa: FBT001
    """ctrl+c, a request to end and a closed terminal are heard, but under nohup the last is not."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    heard = list[int]()
    outside = signal.SIG_IGN if nohup else signal.SIG_DFL
    try:
        signal.signal(signal.SIGHUP, outside)
        for number in numbers:
            with interrupted_by(partial(heard.append, number)):
                os.kill(os.getpid(), number)
        assert heard == list(numbers[: 2 if nohup else 3])
        assert signal.getsignal(signal.SIGHUP) is outside
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
