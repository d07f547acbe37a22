"""The evidence of a build of a case, from the daemon's provenance and the folder that it was built from."""

import json
from dataclasses import replace
from pathlib import Path

from dockcache_tui.core.builds.build import BuildStatus
from dockcache_tui.core.builds.cache_places import option_values, places_of
from dockcache_tui.core.explain.context import Context
from dockcache_tui.core.explain.evidence import Evidence, Graph
from dockcache_tui.core.explain.ops import Op, Ops
from dockcache_tui.core.explain.provenance import read_evidence
from dockcache_tui.core.explain.traced_build import TracedBuild
from dockcache_tui.core.explain.vertexes import with_vertexes
from why.folder import read_context
from why.history import provenance
from why.keys import is_local
from why.running import Ran
from why.surroundings import Surroundings


def traced(around: Surroundings, ran: Ran, work: Path) -> TracedBuild:
    """Return a build of one target with its evidence; that of one that failed has no operations."""
    if ran.build.status is not BuildStatus.SUCCEEDED:
        return TracedBuild(ran.build, Evidence(around.version, (Graph(),)))
    told = read_evidence(provenance(around, ran.build.ref).encode(), Graph(ran.build.ref), around.version)
    evidence = with_vertexes(told, (vertex for said in ran.said for vertex in said.vertexes))
    imports, exports = (
        places_of(option_values(ran.words, option), str(work)) for option in ("--cache-from", "--cache-to")
    )
    graphs = tuple(
        replace(graph, contexts=contexts(graph.ops or Ops(), work), imports=imports, exports=exports)
        for graph in evidence.graphs
    )
    return TracedBuild(ran.build, replace(evidence, graphs=graphs))


def contexts(ops: Ops, work: Path) -> tuple[Context, ...]:
    """Return the folders that operations take, as they are now."""
    return tuple(_context(op, work) for op in ops.ops if is_local(op))


def _context(op: Op, work: Path) -> Context:
    name = op.body["identifier"].removeprefix("local://")
    excludes = json.loads(op.body.get("attrs", {}).get("local.excludepatterns", "[]"))
    return read_context(name, work / "x2" if name == "extra" else work, excludes)
