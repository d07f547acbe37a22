"""Pruning exact records of one node."""

import json
from collections.abc import Iterable, Sequence
from threading import Event

import grpc

from dockcache_tui.core.errors import SourceError
from dockcache_tui.core.records.record import Pruned, PruneOutcome, Record, RecordKey
from dockcache_tui.sources.audit import AuditLog, Named
from dockcache_tui.sources.buildkit import control_pb2 as pb
from dockcache_tui.sources.buildkit.convert import text
from dockcache_tui.sources.buildkit.node import NodeClient, unimplemented

_SECONDS = 300.0
_ASKING_SECONDS = 60.0
_BATCH = 20
"""Records in one request: the daemon collects garbage after each, which takes up to 0.1 s with containerd's store."""
_LOST = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED}
"""Errors that leave open what was done of a request."""


class NodePrune:
    """The prune of some records of one node, with the audit log around each request."""

    def __init__(self, node: NodeClient, audit: AuditLog) -> None:
        """Begin with nothing done."""
        self._node, self._audit = node, audit
        self._freed: list[Pruned] = []
        self._failed: list[tuple[RecordKey, str]] = []
        self._unknown: list[tuple[RecordKey, str]] = []
        self._not_tried: list[tuple[RecordKey, str]] = []
        self._unaudited = ""

    def run(self, records: Sequence[Record], stop: Event) -> PruneOutcome:
        """Prune in order until told to stop; what was freed besides is told too, and nothing is raised.

        What was asked for and not answered is unknown, and nothing is tried after that.
        """
        left, over = list(records), ""
        while left and not over:
            over = "interrupted" if stop.is_set() else self._trouble()
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
            for usage in self._node.stream("Prune", request([one.id for one in batch]), pb.UsageRecord, _SECONDS):
                gone[text(usage.id)] = usage.size
        except grpc.RpcError as error:
            reason, lost = str(self._node.explained(error, "Prune")), error.code() in _LOST
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
