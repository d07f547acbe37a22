"""The operations of a build, as BuildKit writes them into its provenance."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dockcache_tui.core.explain.messages import MESSAGES, in_order

_NO_UTF8 = "\ufffd"
"""What Go's JSON has for bytes that are no UTF-8, which therefore can't be known."""

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


def read_ops(document: str) -> Ops:
    """Read a provenance document, SLSA 0.2 or 1; without operations (mode=min) they are none.

    Raises ValueError for what is no provenance.
    """
    try:
        told = json.loads(document)
        inner = told.get("buildDefinition", {}).get("internalParameters", {})
        config = inner.get("buildConfig") or told.get("buildConfig") or {}
        ops = tuple(_op(one) for one in config.get("llbDefinition") or ())
        return Ops(ops, dict(config.get("digestMapping") or {}))
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"no provenance: {error!r}") from error


def _op(told: Body) -> Op:
    message = told["op"]
    kind, body = next(iter((message.get("Op") or {"": {}}).items()))
    inputs = tuple(_edge(one) for one in told.get("inputs") or ())
    try:
        body = in_order(body, MESSAGES[kind])
    except KeyError:
        kind = ""
    if _NO_UTF8 in json.dumps(message, ensure_ascii=False):
        kind = ""
    return Op(told["id"], kind, body, message.get("platform") or {}, inputs)


def _edge(text: str) -> Edge:
    op, _, output = text.rpartition(":")
    return Edge(op, int(output))
