"""Work that is ended from another thread, whatever it waits for: at once, and with nothing left behind."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from socket import SHUT_RDWR, create_server, socket
from threading import Event, Thread
from threading import enumerate as enumerate_threads
from time import sleep

import grpc
import pytest

from core.record_making import record
from dockcache_tui.core.records.record import PruneOutcome, RecordKey
from dockcache_tui.sources.archives.local import LocalArchives
from dockcache_tui.sources.buildkit import control_pb2 as pb
from dockcache_tui.sources.ending import Ended, Ending, is_ending, pause
from dockcache_tui.sources.engine_images import EngineImages
from dockcache_tui.sources.github.gate import AskedWait
from dockcache_tui.sources.side_by_side import everywhere
from processes import ends
from sources.control_server import ControlServer, scripted_docker
from sources.github.test_artifact_download import artifact, source_of
from sources.github_server import Asked, Reply, api_of, serving
from sources.layout_making import as_folder, layer_tar, saved
from sources.silent import answering, full

LONG = 600.0
"""Seconds that nobody here waits."""


class Worker(Thread):
    """Work in a thread, within an ending."""

    def __init__(self, work: Callable[[], object], grace: float = 0.0) -> None:
        """Start at once."""
        super().__init__(daemon=True)
        self.ending, self._work = Ending(grace), work
        self.came: object = None
        self.start()

    def run(self) -> None:
        """Keep what comes of it, an exception too."""
        try:
            with self.ending.within():
                self.came = self._work()
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            self.came = error

    def end(self) -> object:
        """End it, and return what came of it; fails when it goes on."""
        self.ending.ask()
        self.join(LONG / 10)
        assert not self.is_alive()
        return self.came


def until(true: Callable[[], object]) -> None:
    """Wait until something is so."""
    for _ in range(6000):
        if true():
            return
        sleep(0.01)
    raise AssertionError("it never came to be")


@contextmanager
def half() -> Iterator[tuple[str, list[socket]]]:
    """A server that sends half a body and stays connected; with those who are connected."""
    held: list[socket] = []
    with create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                client.recv(4096)
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
                held.append(client)

        thread = Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", held
        server.shutdown(SHUT_RDWR)
        thread.join(LONG / 10)
        for client in held:
            client.close()


@pytest.mark.parametrize("silent", ["connecting", "TLS", "headers", "body"])
def test_a_request_is_cut_at_every_step(silent: str) -> None:
    """A host that accepts nobody, says nothing, or stops in the middle holds nobody: the time limits are minutes."""
    with ExitStack() as stack:
        if silent == "body":
            address, held = stack.enter_context(half())
        else:
            port = stack.enter_context(full() if silent == "connecting" else answering(b""))
            address, held = f"http{'s' if silent == 'TLS' else ''}://127.0.0.1:{port}", []
        api = api_of(address, timeout=(LONG, LONG))
        worker = Worker(lambda: api.get("/x"))
        until(lambda: held or worker.ending._cuts or "connect" in {one.name for one in enumerate_threads()})  # noqa: SLF001
        assert isinstance(worker.end(), Ended)
        for client in held:
            client.settimeout(LONG / 10)
            assert client.recv(1) == b""


def test_a_wait_that_github_asks_for_ends() -> None:
    """Who is held at the gate is let go without a request."""
    with serving(lambda _: Reply({})) as github:
        api = api_of(github.address, patience=LONG)
        api.gate.hold(AskedWait(LONG / 2, "slow down"))
        worker = Worker(lambda: api.get("/x"))
        assert isinstance(worker.end(), Ended)
    assert github.asked == []


def leading(to: str) -> Reply:
    """Return a redirect."""
    return Reply(status=302, headers={"location": to})


@pytest.mark.parametrize("resumed", [True, False])
def test_a_download_keeps_only_what_it_can_go_on_with(resumed: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """What arrived stays where a digest tells that the rest belongs to it; else there is no file afterwards."""
    with (
        half() as (address, held),
        serving(lambda _: Reply(status=302, headers={"location": f"{address}/z"})) as github,
    ):
        source = source_of(github)
        planned = artifact() if resumed else artifact(digest=None)
        worker = Worker(lambda: source.download_artifact(planned, tmp_path))
        until(lambda: held)
        assert isinstance(worker.end(), Ended)
    assert [one.name for one in tmp_path.iterdir()] == (["log.7.part"] if resumed else [])


@pytest.mark.parametrize(("verb", "said"), [("load", ""), ("save", "half of it"), ("inspect", ""), ("ls", "")])
def test_a_docker_that_hangs_is_killed(verb: str, said: str, tmp_path: Path) -> None:
    """A frozen daemon holds neither a load nor a save: docker is killed, and no half file stays."""
    (tmp_path / "home").mkdir()
    (tmp_path / "out").mkdir()
    script = f"""#!/bin/sh
cd {tmp_path}
if [ "$2" = {verb} ]; then echo $$ > started && mv started pid; printf '{said}'; sleep 600; fi
case "$2" in ls) echo sha256:1;; inspect) echo '[{{"Id": "sha256:1", "Size": 9}}]';; esac
"""
    images = EngineImages(scripted_docker(tmp_path / "home", script))
    as_folder(saved(layer_tar(etc="x")), archive := tmp_path / "archive")
    out = tmp_path / "out"
    loads = verb in ("load", "ls")
    worker = Worker(lambda: images.load(archive) if loads else images.save("app:1", out / "app.tar"))
    until((tmp_path / "pid").exists)
    assert isinstance(worker.end(), Ended)
    assert ends(int((tmp_path / "pid").read_text()))
    assert list(out.iterdir()) == []


def test_a_file_of_an_archive_is_saved_whole_or_not_at_all(tmp_path: Path) -> None:
    """Ended before its last byte was read, it leaves nothing in the folder."""
    (tmp_path / "out").mkdir()
    as_folder(saved(layer_tar(etc="x")), archive := tmp_path / "archive")
    archives, going = LocalArchives(), Event()

    def save() -> object:
        going.wait(LONG)
        return archives.save(archive, archives.read(archive).images[0].digest, "etc", tmp_path / "out")

    worker = Worker(save)
    worker.ending.ask()
    going.set()
    assert isinstance(worker.end(), Ended)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("again", [True, False])
def test_a_prune_of_a_frozen_daemon_is_cut(again: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """The request under way has its grace, unless it is asked for twice; nothing is tried after it, and all is told."""
    released, asked = Event(), Event()

    def frozen(_request: bytes, _context: grpc.ServicerContext) -> Iterator[bytes]:
        asked.set()
        released.wait(LONG)
        yield b""

    records = [record(f"r{number}", node="fake") for number in range(30)]
    server = ControlServer({"Info": lambda *_: pb.InfoResponse().SerializeToString()}, {"Prune": frozen})
    with server.builder(tmp_path) as builder:
        worker = Worker(lambda: builder.prune(records), grace=LONG if again else 0.5)
        assert asked.wait(LONG)
        if again:
            worker.ending.ask()
        outcome = worker.end()
        released.set()
    assert isinstance(outcome, PruneOutcome)
    assert outcome.freed == ()
    assert outcome.unknown == tuple((RecordKey("fake", f"r{number}"), "interrupted") for number in range(20))
    assert outcome.not_tried == tuple((RecordKey("fake", f"r{number}"), "interrupted") for number in range(20, 30))


def test_threads_side_by_side_end_too() -> None:
    """What is done in several threads is within the ending of whoever began it; another's work is not."""
    worker = Worker(lambda: everywhere(pause, [LONG, LONG], "pauses"))
    assert isinstance(worker.end(), Ended)
    assert everywhere(lambda _: is_ending(), [1, 2], "others") == [False, False]


def test_what_ends_within_its_grace_comes_through() -> None:
    """A request that is answered in time gives its answer, and none is begun after it."""
    answers = Event()

    def answer(asked: Asked) -> Reply:
        answers.wait(LONG)
        return Reply({"asked": asked.path})

    with serving(answer) as github:
        api = api_of(github.address)
        first: list[object] = []

        def both() -> None:
            first.append(api.get("/one"))
            api.get("/two")

        worker = Worker(both, grace=LONG)
        until(lambda: github.asked)
        worker.ending.ask()
        answers.set()
        until(lambda: not worker.is_alive())
    assert len(first) == 1
    assert isinstance(worker.came, Ended)
    assert github.paths() == ["/one"]
