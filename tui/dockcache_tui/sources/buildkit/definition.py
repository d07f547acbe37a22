"""What BuildKit's frontend answers, as operations in the form that a provenance has them."""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from google.protobuf.message import DecodeError, Message

from dockcache_tui.core.errors import SourceError
from dockcache_tui.core.explain.messages import MESSAGES, PLATFORM, Always, Shape
from dockcache_tui.core.explain.ops import Ops, ops_of
from dockcache_tui.sources.buildkit import gateway_pb2 as pb

_OF_A_SESSION = {"local.session", "local.unique"}
_ZEROS = {"input", "output"}
"""What daemons up to 0.16 write though it is 0."""


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """What is known of a step that has not run: its name, its line in the Dockerfile, and whether it is to run anew."""

    name: str
    line: int | None = None
    ignores_cache: bool = False


@dataclass(frozen=True, slots=True)
class Planned:
    """One platform of a build that has not run; `steps` are by the ids of their operations."""

    platform: str
    ops: Ops
    steps: Mapping[str, PlannedStep]


def planned(answer: pb.FrontendAnswer, *, omits_zeros: bool = True) -> tuple[Planned, ...]:
    """Return what a frontend answered, a graph for each platform; raises SourceError for what is no definition."""
    result = answer.result
    refs = sorted(result.refs.refs.items()) or [("", result.ref)]
    try:
        return tuple(_planned(platform, ref.definition, omits_zeros=omits_zeros) for platform, ref in refs)
    except (DecodeError, KeyError, ValueError) as error:
        raise SourceError(f"the builder's frontend answered what can't be read: {error}") from error


def _planned(platform: str, definition: pb.Definition, *, omits_zeros: bool) -> Planned:
    told = {f"sha256:{sha256(one).hexdigest()}": pb.Op.FromString(one) for one in definition.ops}
    ids: dict[str, str] = {}
    for digest in _in_order(told):
        ids[digest] = f"step{len(ids)}"
    written = [
        {
            "id": name,
            "op": _op(told[digest], omits_zeros=omits_zeros),
            "inputs": [f"{ids[edge.digest]}:{edge.index}" for edge in told[digest].inputs],
        }
        for digest, name in ids.items()
    ]
    steps = {ids[digest]: _step(definition, digest) for digest in ids if digest in definition.metadata}
    return Planned(platform, ops_of(written, ids), steps)


def _in_order(told: Mapping[str, pb.Op]) -> Iterator[str]:
    """Yield the digests as a provenance numbers them: from the end of the graph, each after what it stands on."""
    seen = set[str]()
    waiting = list(told)[-1:]
    while waiting:
        digest = waiting[-1]
        above = [edge.digest for edge in told[digest].inputs if edge.digest not in seen]
        if above:
            waiting.append(above[0])
            continue
        waiting.pop()
        if digest not in seen:
            seen.add(digest)
            yield digest


def _step(definition: pb.Definition, digest: str) -> PlannedStep:
    about = definition.metadata[digest]
    places = definition.source.locations[digest].locations if digest in definition.source.locations else ()
    line = next((span.start.line for place in places for span in place.ranges), None)
    return PlannedStep(about.description.get("llb.customname", ""), line, about.ignore_cache)


def _op(op: pb.Op, *, omits_zeros: bool) -> Mapping[str, Any]:
    """Return an operation as BuildKit's JSON has it, without a kind where it holds a field that we don't know."""
    known = pb.Op()
    known.CopyFrom(op)
    known.DiscardUnknownFields()
    kind = op.WhichOneof("Op")
    told: dict[str, Any] = {"Op": {}}
    if kind and known.ByteSize() == op.ByteSize():
        told["Op"] = {kind: _told(getattr(op, kind), MESSAGES[kind], omits_zeros=omits_zeros)}
    if op.HasField("platform"):
        told["platform"] = _told(op.platform, PLATFORM, omits_zeros=omits_zeros)
    return told


def _told(value: Any, shape: Shape, *, omits_zeros: bool) -> Any:
    """Return what a field holds as BuildKit's JSON has it."""
    if isinstance(shape, Always):
        return _told(value, shape.shape, omits_zeros=omits_zeros)
    if isinstance(shape, list):
        return [_told(one, shape[0], omits_zeros=omits_zeros) for one in value]
    if shape is bytes:
        return b64encode(value).decode()
    if shape is dict:
        return {name: value[name] for name in sorted(value) if name not in _OF_A_SESSION}
    if isinstance(shape, type):
        return value
    found: dict[str, Any] = {}
    for name, inside in shape.items():
        if name in value.DESCRIPTOR.oneofs_by_name:
            found[name] = _chosen(value, name, inside, omits_zeros=omits_zeros)
        elif _is_told(value, name) or isinstance(inside, Always) or (name in _ZEROS and not omits_zeros):
            found[name] = _told(getattr(value, name), inside, omits_zeros=omits_zeros)
    return found


def _chosen(value: Message, name: str, shape: Shape, *, omits_zeros: bool) -> Mapping[str, Any]:
    """Return the one message of several that a field holds; a user's number is left out where it is 0."""
    kinds: Any = shape.shape if isinstance(shape, Always) else shape
    chosen = value.WhichOneof(name)
    held = getattr(value, chosen) if chosen else 0
    return {chosen: _told(held, kinds[chosen], omits_zeros=omits_zeros)} if held != 0 else {}


def _is_told(value: Message, name: str) -> bool:
    """Tell whether a field holds anything; Go's JSON leaves out the others."""
    field = value.DESCRIPTOR.fields_by_name[name]
    return value.HasField(name) if field.has_presence else bool(getattr(value, name))
