"""The parts of the lab that need no engine: the line that counts, commands that stop, the sample, the service."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from threading import Event, Thread
from time import monotonic

import pytest
import requests

from dockcache_tui.core.errors import SourceError, UsageError
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.lab.experiment import Situation
from dockcache_tui.core.lab.run import LabPlan
from dockcache_tui.lab.demo import shipped_app
from dockcache_tui.lab.engine import Engine, EngineError, images
from dockcache_tui.lab.engine.process import command_line
from dockcache_tui.lab.experiments import artifact, begin, start
from dockcache_tui.lab.experiments import served as served_module
from dockcache_tui.lab.experiments.commands import Commands, StoppedError
from dockcache_tui.lab.experiments.relay import Relay
from dockcache_tui.lab.experiments.sample import checked_out
from dockcache_tui.lab.experiments.served import Served, wait_until_free
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.git import read_checkout
from dockcache_tui.sources.journal import Journal
from dockcache_tui.sources.protocols import Say
from dockcache_tui.sources.workspace import ProjectWorkspace

COLD, SOURCE, DEPENDENCY, BRANCH = Situation.COLD, Situation.SOURCE, Situation.DEPENDENCY, Situation.BRANCH
_CACHE = "twirp/github.actions.results.api.v1.CacheService/"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The service of a lab."""
    with Served(tmp_path_factory.mktemp("lab") / "service", os.environ) as service:
        yield service


def _save(run: dict[str, str], key: str) -> None:
    """Save a cache as a job of a run."""
    headers = {"Authorization": f"Bearer {run['ACTIONS_RUNTIME_TOKEN']}"}
    named = {"key": key, "version": "a" * 64}
    base = run["ACTIONS_RESULTS_URL"] + _CACHE
    url = requests.post(base + "CreateCacheEntry", json=named, headers=headers, timeout=30).json()["signed_upload_url"]
    requests.put(url, data=b"x", headers={"x-ms-blob-type": "BlockBlob"}, timeout=30).raise_for_status()
    done = requests.post(
        base + "FinalizeCacheEntryUpload", json={**named, "size_bytes": 1}, headers=headers, timeout=30
    )
    assert done.json()["ok"]


def _keys(served: Served, run: dict[str, str]) -> set[str]:
    listed = requests.get(
        f"{served.address}/repos/{run['GITHUB_REPOSITORY']}/actions/caches",
        headers={"Authorization": f"Bearer {run['GITHUB_TOKEN']}"},
        timeout=30,
    ).json()
    return {cache["key"] for cache in listed["actions_caches"]}


def test_the_line_counts_both_ways() -> None:
    """Every byte arrives and is counted in its direction; what the client ends is ended for the service too."""
    with (
        socket.create_server(("127.0.0.1", 0)) as service,
        Relay(f"http://127.0.0.1:{service.getsockname()[1]}") as line,
    ):
        client = socket.create_connection(("127.0.0.1", int(line.address.rpartition(":")[2])))
        there, _ = service.accept()
        client.sendall(b"a" * 1_000_000)
        client.shutdown(socket.SHUT_WR)
        received = 0
        while piece := there.recv(1 << 16):
            received += len(piece)
        there.sendall(b"b" * 3000)
        there.close()
        answer = b""
        while piece := client.recv(1 << 16):
            answer += piece
        client.close()
        assert (received, len(answer)) == (1_000_000, 3000)
        assert (line.up, line.down) == (1_000_000, 3000)


def test_the_line_does_not_wait_for_receipts() -> None:
    """An answer in two short pieces comes at once, not when the network has confirmed the first piece."""
    with (
        socket.create_server(("127.0.0.1", 0)) as service,
        Relay(f"http://127.0.0.1:{service.getsockname()[1]}") as line,
    ):
        pairs = []
        for port in (service.getsockname()[1], int(line.address.rpartition(":")[2])):
            client = socket.create_connection(("127.0.0.1", port))
            there, _ = service.accept()
            there.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            pairs.append((client, there))
        straight, over_the_line = zip(*([_exchange(*pair) for pair in pairs] for _ in range(80)), strict=True)
        for client, there in pairs:
            client.close()
            there.close()
    assert median(over_the_line) < 100 * median(straight)


def _exchange(client: socket.socket, there: socket.socket) -> float:
    """Return how long a question and an answer in two pieces take."""
    began = monotonic()
    client.sendall(b"?")
    there.recv(1)
    for piece in (b"a", b"b"):
        there.sendall(piece)
        client.recv(1)
    return monotonic() - began


def test_a_line_to_nowhere_ends_its_clients() -> None:
    """Where no service listens, a client is told at once."""
    with socket.create_server(("127.0.0.1", 0)) as service:
        gone = service.getsockname()[1]
    with Relay(f"http://127.0.0.1:{gone}") as line:
        client = socket.create_connection(("127.0.0.1", int(line.address.rpartition(":")[2])), timeout=30)
        assert client.recv(1) == b""
        client.close()


def test_a_command_is_stopped_with_its_children(tmp_path: Path) -> None:
    """Stopping ends the command under way with what it started, and lets no other begin."""
    commands, began = Commands(), tmp_path / "began"
    os.mkfifo(began)
    stopped = Event()

    def stop() -> None:
        began.read_text()  # until the command writes
        commands.stop()
        stopped.set()

    Thread(target=stop, daemon=True).start()
    with pytest.raises(StoppedError):
        commands.run(("sh", "-c", 'echo >"$0"; sleep 600 & wait', str(began)), os.environ)
    assert stopped.wait(30)
    with pytest.raises(StoppedError):
        commands.run(("true",), os.environ)


def test_a_command_that_fails_says_why() -> None:
    """The error holds the exit code and the end of what was said; a command that is not there is named."""
    with pytest.raises(SourceError, match="ended with 3: it broke"):
        Commands().run(("sh", "-c", "echo it broke >&2; exit 3"), os.environ)
    with pytest.raises(SourceError, match="no-such-command"):
        Commands().run(("no-such-command",), os.environ)


def test_the_sample_in_each_situation(tmp_path: Path) -> None:
    """What changes is exactly what the situation says, and a new branch is another branch with the same files."""

    def files(*so_far: Situation) -> dict[str, bytes]:
        app = checked_out(tmp_path / "sample", shipped_app(), so_far)
        return {str(path.relative_to(app)): path.read_bytes() for path in app.rglob("*") if path.is_file()}

    cold, source = files(COLD), files(COLD, SOURCE)
    both = files(COLD, SOURCE, DEPENDENCY)
    assert {name for name in cold if cold[name] != source[name]} == {"main.go"}
    assert {name for name in cold if source[name] != both[name]} == {"go.mod", "go.sum"}
    assert read_checkout(tmp_path / "sample").branch == read_checkout(tmp_path / "sample").default
    assert files(COLD, SOURCE, DEPENDENCY, BRANCH) == both
    checkout = read_checkout(tmp_path / "sample")
    assert checkout.branch
    assert checkout.branch.short == "feature"
    assert not checkout.dirty


def test_another_sample_can_not_change_its_dependency(tmp_path: Path) -> None:
    """A program that does not have the module that is to change is refused."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "go.mod").write_text("module example.com/other\n")
    with pytest.raises(UsageError, match="does not ask for"):
        checked_out(tmp_path / "sample", other, (COLD, DEPENDENCY))


def test_an_artifact_goes_to_the_later_jobs_of_its_run(served: Served, tmp_path: Path) -> None:
    """A file of several blocks comes out as it went in; over the line its bytes are counted."""
    run = dict(served.run_environment("lab/artifact", "refs/heads/main", tmp_path))
    image = tmp_path / "image.tar"
    image.write_bytes(os.urandom(9 << 20))
    with Relay(run["ACTIONS_RESULTS_URL"]) as line:
        over = {name: value.replace(run["ACTIONS_RESULTS_URL"], f"{line.address}/") for name, value in run.items()}
        artifact.upload(over, "image", image)
        assert line.up > image.stat().st_size
        there = tmp_path / "there"
        there.mkdir()
        artifact.download(over, "image", there)
        assert line.down > image.stat().st_size
    assert (there / "image.tar").read_bytes() == image.read_bytes()


def test_each_experiment_is_a_repository_of_its_own(served: Served, tmp_path: Path) -> None:
    """Caches of one are neither seen nor forgotten with those of another."""
    one, other = (dict(served.run_environment(f"lab/{name}", "refs/heads/main", tmp_path)) for name in ("one", "other"))
    _save(one, "a")
    _save(other, "b")
    assert (_keys(served, one), _keys(served, other)) == ({"a"}, {"b"})
    assert served.forget(one) == 1
    assert (_keys(served, one), _keys(served, other)) == (set(), {"b"})


def test_what_was_saved_since_is_forgotten(served: Served, tmp_path: Path) -> None:
    """Only what is younger than the moment goes; a repository without jobs has nothing to forget."""
    run = dict(served.run_environment("lab/since", "refs/heads/main", tmp_path))
    assert served.forget(run) == 0
    _save(run, "old")
    moment = Instant.now()
    _save(run, "young")
    assert served.forget(run, since=moment) == 1
    assert _keys(served, run) == {"old"}


def test_a_workspace_begins_the_lab_that_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run is lent an engine first; without a lab the workspace says so."""
    journal = Journal(tmp_path)

    def lent(_stack: ExitStack, say: Say) -> Engine:
        say("fetching")
        raise EngineError("none can be had")

    monkeypatch.setattr(start, "lend", lent)
    said = list[str]()
    with (
        pytest.raises(EngineError, match="none can be had"),
        ProjectWorkspace(tmp_path, Docker(), journal, lab=begin).lab(LabPlan(), said.append),
    ):
        pass
    assert said == ["fetching"]
    with pytest.raises(UsageError, match="experiments can't be run from here"):
        ProjectWorkspace(tmp_path, Docker(), journal).lab(None, said.append)
    journal.close()


def test_a_frozen_engine_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Docker gets its time to answer about images, then the reason is told, and nothing of it runs on."""
    docker = tmp_path / "docker"
    docker.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 600\n")
    docker.chmod(0o755)
    monkeypatch.setattr(images, "_PATIENCE", 1)
    frozen = Engine(tmp_path, {"PATH": f"{tmp_path}:/usr/bin:/bin"}, owned=True)
    with pytest.raises(EngineError, match="docker did not answer within 1 seconds"):
        images.publish(frozen)
    assert command_line(int((tmp_path / "pid").read_text())) == ()


def test_the_service_dies_with_whoever_started_it(tmp_path: Path) -> None:
    """A lab that is killed leaves no service behind."""
    code = (
        "import os, sys; from pathlib import Path; from dockcache_tui.lab.experiments.served import Served\n"
        "with Served(Path(sys.argv[1]), os.environ) as service:\n"
        "    print(service.address, flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run(
        (sys.executable, "-c", code, str(tmp_path / "service")), capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("http://")
    wait_until_free(tmp_path / "service")
    with pytest.raises(requests.ConnectionError):
        requests.get(done.stdout.strip(), timeout=30)


def test_a_service_that_stays_is_told_of(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lab does not take away the folder of a service that somebody runs."""
    monkeypatch.setattr(served_module, "_PATIENCE", 0)
    assert served.address
    with pytest.raises(UsageError, match="a service runs on"):
        wait_until_free(served.data)
