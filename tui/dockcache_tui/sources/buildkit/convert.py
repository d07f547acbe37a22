"""BuildKit's messages as our own dataclasses; text that is not UTF-8 gets backslash escapes."""

from collections.abc import Iterable

from google.protobuf.timestamp_pb2 import Timestamp

from dockcache_tui.core.builds.build import Build, BuildStatus
from dockcache_tui.core.builds.progress import BuildWarning, LogChunk, Progress, TransferUpdate, VertexUpdate
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.policy import Rule
from dockcache_tui.core.records.record import Record
from dockcache_tui.sources.buildkit import control_pb2 as pb
from dockcache_tui.sources.protocols import HistoryEvent, HistoryEventType
from dockcache_tui.sources.secret import masked, masked_bytes

_CANCELED = 1
_EVENTS = {
    pb.STARTED: HistoryEventType.STARTED,
    pb.COMPLETE: HistoryEventType.COMPLETE,
    pb.DELETED: HistoryEventType.DELETED,
}


def text(data: bytes) -> str:
    """Return text that BuildKit sent."""
    return data.decode(errors="backslashreplace")


def instant(stamp: Timestamp) -> Instant:
    """Return a timestamp to the nanosecond."""
    return Instant(stamp.seconds * 1_000_000_000 + stamp.nanos)


def record(usage: pb.UsageRecord, builder: str, node: str) -> Record:
    """Return a UsageRecord; daemons before 0.9 told one parent only."""
    parents = usage.parents or ((usage.parent,) if usage.parent else ())
    return Record(
        builder=builder,
        node=node,
        id=text(usage.id),
        type=text(usage.record_type),
        size=usage.size,
        created_at=instant(usage.created_at),
        last_used_at=instant(usage.last_used_at) if usage.HasField("last_used_at") else None,
        usage_count=usage.usage_count,
        parents=tuple(text(parent) for parent in parents),
        in_use=usage.in_use,
        shared=usage.shared,
        mutable=usage.mutable,
        description=text(usage.description),
    )


def policy(rules: Iterable[pb.GCPolicy]) -> tuple[Rule, ...]:
    """Return the rules of a worker's garbage collection; their durations are nanoseconds."""
    return tuple(
        Rule(
            all=rule.all,
            keep_duration=rule.keep_duration / 1e9,
            reserved=rule.reserved_space,
            max_used=rule.max_used_space,
            min_free=rule.min_free_space,
            filters=tuple(map(text, rule.filters)),
        )
        for rule in rules
    )


def history_event(event: pb.BuildHistoryEvent, builder: str, node: str) -> HistoryEvent | None:
    """Return a history event; None for a type newer than we know."""
    kind = _EVENTS.get(event.type)
    if kind is None:
        return None
    attributes = {text(one.key): text(one.value) for one in event.record.frontend_attrs}
    return HistoryEvent(kind, _build(event.record, attributes, builder, node), attributes.get("vcs:source", ""))


def _build(record: pb.BuildHistoryRecord, attributes: dict[str, str], builder: str, node: str) -> Build:
    return Build(
        ref=text(record.ref),
        builder=builder,
        node=node,
        started_at=instant(record.created_at),
        completed_at=instant(record.completed_at) if record.HasField("completed_at") else None,
        status=_status(record),
        folder=attributes.get("context", ""),
        target=attributes.get("target", ""),
        revision=attributes.get("vcs:revision", ""),
        error=masked(text(record.error.message)),
        ours=False,
    )


def _status(record: pb.BuildHistoryRecord) -> BuildStatus:
    if not record.HasField("completed_at"):
        return BuildStatus.RUNNING
    if not record.HasField("error"):
        return BuildStatus.SUCCEEDED
    return BuildStatus.CANCELED if record.error.code == _CANCELED else BuildStatus.FAILED


def progress(response: pb.StatusResponse) -> Progress:
    """Return one message of a solve's progress."""
    return Progress(
        vertexes=tuple(_vertex(vertex) for vertex in response.vertexes),
        transfers=tuple(_transfer(status) for status in response.statuses),
        logs=tuple(
            LogChunk(text(log.vertex), log.stream, masked_bytes(log.msg), instant(log.timestamp))
            for log in response.logs
        ),
        warnings=tuple(
            BuildWarning(text(warning.vertex), text(warning.short), tuple(map(text, warning.detail)), text(warning.url))
            for warning in response.warnings
        ),
    )


def _vertex(vertex: pb.Vertex) -> VertexUpdate:
    return VertexUpdate(
        digest=text(vertex.digest),
        name=text(vertex.name),
        inputs=tuple(map(text, vertex.inputs)),
        started=instant(vertex.started) if vertex.HasField("started") else None,
        completed=instant(vertex.completed) if vertex.HasField("completed") else None,
        cached=vertex.cached,
        error=masked(text(vertex.error)),
    )


def _transfer(status: pb.VertexStatus) -> TransferUpdate:
    return TransferUpdate(
        id=text(status.id),
        vertex=text(status.vertex),
        name=text(status.name),
        current=status.current,
        total=status.total,
        started=instant(status.started) if status.HasField("started") else None,
        completed=instant(status.completed) if status.HasField("completed") else None,
    )
