"""The messages: generated code is what the .proto says, and any message becomes our dataclasses exactly."""

import subprocess
import sys
from pathlib import Path

from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

import dockcache_tui
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.policy import Rule
from dockcache_tui.sources.buildkit import control_pb2 as pb
from dockcache_tui.sources.buildkit.builder import request
from dockcache_tui.sources.buildkit.convert import history_event, policy, record, text
from dockcache_tui.sources.protocols import HistoryEventType

INT64 = st.integers(-(2**63), 2**63 - 1)
STAMPS = st.builds(Timestamp, seconds=st.integers(-(2**40), 2**40), nanos=st.integers(0, 999_999_999))


def test_the_generated_code_is_up_to_date(tmp_path: Path) -> None:
    """Protoc makes the committed files again from control.proto, to the byte."""
    root = Path(dockcache_tui.__file__).parents[1]
    folder = Path("dockcache_tui/sources/buildkit")
    plugin = Path(sys.executable).parent / "protoc-gen-mypy"
    outputs = [f"--python_out={tmp_path}", f"--mypy_out={tmp_path}", f"--plugin=protoc-gen-mypy={plugin}"]
    command = [sys.executable, "-m", "grpc_tools.protoc", "-I.", *outputs, str(folder / "control.proto")]
    subprocess.run(command, cwd=root, check=True, capture_output=True, timeout=60)
    for name in ("control_pb2.py", "control_pb2.pyi"):
        assert (tmp_path / folder / name).read_text() == (root / folder / name).read_text()


@given(
    st.builds(
        pb.UsageRecord,
        id=st.binary(),
        mutable=st.booleans(),
        in_use=st.booleans(),
        size=INT64,
        parent=st.binary(),
        created_at=STAMPS,
        last_used_at=st.none() | STAMPS,
        usage_count=INT64,
        description=st.binary(),
        record_type=st.binary(),
        shared=st.booleans(),
        parents=st.lists(st.binary(), max_size=3),
    )
)
def test_any_record_is_told_exactly(usage: pb.UsageRecord) -> None:
    """Numbers, times and flags are equal, text is readable, and the one old parent counts only without new ones."""
    seen = record(usage, "b", "n")
    assert (seen.size, seen.usage_count) == (usage.size, usage.usage_count)
    assert (seen.mutable, seen.in_use, seen.shared) == (usage.mutable, usage.in_use, usage.shared)
    assert seen.created_at == Instant(usage.created_at.seconds * 10**9 + usage.created_at.nanos)
    assert (seen.last_used_at is None) is not usage.HasField("last_used_at")
    expected = list(usage.parents) or ([usage.parent] if usage.parent else [])
    assert seen.parents == tuple(text(parent) for parent in expected)


def test_a_policy_is_told_in_bytes_and_seconds() -> None:
    """Rules keep their order, every condition and their filters."""
    first = pb.GCPolicy(keep_duration=172_800_000_000_000, max_used_space=512_000_000, filters=[b"type==x", b"\xff"])
    second = pb.GCPolicy(all=True, reserved_space=1, max_used_space=2, min_free_space=3)
    assert policy([first, second]) == (
        Rule(keep_duration=172_800, max_used=512_000_000, filters=("type==x", "\\xff")),
        Rule(all=True, reserved=1, max_used=2, min_free=3),
    )


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_text_comes_through_and_other_bytes_stay_apart(word: str) -> None:
    """Valid UTF-8 is unchanged; an invalid byte becomes its escape."""
    assert text(word.encode()) == word
    assert text(word.encode() + b"\xff") == word + "\\xff"


def test_a_history_record_tells_target_and_revision() -> None:
    """Frontend attributes, sent as a protobuf map, give target, context, revision and source of a build."""
    attributes = {
        "target": "test",
        "context": "https://x/r.git",
        "vcs:revision": "abc-dirty",
        "vcs:source": "https://x/r",
    }
    event = pb.BuildHistoryEvent(
        type=pb.COMPLETE,
        record=pb.BuildHistoryRecord(
            ref=b"r",
            frontend_attrs=[pb.Attribute(key=key.encode(), value=value.encode()) for key, value in attributes.items()],
            created_at=Timestamp(seconds=10),
            completed_at=Timestamp(seconds=12, nanos=500_000_000),
            error=pb.Failure(code=2, message=b"process did not end well"),
        ),
    )
    seen = history_event(event, "b", "n")
    assert seen is not None
    assert (seen.type, seen.vcs_source) == (HistoryEventType.COMPLETE, "https://x/r")
    assert (seen.build.target, seen.build.folder, seen.build.revision) == ("test", "https://x/r.git", "abc-dirty")
    assert (seen.build.status, seen.build.duration) == ("failed", 2.5)
    event.record.error.code = 1
    again = history_event(event, "b", "n")
    assert again is not None
    assert again.build.status == "canceled"


def test_an_event_type_that_is_not_known_yet_is_passed_over() -> None:
    """A newer daemon's event is no error."""
    assert history_event(pb.BuildHistoryEvent.FromString(b"\x08\x09"), "b", "n") is None


def test_prune_never_asks_without_naming_a_record() -> None:
    """A request without ids, which would prune everything, can't be made."""
    try:
        request(())
    except ValueError:
        return
    raise AssertionError("a request was made")
