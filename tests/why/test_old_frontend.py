"""The steps of a Dockerfile with an old frontend, whose provenance names vertexes that never ran."""

from pathlib import Path
from uuid import uuid4

import pytest

from dockcache_tui.core.builds.names import parse_name
from dockcache_tui.core.explain.op_keys import file_action
from dockcache_tui.core.explain.ops import Op, read_ops
from dockcache_tui.sources.buildkit.builder import open_builder
from why.history import provenance
from why.surroundings import Surroundings
from why.test_keys_of_projects import build

DOCKERFILE = """\
# syntax=docker/dockerfile:{}
FROM busybox AS one
ARG A=1
RUN echo $A > /o
COPY f /f
FROM busybox AS two
RUN echo {} > /o
WORKDIR /w
FROM busybox AS last
COPY --from=one /o /one
COPY --from=two /o /two
COPY --link f /linked
RUN cat /one /two
"""


@pytest.mark.matrix
def test_steps_are_known(around: Surroundings, tmp_path: Path) -> None:
    """Each step of three stages is the operation that it is with a frontend whose vertexes are named."""
    around.push_frontends()
    mark, found = uuid4().hex, {}
    for frontend in ("s12", "s25"):
        folder = tmp_path / frontend
        folder.mkdir()
        (folder / "f").write_text("1")
        (folder / "Dockerfile").write_text(DOCKERFILE.format(frontend, mark))
        ref = build(around, folder)
        assert ref
        builder = open_builder(around.docker, around.builder)
        try:
            (graph,) = builder.evidence("", ref).graphs
            said = {one.digest: one.name for progress in builder.status("", ref) for one in progress.vertexes}
        finally:
            builder.close()
        named = read_ops(provenance(around, ref)).vertexes.keys() & said.keys()
        assert bool(named) is (frontend == "s25")
        assert graph.ops is not None
        ops = {op.id: op for op in graph.ops.ops}
        steps = {said[vertex]: ops[op] for vertex, op in graph.ops.vertexes.items() if vertex in said}
        found[frontend] = {name: does(op) for name, op in steps.items() if parse_name(name).number}
    assert len(found["s25"]) == 10
    assert found["s12"] == found["s25"]


def does(op: Op) -> tuple[str, str]:
    """Return the kind of an operation and what tells it from others."""
    if op.kind == "exec":
        return op.kind, op.body["meta"]["args"][-1]
    if op.kind == "file":
        bodies = [file_action(one)[1] for one in op.body["actions"]]
        return op.kind, " ".join(f"{body.get('src')} {body.get('dest')} {body.get('path')}" for body in bodies)
    return op.kind, op.body.get("identifier", "")
