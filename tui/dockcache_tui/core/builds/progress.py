"""What BuildKit says while it solves, in one form for rawjson lines and for the Status stream, and a step's output."""

from collections import deque
from dataclasses import dataclass

from dockcache_tui.core.instant import Instant

LINE_BYTES = 16_384
"""A longer line is broken."""


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


@dataclass(frozen=True, slots=True)
class LogView:
    """The newest lines of a log, unsafe to print as they are; `dropped` older lines are gone."""

    lines: tuple[str, ...] = ()
    dropped: int = 0


class StepLog:
    """Joins chunks of output to lines and keeps the newest within both bounds."""

    def __init__(self, *, max_bytes: int = 512 * 1024, max_lines: int = 5_000) -> None:
        """Keep at most this many bytes and lines, and the unfinished line of each stream beside them."""
        self._max_bytes, self._max_lines = max_bytes, max_lines
        self._lines: deque[bytes] = deque()
        self._partial: dict[int, bytes] = {}
        self._bytes = self._dropped = 0

    def append(self, data: bytes, stream: int = 1) -> None:
        """Add a chunk of a stream: not whole lines, any bytes."""
        *lines, rest = (self._partial.pop(stream, b"") + data).split(b"\n")
        while len(rest) > LINE_BYTES:
            lines.append(rest[:LINE_BYTES])
            rest = rest[LINE_BYTES:]
        if rest:
            self._partial[stream] = rest
        for line in lines:
            shown = _overwritten(line)
            self._lines.append(shown)
            self._bytes += len(shown)
        while len(self._lines) > self._max_lines or self._bytes > self._max_bytes:
            self._bytes -= len(self._lines.popleft())
            self._dropped += 1

    def view(self) -> LogView:
        """Return what is kept, the unfinished lines last; bytes that are no UTF-8 read as backslash escapes."""
        lines = [*self._lines, *map(_overwritten, self._partial.values())]
        return LogView(tuple(line.decode("utf-8", "backslashreplace") for line in lines), self._dropped)


def _overwritten(line: bytes) -> bytes:
    """Return what a terminal would show of a line that a carriage return starts anew."""
    return line.rstrip(b"\r").rpartition(b"\r")[2]
