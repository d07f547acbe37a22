"""BuildKit's progress as `--progress=rawjson` prints it: one JSON object of a SolveStatus a line."""

import msgspec

from dockcache_tui.core.builds.progress import BuildWarning, LogChunk, Progress, TransferUpdate, VertexUpdate
from dockcache_tui.core.instant import Instant
from dockcache_tui.sources.secret import masked, masked_bytes


class _Vertex(msgspec.Struct):
    digest: str
    name: str = ""
    inputs: list[str] | None = None
    started: str | None = None
    completed: str | None = None
    cached: bool = False
    error: str = ""


class _Status(msgspec.Struct):
    id: str
    vertex: str
    name: str = ""
    current: int = 0
    total: int = 0
    started: str | None = None
    completed: str | None = None


class _Log(msgspec.Struct):
    vertex: str
    stream: int = 1
    data: bytes = b""
    timestamp: str | None = None


class _Warning(msgspec.Struct):
    vertex: str
    short: bytes = b""
    detail: list[bytes] | None = None
    url: str = ""


class _Line(msgspec.Struct):
    vertexes: list[_Vertex] | None = None
    statuses: list[_Status] | None = None
    logs: list[_Log] | None = None
    warnings: list[_Warning] | None = None


_decoder = msgspec.json.Decoder(_Line)


def parse_line(line: bytes) -> Progress:
    """Read one line; what is no progress comes back as noise, its bytes that are no UTF-8 as backslash escapes."""
    try:
        read = _decoder.decode(line)
        if read.vertexes or read.statuses or read.logs or read.warnings:
            return Progress(_vertexes(read), _transfers(read), _logs(read), _warnings(read))
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
        return Progress(noise=_text(line))
    return Progress(noise=_text(line))


def _vertexes(line: _Line) -> tuple[VertexUpdate, ...]:
    return tuple(
        VertexUpdate(
            vertex.digest,
            vertex.name,
            tuple(vertex.inputs or ()),
            _moment(vertex.started),
            _moment(vertex.completed),
            vertex.cached,
            masked(vertex.error),
        )
        for vertex in line.vertexes or ()
    )


def _transfers(line: _Line) -> tuple[TransferUpdate, ...]:
    return tuple(
        TransferUpdate(
            status.id,
            status.vertex,
            status.name,
            status.current,
            status.total,
            _moment(status.started),
            _moment(status.completed),
        )
        for status in line.statuses or ()
    )


def _logs(line: _Line) -> tuple[LogChunk, ...]:
    return tuple(
        LogChunk(log.vertex, log.stream, masked_bytes(log.data), _moment(log.timestamp)) for log in line.logs or ()
    )


def _warnings(line: _Line) -> tuple[BuildWarning, ...]:
    return tuple(
        BuildWarning(warning.vertex, _text(warning.short), tuple(map(_text, warning.detail or ())), warning.url)
        for warning in line.warnings or ()
    )


def _moment(text: str | None) -> Instant | None:
    return Instant.parse(text) if text else None


def _text(data: bytes) -> str:
    return masked(data.decode("utf-8", "backslashreplace")).rstrip("\r\n")
