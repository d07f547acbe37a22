"""Pruning exact records of one node."""

import json
from collections.abc import Sequence

import grpc

from dockcache_tui.core.records.record import Pruned, PruneOutcome, RecordKey
from dockcache_tui.sources.buildkit import control_pb2 as pb
from dockcache_tui.sources.buildkit.convert import text
from dockcache_tui.sources.buildkit.node import Node

_SECONDS = 300.0
_BATCH = 20
"""Records in one request: the daemon collects garbage after each, which takes up to 0.1 s with containerd's store."""


def prune_node(node: Node, ids: Sequence[str]) -> PruneOutcome:
    """Prune these records in order; tells also what was freed besides, and the daemon's reason for each failure."""
    freed: list[Pruned] = []
    failed: list[tuple[RecordKey, str]] = []
    for start in range(0, len(ids), _BATCH):
        batch = ids[start : start + _BATCH]
        gone: set[str] = set()
        reason = ""
        try:
            for usage in node.stream("Prune", request(batch), pb.UsageRecord, _SECONDS):
                gone.add(text(usage.id))
                freed.append(Pruned(RecordKey(node.name, text(usage.id)), usage.size))
        except grpc.RpcError as error:
            reason = str(node.explained(error, "Prune"))
        failed += [(RecordKey(node.name, id_), reason) for id_ in batch if id_ not in gone]
    return PruneOutcome(tuple(freed), tuple(failed))


def request(ids: Sequence[str]) -> pb.PruneRequest:
    """Return the request for records that no image shares; `all`, or internal and frontend records would stay.

    A filter is in containerd's language, whose quoted strings are Go's: JSON's are among those. Without a filter
    everything would be pruned: raises ValueError.
    """
    if not ids:
        raise ValueError("nothing to prune")
    filters = [f"id=={json.dumps(id_, ensure_ascii=False)},private".encode() for id_ in ids]
    return pb.PruneRequest(filter=filters, all=True)
