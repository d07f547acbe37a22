"""The operations of one target of a build, with all that their results are found by."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from dockcache_tui.core.explain.content import content_digest
from dockcache_tui.core.explain.context import Context, SentFile
from dockcache_tui.core.explain.evidence import Evidence, Graph
from dockcache_tui.core.explain.heredocs import heredoc_files, heredoc_tree
from dockcache_tui.core.explain.inputs import InputKey, input_keys
from dockcache_tui.core.explain.op_keys import op_keys
from dockcache_tui.core.explain.ops import Edge, Op
from dockcache_tui.core.explain.rules import KeyRules
from dockcache_tui.core.explain.source_keys import Keys
from dockcache_tui.core.explain.store import Found, KeyedRecord, Link, RecordStore, content_record, record_digest
from dockcache_tui.core.explain.tree import Tree

_LOCAL = "local://"


@dataclass(frozen=True, slots=True)
class KeyedInput:
    """What one input of an operation is found by; `content` is None where it has none or that is not known."""

    key: InputKey
    content: str | None


class KeyedGraph:
    """A graph under the rules of one version; `name` tells its records from those of others."""

    def __init__(self, graph: Graph, rules: KeyRules, name: str = "", like: Iterable[Context] = ()) -> None:
        """Compute all keys; the graph has operations. Trees are made from those of the contexts that it is `like`."""
        self.graph, self.rules, self.name = graph, rules, name
        told = graph.ops.ops if graph.ops else ()
        stood_on = {edge.op for op in told for edge in op.inputs}
        self.ops: Mapping[str, Op] = {op.id: op for op in told if op.kind or op.id in stood_on}
        """All but the end of the graph, which does nothing."""
        self._contexts = {context.name: context for context in graph.contexts}
        self._like = {context.name: context for context in like}
        self._trees = {op.id: tree for op in self.ops.values() if (tree := heredoc_tree(op))}
        self.keys: Mapping[str, Keys] = {
            op.id: op_keys(op, rules, graph.sources.get(op.id)) for op in self.ops.values()
        }
        self.inputs: Mapping[str, tuple[KeyedInput, ...]] = {op.id: self._inputs(op) for op in self.ops.values()}
        self.outputs: Mapping[str, set[int]] = {op: {0} for op in self.ops}
        for edge in (edge for op in self.ops.values() for edge in op.inputs):
            self.outputs[edge.op].add(edge.output)

    @cached_property
    def all_keys(self) -> frozenset[str]:
        """Return the keys of all operations, and the digests of all files that they take."""
        contents = (one.content for inputs in self.inputs.values() for one in inputs if one.content)
        return frozenset((*(key for keys in self.keys.values() for key in keys.known), *contents))

    def find(self, op: Op, store: RecordStore, found: dict[Edge, frozenset[str]]) -> None:
        """Add to `found` the records that answer an operation; those that it stands on were found before."""
        inputs = [
            Found(found.get(edge, frozenset()), one.key.selector or "", one.content)
            for edge, one in zip(op.inputs, self.inputs[op.id], strict=True)
        ]
        for output in self.outputs[op.id]:
            found[Edge(op.id, output)] = store.answers(self.keys[op.id].known, inputs, output)

    def has_files(self, op: str) -> bool:
        """Tell whether an operation is a context, or the text of a file in a Dockerfile."""
        return is_local(self.ops[op]) or op in self._trees

    def tree(self, op: str) -> Tree | None:
        """Return the files of a context or a text in a Dockerfile, None where they are not known."""
        name = context_name(self.ops[op])
        if op not in self._trees and (context := self._contexts.get(name)):
            like = self._like.get(name)
            self._trees[op] = context.tree_from(like) if like else context.tree
        return self._trees.get(op)

    def base(self, op: Op) -> str | None:
        """Return the source at the bottom of an operation, None for one that stands on nothing."""
        while op.inputs and (below := stands_on(op)):
            op = self.ops[below[0].op]
        return op.id if op.kind == "source" and not is_local(op) else None

    def below(self, op: Op) -> Iterator[str]:
        """Yield the records of all that an operation's layers lie on."""
        yield from (self.record(edge.op, edge.output) for edge in self._below(op))

    @cached_property
    def of_image(self) -> frozenset[str]:
        """Return the operations whose layers are in the image that all ends with."""
        ends = [edge.op for op in (self.graph.ops.ops if self.graph.ops else ()) if not op.kind for edge in op.inputs]
        return frozenset((*ends, *(edge.op for end in ends for edge in self._below(self.ops[end]))))

    def files(self, op: str) -> Mapping[bytes, SentFile]:
        """Return the same files by their paths, without the digests of those that are not surely known."""
        context = self._contexts.get(context_name(self.ops[op]))
        if context is None:
            return {file.path: file for file in heredoc_files(self.ops[op]) or ()}
        return context.by_path

    def record(self, op: str, output: int) -> str:
        """Return what its records are called among those of all graphs."""
        return f"{self.name} {op} {output}"

    def records(self) -> Iterator[KeyedRecord]:
        """Yield what a builder has once it has built all of it."""
        for op, output in ((op, output) for op, outputs in self.outputs.items() for output in outputs):
            for key in self.keys[op].known:
                yield KeyedRecord(self.record(op, output), record_digest(key, output), frozenset(self._links(op)))
        for content in {one.content for inputs in self.inputs.values() for one in inputs if one.content}:
            yield KeyedRecord(content, content_record(content))

    def _below(self, op: Op) -> Iterator[Edge]:
        waiting = list(stands_on(op))
        while waiting:
            edge = waiting.pop()
            yield edge
            waiting += stands_on(self.ops[edge.op])

    def _links(self, op: str) -> Iterator[Link]:
        for number, (edge, one) in enumerate(zip(self.ops[op].inputs, self.inputs[op], strict=True)):
            yield Link(number, self.record(edge.op, edge.output), one.key.selector or "")
            if one.content:
                yield Link(number, one.content)

    def _inputs(self, op: Op) -> tuple[KeyedInput, ...]:
        keys = input_keys(op, self.rules)
        if (known := self.graph.contents.get(op.id)) is None:
            trees = (self.tree(edge.op) if key.taken else None for key, edge in zip(keys, op.inputs, strict=True))
            known = tuple(
                content_digest(tree, key, self.rules) if tree else None for key, tree in zip(keys, trees, strict=True)
            )
        return tuple(KeyedInput(key, content) for key, content in zip(keys, known, strict=True))


def with_contents(evidence: Evidence) -> Evidence:
    """Return evidence with the digests of what its operations take."""
    rules = next(iter(evidence.rules), None)
    return replace(evidence, graphs=tuple(_with_contents(graph, rules) for graph in evidence.graphs))


def _with_contents(graph: Graph, rules: KeyRules | None) -> Graph:
    if not (graph.ops and rules):
        return graph
    inputs = KeyedGraph(graph, rules).inputs.items()
    return replace(graph, contents={op: tuple(one.content for one in some) for op, some in inputs if some})


def is_local(op: Op) -> bool:
    """Tell whether an operation is a context that a client sends."""
    return op.kind == "source" and op.body["identifier"].startswith(_LOCAL)


def stands_on(op: Op) -> tuple[Edge, ...]:
    """Return the inputs that an operation adds layers to."""
    numbers: Iterable[int] = ()
    if op.kind == "exec":
        numbers = (mount.get("input", 0) for mount in op.body.get("mounts") or () if mount["dest"] == "/")
    elif op.kind == "file":
        numbers = (action["input"] for action in op.body["actions"][:1])
    elif op.kind == "merge":
        numbers = range(len(op.inputs))
    return tuple(op.inputs[number] for number in numbers if 0 <= number < len(op.inputs))


def context_name(op: Op) -> str:
    """Return what a context is called, empty for any other operation."""
    return op.body["identifier"].removeprefix(_LOCAL) if is_local(op) else ""
