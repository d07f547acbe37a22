"""The evidence of a build of a case, from the daemon's provenance and the folder that it was built from."""

import json
from collections.abc import Mapping
from pathlib import Path

from dockcache_tui.core.builds.build import BuildStatus
from dockcache_tui.core.explain.context import Context
from dockcache_tui.core.explain.evidence import Evidence, Graph
from dockcache_tui.core.explain.ops import Ops, read_ops
from dockcache_tui.core.explain.traced_build import TracedBuild
from why.folder import read_context
from why.history import provenance
from why.keys import is_local, resolved
from why.running import Ran
from why.surroundings import Surroundings


def traced(around: Surroundings, ran: Ran, work: Path) -> TracedBuild:
    """Return a build of one target with its evidence; that of one that failed has no operations."""
    if ran.build.status is not BuildStatus.SUCCEEDED:
        return TracedBuild(ran.build, Evidence(around.version, (Graph(),)))
    document = provenance(around, ran.build.ref)
    ops = read_ops(document)
    sources = {op.id: resolved(around, op, document) for op in ops.ops if op.kind == "source" and not is_local(op)}
    graph = Graph(ran.build.ref, ops=ops, request=_request(document), sources=sources, contexts=contexts(ops, work))
    return TracedBuild(ran.build, Evidence(around.version, (graph,)))


def contexts(ops: Ops, work: Path) -> tuple[Context, ...]:
    """Return the folders that operations take, as they are now."""
    folders = {"extra": work / "x2"}
    return tuple(
        read_context(
            name, folders.get(name, work), json.loads(op.body.get("attrs", {}).get("local.excludepatterns", "[]"))
        )
        for op in ops.ops
        if is_local(op)
        for name in (op.body["identifier"].removeprefix("local://"),)
    )


def _request(document: str) -> Mapping[str, str]:
    told = json.loads(document)
    request: Mapping[str, str] = told["buildDefinition"]["externalParameters"]["request"].get("args", {})
    return request
