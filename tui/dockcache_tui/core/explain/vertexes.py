"""Which operation each vertex of a build was, where its provenance names other vertexes than those that ran.

An old external frontend writes messages that a newer BuildKit writes anew, so that their digests differ.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter

from dockcache_tui.core.builds.names import parse_name
from dockcache_tui.core.builds.progress import VertexUpdate
from dockcache_tui.core.explain.evidence import Evidence, Graph
from dockcache_tui.core.explain.op_keys import base_name, file_action
from dockcache_tui.core.explain.ops import Op, Ops

_ROUNDS = 20
_KINDS = {"RUN": "exec", "COPY": "file", "ADD": "file", "WORKDIR": "file", "LINK": "merge", "FROM": "image"}
_OTHERS = {"load build context": "local://context", "preparing inline document": "file"}


def with_vertexes(evidence: Evidence, told: Iterable[VertexUpdate]) -> Evidence:
    """Return evidence whose operations are known by the vertexes that the build's progress told of."""
    said = tuple(told)
    return replace(evidence, graphs=tuple(_named(graph, said) for graph in evidence.graphs))


def _named(graph: Graph, told: Iterable[VertexUpdate]) -> Graph:
    if graph.ops is None:
        return graph
    of_platform = ("", graph.platform)
    vertexes = _once(one for one in told if parse_name(one.name).platform in of_platform)
    if not vertexes.keys().isdisjoint(graph.ops.vertexes):
        return graph
    return replace(graph, ops=Ops(graph.ops.ops, paired(graph.ops.ops, vertexes.values())))


def paired(ops: Sequence[Op], told: Iterable[VertexUpdate]) -> Mapping[str, str]:
    """Return the operations of vertexes: leaves by what they fetch, others by their inputs, kinds and texts.

    Those that could be one or another are left out.
    """
    vertexes = _once(told)
    order = TopologicalSorter({one.digest: one.inputs for one in vertexes.values()})
    try:
        return _Pairing(ops, [vertexes[digest] for digest in order.static_order() if digest in vertexes]).all()
    except CycleError:
        return {}


def _once(told: Iterable[VertexUpdate]) -> Mapping[str, VertexUpdate]:
    """Return each vertex with what it stands on, which not every update of it tells."""
    vertexes: dict[str, VertexUpdate] = {}
    for one in told:
        if one.digest not in vertexes or (one.inputs and not vertexes[one.digest].inputs):
            vertexes[one.digest] = one
    return vertexes


class _Pairing:
    def __init__(self, ops: Sequence[Op], vertexes: Sequence[VertexUpdate]) -> None:
        self._ops, self._vertexes = {op.id: op for op in ops}, {one.digest: one for one in vertexes}
        self._inputs = {op.id: tuple(edge.op for edge in op.inputs) for op in ops}
        self._inputs |= {one.digest: one.inputs for one in vertexes}
        self._pairs: dict[str, str] = {}
        self._taken: dict[str, str] = {}

    def all(self) -> Mapping[str, str]:
        for _ in range(_ROUNDS):
            before = len(self._pairs)
            for ops, vertexes in self._alike():
                for vertex, op in _told_apart(ops, vertexes):
                    self._take(vertex, op.id)
            if len(self._pairs) == before:
                break
        return self._pairs

    def _take(self, vertex: str, op: str) -> None:
        """Pair two, and what they stand on."""
        waiting = [(vertex, op)]
        while waiting:
            vertex, op = waiting.pop()
            if vertex in self._pairs or op in self._taken or vertex not in self._vertexes:
                continue
            if _kind_of_op(self._ops[op]) == _kind_of_vertex(self._vertexes[vertex]):
                self._pairs[vertex], self._taken[op] = op, vertex
                waiting += zip(self._inputs[vertex], self._inputs[op], strict=False)

    def _alike(self) -> Iterator[tuple[Sequence[Op], Sequence[VertexUpdate]]]:
        """Yield the operations and vertexes, not paired yet, that do one kind of thing on the same."""
        numbers: dict[object, int] = {}
        marks: dict[str, int] = {}
        groups: dict[int, tuple[list[Op], list[VertexUpdate]]] = defaultdict(lambda: ([], []))
        for op in self._ops.values():
            marks[op.id] = self._mark(numbers, marks, op.id, op.id, _kind_of_op(op))
            groups[marks[op.id]][0].append(op)
        for vertex in self._vertexes.values():
            of = self._pairs.get(vertex.digest, "")
            marks[vertex.digest] = self._mark(numbers, marks, vertex.digest, of, _kind_of_vertex(vertex))
            groups[marks[vertex.digest]][1].append(vertex)
        for ops, vertexes in groups.values():
            yield (
                [op for op in ops if op.id not in self._taken],
                [one for one in vertexes if one.digest not in self._pairs],
            )

    def _mark(self, numbers: dict[object, int], marks: Mapping[str, int], one: str, of: str, kind: str) -> int:
        """Return a number that stands for what one is: a pair, or its kind and what it stands on."""
        if of in self._taken:
            return numbers.setdefault(of, len(numbers))
        inputs = tuple(marks.get(each, -1) for each in self._inputs[one])
        return numbers.setdefault((kind or one, inputs), len(numbers))


def _told_apart(ops: Sequence[Op], vertexes: Sequence[VertexUpdate]) -> Iterator[tuple[str, Op]]:
    """Yield the pairs among what is alike: one of each, else those whose texts fit each other alone."""
    if len(ops) == len(vertexes) == 1:
        yield vertexes[0].digest, ops[0]
        return
    fits = {one.digest: [op for op in ops if _fits(op, one)] for one in vertexes}
    for digest, found in fits.items():
        if len(found) == 1 and sum(found[0] in others for others in fits.values()) == 1:
            yield digest, found[0]


def _kind_of_op(op: Op) -> str:
    if op.kind != "source":
        return op.kind
    scheme, _, reference = op.body["identifier"].partition("://")
    match scheme:
        case "docker-image":
            return f"image {reference}"
        case "local":
            return f"local://{reference}"
    return "file"  # what an ADD fetches has the name of the ADD


def _kind_of_vertex(vertex: VertexUpdate) -> str:
    """Return the kind of operation that a name tells; empty for none."""
    instruction = parse_name(vertex.name).instruction
    word, _, rest = instruction.partition(" ")
    kind = _KINDS.get(word, "") or _OTHERS.get(instruction, "")
    return f"image {rest}" if kind == "image" else kind


def _fits(op: Op, vertex: VertexUpdate) -> bool:
    """Tell whether the text of an instruction, its variables filled in, may be that of an operation."""
    words = parse_name(vertex.name).instruction.split()
    if op.kind == "exec":
        args = (op.body["meta"].get("args") or [""])[-1].split()
        return bool(args) and words[-len(args) :] == args
    if op.kind == "file":
        bodies = [file_action(one)[1] for one in op.body["actions"]]
        paths = {base_name(body[name]) for body in bodies for name in ("src", "path", "dest") if body.get(name)}
        return bool(paths) and paths <= {base_name(word) for word in words}
    return False
