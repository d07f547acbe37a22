"""Which operation each vertex was, where the provenance names others."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.explain.sample_builds import Dockerfile
from dockcache_tui.core.builds.progress import VertexUpdate
from dockcache_tui.core.explain.evidence import Evidence, Graph
from dockcache_tui.core.explain.ops import Ops
from dockcache_tui.core.explain.vertexes import paired, with_vertexes

LINES = ["RUN a", "RUN b c", "RUN c", "RUN x a", "COPY f /f", "COPY f g /f", "COPY g /f", "WORKDIR /w"]
FROM = ["FROM base AS {}", "FROM other AS {}"]
EXTRA = [
    VertexUpdate("internal", "[internal] load build definition from Dockerfile"),
    VertexUpdate("metadata", "[internal] load metadata for docker.io/library/base:latest"),
    VertexUpdate("export", "exporting to image"),
]


def told(dockerfile: Dockerfile, order: Sequence[int] = ()) -> tuple[Ops, list[VertexUpdate], dict[str, str]]:
    """Return operations, what the progress tells in some order, and which operation each vertex truly was."""
    ops = dockerfile.ops
    names = {op.id: dockerfile.names.get(op.id, "") for op in ops.ops if op.kind}
    for op in ops.ops:
        if op.kind == "source":
            scheme, _, reference = op.body["identifier"].partition("://")
            names[op.id] = "[internal] load build context" if scheme == "local" else f"[a 1/2] FROM {reference}"
    vertexes = [
        VertexUpdate(f"vertex {op.id}", names[op.id], tuple(f"vertex {edge.op}" for edge in op.inputs))
        for op in ops.ops
        if op.kind
    ]
    if order:
        vertexes = [one for _, one in sorted(zip(order, vertexes, strict=False), key=lambda pair: pair[0])]
    return ops, vertexes, {f"vertex {op}": op for op in names}


@st.composite
def dockerfiles(draw: st.DrawFn) -> Dockerfile:
    """Return a Dockerfile of a few stages, the last of which copies from the others."""
    stages = draw(st.lists(st.lists(st.sampled_from(LINES), max_size=4), min_size=1, max_size=3))
    lines = []
    for number, stage in enumerate(stages):
        lines += [draw(st.sampled_from(FROM)).format(f"s{number}"), *stage]
    lines += ["FROM base AS last", *(f"COPY --from=s{number} /o /o" for number in range(len(stages)))]
    return Dockerfile().read("\n".join(lines))


@settings(max_examples=200)
@given(dockerfiles(), st.permutations(range(30)))
def test_never_wrong(dockerfile: Dockerfile, order: list[int]) -> None:
    """Each vertex that is paired is paired with its own operation, in whatever order the progress told of them."""
    ops, vertexes, true = told(dockerfile, order)
    found = paired(ops.ops, [*EXTRA, *vertexes])
    assert {vertex: true[vertex] for vertex in found} == found


@settings(max_examples=100)
@given(st.lists(st.lists(st.sampled_from(LINES), max_size=3), min_size=1, max_size=3), st.permutations(range(30)))
def test_all_without_twins(stages: list[list[str]], order: list[int]) -> None:
    """Where each stage begins with a command of its own, all vertexes are paired."""
    lines = []
    for number, stage in enumerate(stages):
        lines += [f"FROM base AS s{number}", f"RUN only {'abc'[number]}", *stage]
    lines += ["FROM other AS last", *(f"COPY --from=s{number} /o{number} /o" for number in range(len(stages)))]
    ops, vertexes, true = told(Dockerfile().read("\n".join(lines)), order)
    again = [replace(one, inputs=()) for one in vertexes]  # as when its layers are pulled
    assert paired(ops.ops, [*EXTRA, *vertexes, *again]) == true


def test_variables_are_filled_in_by_names_only() -> None:
    """A command whose text differs from its name is known by where it stands."""
    dockerfile = Dockerfile().read("FROM base AS one\nRUN echo $A\nRUN echo $B\nCOPY f /f")
    ops, vertexes, true = told(dockerfile)
    named = [replace(one, name=one.name.replace("$A", "1").replace("$B", "2")) for one in vertexes]
    assert paired(ops.ops, named) == true


def test_twins_are_left_out() -> None:
    """Of two stages that differ only in what no name tells, neither step is guessed; what stands apart is known."""
    text = "FROM base AS one\nARG A={}\nRUN make\n"
    lines = (
        text.format(1)
        + text.replace("one", "two").format(2)
        + "FROM base AS last\nCOPY --from=one /a /a\nCOPY --from=two /b /b"
    )
    ops, vertexes, true = told(Dockerfile().read(lines))
    assert paired(ops.ops, vertexes) == true  # the copies tell which is which
    alike = [one for one in vertexes if "COPY" not in one.name]
    makes = {one.digest for one in alike if "make" in one.name}
    assert paired(ops.ops, alike).keys() == {one.digest for one in alike} - makes


def test_a_provenance_that_names_them_is_left_as_it_is() -> None:
    """Pairing is for vertexes that are not named; a platform's are looked for among its own."""
    ops, vertexes, true = told(Dockerfile().read("FROM base AS one\nRUN a"))
    known = Graph(ops=Ops(ops.ops, {vertexes[0].digest: "step0"}))
    assert with_vertexes(Evidence(graphs=(known,)), vertexes).graphs == (known,)
    strange = Graph(platform="linux/amd64", ops=Ops(ops.ops, {"sha256:other": "step0"}))
    others = [replace(one, digest=f"arm {one.digest}", name=one.name.replace("[", "[linux/arm64 ")) for one in vertexes]
    (graph,) = with_vertexes(Evidence(graphs=(strange,)), [*vertexes, *others]).graphs
    assert graph.ops is not None
    assert graph.ops.vertexes == true


@pytest.mark.parametrize(
    "vertexes",
    [
        [VertexUpdate("a", "RUN a", ("b",)), VertexUpdate("b", "RUN a", ("a",))],
        [VertexUpdate("a", "RUN a", ("nowhere",))],
        [VertexUpdate("a", "", ()), VertexUpdate("b", "\n[", ("a", "a"))],
    ],
    ids=["circle", "missing", "nameless"],
)
def test_strange_progress(vertexes: list[VertexUpdate]) -> None:
    """Vertexes in a circle, on nothing or without a name are none of ours."""
    assert paired(Dockerfile().read("FROM base AS one\nRUN a").ops.ops, vertexes) == {}
