"""The operations of a build, as BuildKit writes them into its provenance."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dockcache_tui.core.explain.messages import MESSAGES, PLATFORM, UnknownMessageError, in_order

_NO_UTF8 = re.compile("[\ufffd\ud800-\udfff]")
"""What Go's JSON has for bytes that are no UTF-8, which therefore can't be known, and what it never has."""

Body = Mapping[str, Any]
"""A message as BuildKit's JSON has it, its fields in their order."""


@dataclass(frozen=True, slots=True)
class Edge:
    """One output of an operation."""

    op: str
    output: int = 0


@dataclass(frozen=True, slots=True)
class Op:
    """One operation; `kind` is the name of its field in BuildKit's messages.

    Empty for an end of the graph, and for an operation that holds something that we don't know.
    """

    id: str
    kind: str
    body: Body
    platform: Body = field(default_factory=dict)
    inputs: tuple[Edge, ...] = ()


@dataclass(frozen=True, slots=True)
class Ops:
    """The operations of one build, each after those it stands on, and which of them each vertex was (by digest)."""

    ops: tuple[Op, ...] = ()
    vertexes: Mapping[str, str] = field(default_factory=dict)


def read_ops(document: str | bytes) -> Ops:
    """Read a provenance document, SLSA 0.2 or 1; without operations (mode=min) they are none.

    Raises ValueError for what is no provenance.
    """
    try:
        told = json.loads(document)
        inner = told.get("buildDefinition", {}).get("internalParameters", {})
        config = inner.get("buildConfig") or told.get("buildConfig") or {}
        return ops_of(config.get("llbDefinition") or (), config.get("digestMapping") or {})
    except (AttributeError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"no provenance: {error!r}") from error


def ops_of(definition: Iterable[Body], mapping: Mapping[str, str]) -> Ops:
    """Return the operations of a provenance's `llbDefinition` and `digestMapping`; raises ValueError."""
    ops = tuple(map(_op, definition))
    vertexes = {str(vertex): str(step) for vertex, step in mapping.items()}
    known = set[str]()
    for op in ops:
        if op.id in known or any(edge.op not in known for edge in op.inputs):
            raise ValueError(f"no provenance: {op.id!r} stands on what is not there, or is there twice")
        known.add(op.id)
    return Ops(ops, vertexes)


def _op(told: Body) -> Op:
    message = told["op"]
    kind, body = next(iter((message.get("Op") or {"": {}}).items()))
    inputs = tuple(_edge(one) for one in told.get("inputs") or ())
    try:
        body = in_order(body, MESSAGES[kind])
        platform = in_order(message.get("platform") or {}, PLATFORM)
    except (KeyError, UnknownMessageError):
        kind, body, platform = "", {}, {}
    if _NO_UTF8.search(json.dumps(message, ensure_ascii=False)):
        kind = ""
    return Op(str(told["id"]), kind, body, platform, inputs)


def _edge(text: str) -> Edge:
    op, _, output = text.rpartition(":")
    return Edge(op, int(output))
