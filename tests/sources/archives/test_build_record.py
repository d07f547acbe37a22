"""Build records that somebody made up, cut or damaged: what can be read is shown, and the fault is named."""

import io
import json
import tracemalloc
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dockcache_tui.core.archives.archive import ArchiveError, BrokenArchiveError, BuildRecord
from dockcache_tui.core.builds.build import BuildStatus, StepState
from dockcache_tui.core.builds.history_record import UnreadableRecordError, read_history_record
from dockcache_tui.sources.archives.build_record import MAX_LOG, read_status_log
from dockcache_tui.sources.archives.local import LocalArchives
from sources.record_making import INDEX, STEP, Bundle, framed, message


def read(bundle: Bundle, folder: Path) -> tuple[BuildRecord, ...]:
    """Write it and read it."""
    return LocalArchives().builds(bundle.write(folder))


def test_a_sound_one(tmp_path: Path) -> None:
    """The step is there with its output and times, and what the record tells of the build."""
    bundle = Bundle()
    imports = [
        {"Type": "gha", "Attrs": {"token": "t", "secret_access_key": "k"}},
        {"Type": "gha", "Attrs": {"scope": "app"}},
        {"Type": "registry", "Attrs": {"ref": "x"}},
    ]
    attributes = {"context": "https://x/y.git", "target": "bin", "vcs:revision": "f" * 40}
    bundle.record(framed(message()), FrontendAttrs={**attributes, "cache-imports": json.dumps(imports)})
    (record,) = read(bundle, tmp_path)
    (step,) = record.build.steps
    assert (step.state, step.duration, record.log(step.digest).lines) == (StepState.BUILT, 2.0, ("hello",))
    assert (record.build.folder, record.build.target, record.build.revision) == tuple(attributes.values())
    assert record.build.duration == pytest.approx(7.000000005)
    assert LocalArchives().read(tmp_path / "made.dockerbuild").revisions == ("f" * 40,)
    assert record.imports == ("type=gha,scope=buildkit", "type=gha,scope=app", "type=registry,ref=x")
    assert record.faults == ()


@pytest.mark.parametrize(
    ("log", "reason", "offset", "lines"),
    [
        (framed(message())[:-1], "the log is cut", 0, ()),
        (framed(message()) + b"\1\0", "the log is cut", len(framed(message())), ("hello",)),
        (framed(message()) + (10**9).to_bytes(4, "little"), "goes on for 1,000,000,000 bytes", None, ("hello",)),
        (framed(message()) + b"\xff" * 8, "goes on for 4,294,967,295 bytes", None, ("hello",)),
        (framed(message(), b"\xff\xff\xff"), "not a StatusResponse", len(framed(message())), ("hello",)),
        (framed(message(b"a\n"), message()[:-3]), "not a StatusResponse", len(framed(message(b"a\n"))), ("a",)),
    ],
    ids=["cut in the message", "cut in the length", "1 GB", "4 GB", "no protobuf", "cut protobuf"],
)
def test_a_log_that_goes_wrong(
    log: bytes, reason: str, offset: int | None, lines: tuple[str, ...], tmp_path: Path
) -> None:
    """What came before is shown, and the fault names the log and the place in it; lengths are not believed."""
    bundle = Bundle()
    bundle.record(log)
    (record,) = read(bundle, tmp_path)
    (fault,) = record.faults
    assert reason in fault.reason
    assert fault.digest == f"sha256:{sha256(log).hexdigest()}"
    assert fault.offset == (len(framed(message())) if offset is None else offset)
    assert record.log(STEP.decode()).lines == lines
    assert record.build.status is BuildStatus.SUCCEEDED


def test_a_length_prefix_of_a_gigabyte_takes_no_memory() -> None:
    """Nothing is set aside for bytes that are only said to come."""
    tracemalloc.start()
    try:
        with pytest.raises(BrokenArchiveError):
            list(read_status_log(io.BytesIO((1 << 30).to_bytes(4, "little") + bytes(100)), "sha256:x"))
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_a_log_is_read_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a log without end nor steps without number are followed."""
    one = framed(message())
    with pytest.raises(BrokenArchiveError, match="which is not read"):
        list(read_status_log(io.BytesIO((MAX_LOG + 1).to_bytes(4, "little")), ""))
    monkeypatch.setattr("dockcache_tui.sources.archives.build_record.MAX_THINGS", 2)
    read = read_status_log(io.BytesIO(one + framed(*(message(digest=b"%d" % n) for n in range(3)))), "")
    next(read)
    next(read)
    with pytest.raises(BrokenArchiveError, match="more steps"):
        next(read)


def test_a_log_that_was_changed(tmp_path: Path) -> None:
    """A log that is not what its digest says is shown, and told apart."""
    bundle = Bundle()
    bundle.record(framed(message()))
    digest = f"sha256:{sha256(framed(message())).hexdigest()}"
    bundle.blobs[digest] = framed(message(b"other\n"))
    (record,) = read(bundle, tmp_path)
    assert record.log(STEP.decode()).lines == ("other",)
    assert any("another digest" in fault.reason and fault.digest == digest for fault in record.faults)


def test_times_that_no_clock_shows(tmp_path: Path) -> None:
    """Times beyond what can be written are brought to its edges, and can be shown."""
    bundle = Bundle()
    for seconds in (-(2**63), 2**63 - 3):
        bundle.record(framed(message(seconds=seconds)), Ref=str(seconds))
    for record in read(bundle, tmp_path):
        (step,) = record.build.steps
        assert str(step.started_at)[:4] in {"0001", "9999"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"Ref": 5},
        {"CreatedAt": {"seconds": 2**62}},
        {"CreatedAt": {"seconds": 1, "nanos": -1}},
        {"CreatedAt": None},
        {"logs": []},
        {"FrontendAttrs": {"a": 1}},
    ],
)
def test_one_bad_record_leaves_the_others(wrong: dict[str, object], tmp_path: Path) -> None:
    """A record that is none is named, and the other is read."""
    bundle = Bundle()
    bundle.record(framed(message()), **wrong)
    bundle.record(framed(message()))
    (record,) = read(bundle, tmp_path)
    assert record.build.ref == "ref1"
    assert [fault.reason.partition(":")[0] for fault in record.faults][-1] in {
        "it is not a build's record",
        "it is not what it should be",
    }


def test_what_else_is_missing_or_wrong(tmp_path: Path) -> None:
    """A missing log, a provenance that is none and an error that is none are faults of an otherwise shown build."""
    bundle = Bundle()
    provenance = {"in-toto.io/predicate-type": "https://slsa.dev/provenance/v1"}
    absent = f"sha256:{'0' * 64}"
    attestations = [
        {"digest": bundle.put(b"[1]"), "annotations": provenance},
        {"digest": absent, "annotations": provenance},
    ]
    bundle.record(
        b"",
        Result={"Attestations": attestations},
        Results={"linux/amd64": {"Attestations": attestations[:1]}, "linux/arm64": None},
        externalError={"digest": bundle.put(b"\xff\xff")},
        error={"code": 1, "message": "context canceled"},
        logs={"digest": absent},
    )
    (record,) = read(bundle, tmp_path)
    assert (record.build.status, record.build.steps) == (BuildStatus.CANCELED, ())
    told = [fault.reason.partition(":")[0] for fault in record.faults]
    assert told.count("it is not a provenance") == 1
    assert "it is not an error of BuildKit's" in told
    assert any("not in the archive" in reason for reason in told)


def test_several_in_an_index_and_indexes_without_end(tmp_path: Path) -> None:
    """Builds below an index are read; an index of indexes of indexes, each twice, is not followed for ever."""
    bundle = Bundle()
    for seconds in (1, 3, 2):
        bundle.record(framed(message()), Ref=f"at{seconds}", CreatedAt={"seconds": seconds})
    bundle.manifests = [bundle.leads_to({"manifests": bundle.manifests}, INDEX)]
    assert [record.build.ref for record in read(bundle, tmp_path)] == ["at3", "at2", "at1"]
    for _ in range(50):
        bundle.manifests = [bundle.leads_to({"manifests": [*bundle.manifests, *bundle.manifests]}, INDEX)]
    with pytest.raises(ArchiveError, match="too deep"):
        read(bundle, tmp_path)


def test_no_record_in_it(tmp_path: Path) -> None:
    """An image is no build record, and a record that can't be read at all is an error that says why."""
    bundle = Bundle()
    bundle.manifests = [bundle.leads_to({"config": bundle.leads_to({}, "x"), "layers": []})]
    with pytest.raises(ArchiveError, match="no build's record"):
        read(bundle, tmp_path)
    bundle = Bundle()
    bundle.record(b"", Ref=5)
    with pytest.raises(ArchiveError, match="Ref"):
        read(bundle, tmp_path)


def test_cut_anywhere(tmp_path: Path) -> None:
    """A file cut at any byte is an ArchiveError, or is read with a fault, or lacks nothing of the build."""
    bundle = Bundle()
    bundle.record(framed(*(message(b"%d\n" % number) for number in range(50))))
    path = bundle.write(tmp_path)
    whole = path.read_bytes()
    (uncut,) = LocalArchives().builds(path)
    assert uncut.log(STEP.decode()).lines == tuple(map(str, range(50)))
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        try:
            (record,) = LocalArchives().builds(path)
        except ArchiveError:
            continue
        assert record.faults or record == uncut, length


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_no_log(data: bytes) -> None:
    """Whatever follows, reading ends with messages or a fault."""
    with suppress(BrokenArchiveError):
        list(read_status_log(io.BytesIO(data), f"sha256:{sha256(data).hexdigest()}"))


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.dictionaries(
            st.sampled_from(
                ("Ref", "CreatedAt", "seconds", "logs", "Result", "Attestations", "cache-imports", "FrontendAttrs")
            ),
            inner,
        ),
    )
)
def test_any_json_is_read_or_refused(value: object) -> None:
    """JSON of any shape is a record or an UnreadableRecordError."""
    with suppress(UnreadableRecordError):
        read_history_record(json.dumps(value).encode())
