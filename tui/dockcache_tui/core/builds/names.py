"""What a vertex's name tells: its kind, stage, place and instruction."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache


class StepKind(StrEnum):
    """What a vertex does; only operations can be reused from a cache."""

    OPERATION = "operation"
    SOURCE = "source"
    """Fetches something: a base image, an image's configuration, a file or a repository from afar."""
    INTERNAL = "internal"
    """The frontend's own errands: the definition, the context, log-in, cache imports."""
    MERGE = "merge"
    """Lays what a `COPY --link` made on what is below it; the copy is the step."""
    EXPORT = "export"
    """Writes the result or the cache."""


@dataclass(frozen=True, slots=True)
class VertexName:
    """The parts of a name like `[linux/amd64 build 2/5] RUN make`; what is not there is empty or None."""

    kind: StepKind
    instruction: str
    stage: str = ""
    platform: str = ""
    number: int | None = None
    of: int | None = None


_BRACKET = re.compile(r"\[([^\]]*)\] ?(.*)", re.DOTALL)
_PLACE = re.compile(r"(\d{1,9})/(\d{1,9})", re.ASCII)
_PLATFORM = re.compile(r"[a-z0-9]+/\S+", re.ASCII)
_SOURCE = re.compile(r"(FROM\s|(docker-image|oci-layout|local|git|https?)://|resolve image config for )", re.ASCII)
_INTERNAL = ("importing cache manifest from ", "inferred cache manifest type", "generating sbom using ")
_EXPORT = (
    "exporting to ",
    "exporting cache to ",
    "exporting manifest ",
    "preparing build cache for export",
    "sending tarball",
    "importing to docker",
    "merging manifest list ",
    "resolving provenance for metadata file",
    "pushing ",
)


@lru_cache(maxsize=4096)
def parse_name(name: str) -> VertexName:
    """Read a vertex's name; any text is taken, what follows no known form is an operation."""
    match = _BRACKET.fullmatch(name)
    if not match:
        return VertexName(_kind(name), name)
    words, rest = match[1].split(), match[2]
    place = _PLACE.fullmatch(words[-1]) if words else None
    if place:
        platform = next((word for word in words[:-1] if _PLATFORM.fullmatch(word)), "")
        stages = [word for word in words[:-1] if word != platform]
        return VertexName(
            _placed_kind(rest), rest, stages[-1] if stages else "", platform, int(place[1]), int(place[2])
        )
    if "internal" in words or "auth" in words:
        return VertexName(StepKind.INTERNAL, rest)
    if "context" in words:
        return VertexName(StepKind.SOURCE, rest)
    return VertexName(_kind(rest), rest)


def _placed_kind(instruction: str) -> StepKind:
    if instruction.startswith("LINK "):
        return StepKind.MERGE
    return StepKind.SOURCE if _SOURCE.match(instruction) else StepKind.OPERATION


def _kind(instruction: str) -> StepKind:
    if instruction.startswith(_EXPORT):
        return StepKind.EXPORT
    if instruction.startswith(_INTERNAL):
        return StepKind.INTERNAL
    return StepKind.SOURCE if _SOURCE.match(instruction) else StepKind.OPERATION


def identity(name: str) -> str:
    """Return what tells a step of a project from the others, whatever follows it and whichever bake target names it."""
    parsed = parse_name(name)
    if parsed.number is None:
        return name
    return f"[{' '.join(filter(None, (parsed.platform, parsed.stage)))}] {parsed.number} {parsed.instruction}"
