"""The evidence that a node's own history keeps of a build: the daemon's own bytes, whatever the version of buildx."""

from dataclasses import replace

from dockcache_tui.core.builds.history_record import PREDICATE, PROVENANCE
from dockcache_tui.core.errors import SourceError
from dockcache_tui.core.explain.evidence import Evidence, Graph
from dockcache_tui.core.explain.provenance import joined, read_evidence, unfinished
from dockcache_tui.core.explain.vertexes import with_vertexes
from dockcache_tui.sources.buildkit import control_pb2 as pb
from dockcache_tui.sources.buildkit.convert import progress, text
from dockcache_tui.sources.buildkit.node import NodeClient, NodeStream

MAX_PROVENANCE = 64 << 20
_READ = "/containerd.services.content.v1.Content/Read"


def history_evidence(node: NodeClient, ref: str) -> Evidence:
    """Return what a node keeps of a build that is over; raises SourceError where it keeps nothing."""
    record = _record(node, ref)
    version = node.status().buildkit_version
    request = {text(one.key): text(one.value) for one in record.frontend_attrs}
    graph = Graph(ref, request.get("target", ""), request=request)
    results = [("", record.result), *((text(one.platform), one.result) for one in record.results)]
    found = []
    for platform, result in results:
        for one in filter(_is_provenance, result.attestations):
            try:
                told = replace(graph, platform=platform)
                found.append(read_evidence(_content(node, one.digest), told, version))
            except ValueError as error:
                found.append(Evidence(version, missing=(f"A provenance of the build can't be read: {error}.",)))
    said = NodeStream(node, "Status", pb.StatusRequest(ref=ref.encode()), pb.StatusResponse, progress)
    vertexes = [one for message in said for one in message.vertexes]
    return with_vertexes(joined(found), vertexes) if found else unfinished(graph, vertexes, version)


def _record(node: NodeClient, ref: str) -> pb.BuildHistoryRecord:
    request = pb.BuildHistoryRequest(ref=ref.encode(), early_exit=True)
    for event in NodeStream(node, "ListenBuildHistory", request, pb.BuildHistoryEvent, lambda one: one):
        if event.type == pb.COMPLETE and event.record.ref == ref.encode():
            return event.record
    raise SourceError(f"{node.name} keeps no build {ref}", title="The builder forgot the build")


def _is_provenance(one: pb.Descriptor) -> bool:
    return any(text(each.key) == PREDICATE and text(each.value).startswith(PROVENANCE) for each in one.annotations)


def _content(node: NodeClient, digest: bytes) -> bytes:
    """Return a blob of the node's content store; raises ValueError for one that is larger than any provenance."""
    parts, size = list[bytes](), 0
    request = pb.ReadContentRequest(digest=digest)
    for part in NodeStream(node, _READ, request, pb.ReadContentResponse, lambda one: one.data):
        parts.append(part)
        size += len(part)
        if size > MAX_PROVENANCE:
            raise ValueError(f"it goes on for {size:,} bytes")
    return b"".join(parts)
