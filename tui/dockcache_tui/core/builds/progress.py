"""What BuildKit says while it solves, in one form for rawjson lines and for the Status stream."""

from dataclasses import dataclass

from dockcache_tui.core.instant import Instant


@dataclass(frozen=True, slots=True)
class VertexUpdate:
    """The newest state of one vertex; a vertex repeats, and its last interval counts."""

    digest: str
    name: str
    inputs: tuple[str, ...] = ()
    started: Instant | None = None
    completed: Instant | None = None
    cached: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class TransferUpdate:
    """Bytes (or files) moved by one sub-task of a vertex."""

    id: str
    vertex: str
    name: str
    current: int
    total: int
    started: Instant | None = None
    completed: Instant | None = None


@dataclass(frozen=True, slots=True)
class LogChunk:
    """Raw output of a vertex: not whole lines, any bytes."""

    vertex: str
    stream: int
    data: bytes
    timestamp: Instant | None = None


@dataclass(frozen=True, slots=True)
class BuildWarning:
    """A warning of the frontend or a linter about a vertex."""

    vertex: str
    short: str
    detail: tuple[str, ...] = ()
    url: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """One message of a solve; any part may be empty. `noise` is output that was no progress, to be shown literally."""

    vertexes: tuple[VertexUpdate, ...] = ()
    transfers: tuple[TransferUpdate, ...] = ()
    logs: tuple[LogChunk, ...] = ()
    warnings: tuple[BuildWarning, ...] = ()
    noise: str = ""
