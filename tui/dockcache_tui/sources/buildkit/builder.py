"""A buildx builder read and pruned through BuildKit's control API."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar
from weakref import WeakSet, finalize

import grpc

from dockcache_tui.core.builds.progress import Progress
from dockcache_tui.core.errors import SourceError
from dockcache_tui.core.explain.evidence import Evidence
from dockcache_tui.core.explain.rules import rules_of
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.record import BuilderSnapshot, NodeStatus, Pruned, PruneOutcome, Record, RecordKey
from dockcache_tui.sources.audit import AuditLog, Named
from dockcache_tui.sources.builders import find_builder
from dockcache_tui.sources.buildkit import control_pb2 as pb
from dockcache_tui.sources.buildkit.convert import progress, record, text
from dockcache_tui.sources.buildkit.definition import Planned
from dockcache_tui.sources.buildkit.dial import write_instances
from dockcache_tui.sources.buildkit.evidence import history_evidence
from dockcache_tui.sources.buildkit.gateway import Question, ask
from dockcache_tui.sources.buildkit.history import BuildHistory
from dockcache_tui.sources.buildkit.node import NodeClient, NodeStream, open_node, unimplemented
from dockcache_tui.sources.buildkit.session import SignIn
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.ending import Ended, cut_by, is_cut, is_ending
from dockcache_tui.sources.private_folder import PrivateFolder
from dockcache_tui.sources.protocols import HistoryEvent, Stream
from dockcache_tui.sources.side_by_side import everywhere

_SECONDS = 300.0
_ASKING_SECONDS = 60.0
_BATCH = 20
"""Records in one request: the daemon collects garbage after each, which takes up to 0.1 s with containerd's store."""
_LOST = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED}
"""Errors that leave open what was done of a request."""
_INTERRUPTED = "interrupted"
T = TypeVar("T")
READ_SECONDS = 60.0
"""The longest a reading of all records may take: BuildKit measures sizes it does not know yet."""


class NodePrune:
    """The prune of some records of one node, with the audit log around each request."""

    def __init__(self, node: NodeClient, audit: AuditLog) -> None:
        self._node, self._audit = node, audit
        self._freed: list[Pruned] = []
        self._failed: list[tuple[RecordKey, str]] = []
        self._unknown: list[tuple[RecordKey, str]] = []
        self._not_tried: list[tuple[RecordKey, str]] = []
        self._unaudited = ""

    def run(self, records: Sequence[Record]) -> PruneOutcome:
        """Prune in order until told to end; what was freed besides is told too, and nothing is raised.

        What was asked for and not answered is unknown, and nothing is tried after that.
        """
        left, over = list(records), ""
        while left and not over:
            over = _INTERRUPTED if is_ending() else self._trouble()
            if not over:
                batch, left = left[:_BATCH], left[_BATCH:]
                over = self._prune(batch)
        self._not_tried += [(one.key, over) for one in left]
        self._write(map(_named, left), "not tried", over)
        return PruneOutcome(
            tuple(self._freed), tuple(self._failed), tuple(self._unknown), tuple(self._not_tried), self._unaudited
        )

    def _prune(self, batch: Sequence[Record]) -> str:
        """Prune some in one request; returns why no other can follow, which is empty when one can."""
        self._write(map(_named, batch), "pruning")
        gone: dict[str, int] = {}
        stayed, what, reason, lost = self._failed, "stayed", "", False
        try:
            call = self._node.stream("Prune", request([one.id for one in batch]), pb.UsageRecord, _SECONDS)
            with cut_by(call.cancel):
                for usage in call:
                    gone[text(usage.id)] = usage.size
        except grpc.RpcError as error:
            lost = error.code() in _LOST
            reason = _INTERRUPTED if is_cut() else str(self._node.explained(error, "Prune"))
            if lost:
                stayed, what = self._unknown, "unknown"
        except SourceError as error:  # the connection was closed: nothing was sent
            reason, lost, stayed, what = str(error), True, self._not_tried, "not tried"
        known = {one.id: one for one in batch}
        for id_, size in gone.items():
            key = RecordKey(self._node.name, id_)
            self._freed.append(Pruned(key, size))
            named = _named(known[id_]) if id_ in known else {"node": key.node, "id": id_}
            self._write([{**named, "freed": size}], "freed")
        rest = [one for one in batch if one.id not in gone]
        stayed += [(one.key, reason) for one in rest]
        self._write(map(_named, rest), what, reason)
        return reason if lost else ""

    def _trouble(self) -> str:
        """Return why the node can't be asked now, which is empty when it answers."""
        try:
            self._node.call("Info", pb.InfoRequest(), pb.InfoResponse, _ASKING_SECONDS)
        except SourceError as error:
            return "" if unimplemented(error) else str(error)
        except Ended:
            return _INTERRUPTED
        return ""

    def _write(self, things: Iterable[Named], what: str, detail: str = "") -> None:
        reason = self._audit.write(things, what, detail)
        self._unaudited = self._unaudited or reason


def _named(record: Record) -> Named:
    return {"node": record.node, "id": record.id, "size": record.size, "description": record.description}


def request(ids: Sequence[str]) -> pb.PruneRequest:
    """Return the request for records that no image shares; `all`, or internal and frontend records would stay.

    A filter is in containerd's language, whose quoted strings are Go's: JSON's are among those. Without a filter
    everything would be pruned: raises ValueError.
    """
    if not ids:
        raise ValueError("nothing to prune")
    filters = [f"id=={json.dumps(id_, ensure_ascii=False)},private".encode() for id_ in ids]
    return pb.PruneRequest(filter=filters, all=True)


def open_builder(docker: Docker, name: str = "") -> "BuildKitBuilder":
    """Open a builder (none named: BUILDX_BUILDER's or the current one), starting nothing; raises SourceError."""
    info = find_builder(docker, name)
    folder = PrivateFolder()
    try:
        instances = write_instances(docker, info, folder.path)
        nodes = tuple(open_node(docker, instance, folder, number) for number, instance in enumerate(instances))
    except BaseException:
        folder.remove()
        raise
    return BuildKitBuilder(info.name, info.driver, nodes, folder)


class BuildKitBuilder:
    """A Builder: all nodes at once, each over one channel that stays open and comes back by itself."""

    def __init__(self, name: str, driver: str, nodes: tuple[NodeClient, ...], folder: PrivateFolder) -> None:
        self.name = name
        self.driver = driver
        self.nodes = nodes
        self._streams: WeakSet[Stream[HistoryEvent] | Stream[Progress]] = WeakSet()
        self._end = finalize(self, _end, nodes, folder)

    def snapshot(self) -> BuilderSnapshot:
        taken_at = Instant.now()
        readings = self._everywhere(self._read)
        statuses = tuple(_told(node, reading) for node, reading in zip(self.nodes, readings, strict=True))
        errors = [reading for reading in readings if isinstance(reading, SourceError)]
        if len(errors) == len(readings):
            raise _joined(errors)
        records = tuple(one for reading in readings if not isinstance(reading, SourceError) for one in reading[1])
        return BuilderSnapshot(self.name, self.driver, statuses, records, taken_at)

    def prune(self, records: Sequence[Record]) -> PruneOutcome:
        """Prune exactly these records, on each node in the order given, and report what the daemon freed.

        What an image shares is left alone. A record that stayed without an error has an empty reason. Once told to end
        it tries nothing more; nothing is ever raised.
        """
        audit = AuditLog({"builder": self.name})

        def work(node: NodeClient) -> PruneOutcome:
            return NodePrune(node, audit).run([one for one in records if one.node == node.name])

        done = everywhere(work, self.nodes, "nodes")
        known = {node.name for node in self.nodes}
        strangers = ((one.key, f"{self.name} has no node {one.node}") for one in records if one.node not in known)
        return PruneOutcome(
            tuple(one for outcome in done for one in outcome.freed),
            tuple(one for outcome in done for one in outcome.failed),
            tuple(one for outcome in done for one in outcome.unknown),
            (*(one for outcome in done for one in outcome.not_tried), *strangers),
            next((outcome.unaudited for outcome in done if outcome.unaudited), ""),
        )

    def history(self, *, follow: bool) -> BuildHistory:
        """Stream the builds of every node, newest last, and with `follow` go on with live ones."""
        stream = BuildHistory(self.name, self.nodes, follow=follow)
        self._streams.add(stream)
        return stream

    def status(self, node: str, ref: str) -> NodeStream[pb.StatusResponse, Progress]:
        """Stream the progress of one build of a node, from its beginning; raises SourceError for an unknown node.

        Without a node it is that of the first, as of a build that ran on several.
        """
        request = pb.StatusRequest(ref=ref.encode())
        stream = NodeStream(self._node(node), "Status", request, pb.StatusResponse, progress)
        self._streams.add(stream)
        return stream

    def evidence(self, node: str, ref: str) -> Evidence:
        """Return what a node's history keeps of a build that is over; raises SourceError where it keeps nothing."""
        return history_evidence(self._node(node), ref)

    def plan(self, node: str, question: Question, sign_in: SignIn = lambda _: None) -> tuple[Planned, ...]:
        """Return what a build on a node would do, a graph for each platform; nothing is built. Raises SourceError.

        `sign_in` tells how registries are read, by their hosts.
        """
        one = self._node(node)
        rules = rules_of(one.status().buildkit_version)
        return ask(one, question, sign_in, omits_zeros=rules is None or rules.omits_zeros)

    def close(self) -> None:
        """End all streams, channels and processes; may be called twice."""
        for stream in tuple(self._streams):
            stream.close()
        self._end()

    def _node(self, name: str) -> NodeClient:
        for node in self.nodes:
            if name in ("", node.name):
                return node
        raise SourceError(f"{self.name} has no node {name}", title="There is no such node")

    def _read(self, node: NodeClient) -> tuple[NodeStatus, tuple[Record, ...]]:
        usage = node.call("DiskUsage", pb.DiskUsageRequest(), pb.DiskUsageResponse, READ_SECONDS)
        return node.status(), tuple(record(one, self.name, node.name) for one in usage.record)

    def _everywhere(self, work: Callable[[NodeClient], T]) -> list[T | SourceError]:
        """Do the same on every node at once; a node's error stands in its place."""

        def attempt(node: NodeClient) -> T | SourceError:
            try:
                return work(node)
            except SourceError as error:
                return error

        return everywhere(attempt, self.nodes, "nodes")


def _told(node: NodeClient, reading: tuple[NodeStatus, tuple[Record, ...]] | SourceError) -> NodeStatus:
    if isinstance(reading, SourceError):
        return NodeStatus(node.name, node.endpoint, f"{reading.title}: {reading}", reading.hint)
    return reading[0]


def _joined(errors: list[SourceError]) -> SourceError:
    reasons = "; ".join(dict.fromkeys(map(str, errors)))
    return SourceError(reasons, title=errors[0].title, hint=errors[0].hint)


def _end(nodes: tuple[NodeClient, ...], folder: PrivateFolder) -> None:
    for node in nodes:
        node.close()
    folder.remove()
