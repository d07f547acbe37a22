"""What a builder may do to us: answer late, wrongly, hugely, or not at all."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread, Timer

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from core.record_making import record
from dockcache_tui.core.builds.progress import Progress
from dockcache_tui.core.errors import SourceError
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.record import Pruned, RecordKey
from dockcache_tui.sources.buildkit import builder as builder_module
from dockcache_tui.sources.buildkit import control_pb2 as pb
from dockcache_tui.sources.buildkit import node as node_module
from dockcache_tui.sources.buildkit.builder import open_builder
from sources.control_server import INSPECT, ControlServer, Unary, fake_docker, scripted_docker


def usage(*records: pb.UsageRecord) -> Unary:
    """Return a DiskUsage that answers with these records."""
    data = pb.DiskUsageResponse(record=records).SerializeToString()
    return lambda _request, _context: data


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_an_api_without_history_and_info_still_tells_its_records(tmp_path: Path) -> None:
    """An old BuildKit's records are read; asking for its builds names the version that is needed."""
    server = ControlServer({"DiskUsage": usage(pb.UsageRecord(id=b"one", size=5))})
    with server.builder(tmp_path) as builder:
        snapshot = builder.snapshot()
        assert [(record.id, record.size) for record in snapshot.records] == [("one", 5)]
        assert (snapshot.nodes[0].error, snapshot.nodes[0].buildkit_version) == (None, "")
        for follow in (False, True):
            with pytest.raises(SourceError, match="does not know ListenBuildHistory") as caught:
                list(builder.history(follow=follow))
            assert caught.value.title == "BuildKit is too old"
            assert "0.11" in caught.value.hint


def test_text_that_is_no_utf8_survives(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 show as escapes, in every text field, and lose no other record."""
    odd = pb.UsageRecord(id=b"a", description=b"caf\xe9 \xff", record_type=b"\xfe", parents=[b"\xfd"])
    with ControlServer({"DiskUsage": usage(odd, pb.UsageRecord(id=b"b"))}).builder(tmp_path) as builder:
        first, second = builder.snapshot().records
    assert (first.description, first.type, first.parents) == ("caf\\xe9 \\xff", "\\xfe", ("\\xfd",))
    assert second.id == "b"


def test_fields_of_a_newer_daemon_are_kept(tmp_path: Path) -> None:
    """A field we do not know is neither an error nor lost when the message is written again."""
    newer = pb.UsageRecord(id=b"a", size=7).SerializeToString() + b"\x9a\x06\x03new"
    answer = b"\x0a" + bytes([len(newer)]) + newer
    assert pb.DiskUsageResponse.FromString(answer).SerializeToString() == answer
    with ControlServer({"DiskUsage": lambda _request, _context: answer}).builder(tmp_path) as builder:
        assert [record.size for record in builder.snapshot().records] == [7]


def test_numbers_and_times_are_exact(tmp_path: Path) -> None:
    """Sizes keep 63 bits, times their nanoseconds, and a record that was never used says so."""
    made = pb.UsageRecord(
        id=b"a", size=2**63 - 1, usage_count=2**40, created_at=Timestamp(seconds=1795466544, nanos=7414569)
    )
    with ControlServer({"DiskUsage": usage(made)}).builder(tmp_path) as builder:
        (record,) = builder.snapshot().records
    assert (record.size, record.usage_count) == (2**63 - 1, 2**40)
    assert record.created_at == Instant(1795466544_007414569)
    assert record.last_used_at is None


def test_a_hundred_thousand_records_come_in_one_message(tmp_path: Path) -> None:
    """A message far over gRPC's usual 4 MB limit is read whole."""
    many = [
        pb.UsageRecord(id=b"%025d" % number, size=number, description=b"x" * 100, parents=[b"%025d" % (number - 1)])
        for number in range(100_000)
    ]
    with ControlServer({"DiskUsage": usage(*many)}).builder(tmp_path) as builder:
        records = builder.snapshot().records
    assert sum(record.size for record in records) == sum(range(100_000))
    assert records[-1].parents == (f"{99_998:025d}",)


def test_a_builder_that_does_not_answer_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reading ends at its time limit with an error that says so."""
    monkeypatch.setattr(builder_module, "READ_SECONDS", 0.5)
    released = Event()

    def slow(_request: bytes, _context: grpc.ServicerContext) -> bytes:
        released.wait(600)
        return b""

    with ControlServer({"DiskUsage": slow}).builder(tmp_path) as builder:
        began = time.monotonic()
        with pytest.raises(SourceError, match="did not answer DiskUsage in time"):
            builder.snapshot()
        assert time.monotonic() - began < 60
        released.set()


def test_a_builder_that_freezes_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for an answer of a builder whose heart stopped is told, long before the time limit of a reading."""
    monkeypatch.setattr(node_module, "_HEARTBEAT", 0.5)
    released = Event()

    def frozen(_request: bytes, _context: grpc.ServicerContext) -> bytes:
        released.wait(600)
        return b""

    with ControlServer({"DiskUsage": frozen, "Info": frozen}).builder(tmp_path) as builder:
        with pytest.raises(SourceError, match="has not answered for 1 seconds") as caught:
            builder.snapshot()
        assert "frozen" in caught.value.hint
        released.set()


@pytest.mark.parametrize("moment", [0.0, 0.3])
def test_close_ends_a_silent_stream(tmp_path: Path, moment: float) -> None:
    """close() from another thread ends an iteration that waits for a builder that says nothing."""
    released = Event()

    def silent(_request: bytes, _context: grpc.ServicerContext) -> Iterator[bytes]:
        released.wait(600)
        yield b""

    with ControlServer(streaming={"Status": silent, "ListenBuildHistory": silent}).builder(tmp_path) as builder:
        for stream in (builder.status("fake", "ref"), builder.history(follow=True)):
            began = time.monotonic()
            timer = Timer(moment, stream.close)
            timer.start()
            assert list(stream) == []
            assert time.monotonic() - began < 60
            timer.join()
            stream.close()
        released.set()


def test_progress_is_told_whole(tmp_path: Path) -> None:
    """A Status message becomes the same progress as the builder sent, raw log bytes included."""
    stamp = Timestamp(seconds=5, nanos=1)
    sent = pb.StatusResponse(
        vertexes=[pb.Vertex(digest=b"sha256:a", name=b"[1/2] RUN x", inputs=[b"sha256:0"], started=stamp, cached=True)],
        statuses=[pb.VertexStatus(id=b"s", vertex=b"sha256:a", name=b"layer", current=3, total=9, completed=stamp)],
        logs=[pb.VertexLog(vertex=b"sha256:a", stream=2, msg=b"\xff\x1b[31m", timestamp=stamp)],
        warnings=[pb.VertexWarning(vertex=b"sha256:a", short=b"w", detail=[b"d"], url=b"http://x")],
    )

    def answer(_request: bytes, _context: grpc.ServicerContext) -> Iterator[bytes]:
        yield sent.SerializeToString()

    with ControlServer(streaming={"Status": answer}).builder(tmp_path) as builder:
        (progress,) = builder.status("fake", "ref")
        with pytest.raises(SourceError, match="no node elsewhere"):
            builder.status("elsewhere", "ref")
    assert isinstance(progress, Progress)
    assert (progress.vertexes[0].name, progress.vertexes[0].inputs) == ("[1/2] RUN x", ("sha256:0",))
    assert (progress.vertexes[0].started, progress.vertexes[0].completed) == (Instant(5_000_000_001), None)
    assert (progress.transfers[0].current, progress.transfers[0].total) == (3, 9)
    assert (progress.logs[0].data, progress.logs[0].stream) == (b"\xff\x1b[31m", 2)
    assert progress.warnings[0].detail == ("d",)


def test_prune_tells_what_was_freed_besides_and_what_was_refused(tmp_path: Path) -> None:
    """Each request names exact ids; a record freed besides is reported, and a refusal gives the builder's words."""
    asked: list[pb.PruneRequest] = []

    def prune(request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        asked.append(pb.PruneRequest.FromString(request))
        yield pb.UsageRecord(id=b"r0", size=10).SerializeToString()
        yield pb.UsageRecord(id=b"stranger", size=4).SerializeToString()
        context.abort(grpc.StatusCode.INTERNAL, "disk on fire")

    records = [record(name, node="fake") for name in ("r0", 'r"1')]
    keys = [one.key for one in records]
    with ControlServer(streaming={"Prune": prune}).builder(tmp_path) as builder:
        outcome = builder.prune([*records, record("x", node="other")])
        assert builder.prune(()).freed == ()
    assert [list(request.filter) for request in asked] == [[b'id=="r0",private', b'id=="r\\"1",private']]
    assert outcome.freed == (Pruned(keys[0], 10), Pruned(RecordKey("fake", "stranger"), 4))
    assert outcome.failed == ((keys[1], "fake: disk on fire"),)
    assert outcome.not_tried == ((RecordKey("other", "x"), "fake has no node other"),)
    assert outcome.bytes == 14


def test_a_lost_connection_is_dialled_again(tmp_path: Path) -> None:
    """After the daemon went away a reading fails within bounds with the reason, and works again when it is back."""
    server = ControlServer({"DiskUsage": usage(pb.UsageRecord(id=b"a"))})
    address = tmp_path / "control.sock"
    docker = fake_docker(tmp_path, address)
    with server.listening(address):
        builder = open_builder(docker, "fake")
        (first,) = builder.snapshot().nodes
        assert builder.snapshot().nodes == (first,), "over one connection, since the same moment"
        assert not first.reconnected
    address.unlink(missing_ok=True)
    began = time.monotonic()
    with pytest.raises(SourceError, match="Cannot connect") as caught:
        builder.snapshot()
    assert caught.value.title == "Docker is not running"
    assert time.monotonic() - began < 60
    with server.listening(address):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                (back,) = builder.snapshot().nodes
                break
            except SourceError:
                time.sleep(0.2)
        else:
            pytest.fail("the builder did not come back")
    assert back.reconnected
    assert first.connected_at
    assert back.connected_at
    assert back.connected_at > first.connected_at
    builder.close()
    with pytest.raises(SourceError, match="closed"):
        builder.snapshot()


def test_closing_while_it_dials_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A buildx that starts late and makes its folders again has them taken away."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "inspect").write_text(INSPECT.replace("docker", "remote").replace("running", ""))
    wait = f"touch {tmp_path}/dialled; until [ -e {tmp_path}/closed ]; do sleep 0.05; done"
    make = f"mkdir -p $BUILDX_CONFIG/late; touch {tmp_path}/made"
    late = f"#!/bin/sh\nif [ $BUILDX_CONFIG ]; then {wait}; {make}; fi; cat {tmp_path}/inspect\n"
    builder = open_builder(scripted_docker(tmp_path, late), "fake")
    stream = builder.history(follow=True)
    Thread(target=lambda: list(stream), daemon=True).start()
    until((tmp_path / "dialled").exists)
    builder.close()
    (tmp_path / "closed").touch()
    until((tmp_path / "made").exists)
    until(lambda: not list(tmp_path.glob("dockcache-*")))
