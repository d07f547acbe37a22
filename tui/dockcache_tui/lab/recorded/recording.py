"""A recording of a real builder: what scripts/recording.py writes and a recorded workspace replays.

JSON Lines, one object a line, told apart by `kind`: a `header` and the `snapshot` of the builder before any build;
then for each build a `build` line, its `progress` lines, an `end` line and the `snapshot` after it. Times are
{"ns": since the epoch}; a progress line keeps buildx's rawjson line as it came, `at` seconds after the build began.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from dockcache_tui.core.builds.build import Build, BuildSpec, BuildStatus
from dockcache_tui.core.builds.cause import MissCause
from dockcache_tui.core.builds.names import identity
from dockcache_tui.core.builds.progress import Progress
from dockcache_tui.core.builds.reducer import LiveBuild
from dockcache_tui.core.builds.time_shares import with_shares
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.record import BuilderInfo, BuilderSnapshot
from dockcache_tui.sources.rawjson import parse_line

T = TypeVar("T")
SCHEMA = 1


def moved(value: T, move: Callable[[Instant], Instant]) -> T:
    """Return frozen data with every moment in it moved."""
    return _moved(value, move)  # type: ignore[no-any-return]


def _moved(value: Any, move: Callable[[Instant], Instant]) -> Any:
    if isinstance(value, Instant):
        return move(value)
    if isinstance(value, tuple):
        return tuple(_moved(one, move) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: _moved(getattr(value, field.name), move) for field in fields(value)})
    return value


class Header(msgspec.Struct, tag_field="kind", tag="header"):
    """What was recorded, and how every build was asked for."""

    schema: int
    made_at: Instant
    builder: BuilderInfo
    spec: BuildSpec


class SnapshotLine(msgspec.Struct, tag_field="kind", tag="snapshot"):
    """All records of the builder at one moment."""

    snapshot: BuilderSnapshot


class BuildLine(msgspec.Struct, tag_field="kind", tag="build"):
    """A build begins: `change` says what was done to the files before it, `command` is what was run."""

    change: str
    command: tuple[str, ...]
    build: Build


class ProgressLine(msgspec.Struct, tag_field="kind", tag="progress"):
    """One line of rawjson progress."""

    at: float
    line: str


class EndLine(msgspec.Struct, tag_field="kind", tag="end"):
    """The build succeeded; `lines` are the Dockerfile lines of its vertices, `causes` why they ran, by digest."""

    completed_at: Instant
    lines: dict[str, int]
    causes: dict[str, MissCause] = {}
    compared_with: str = ""


Line = Header | SnapshotLine | BuildLine | ProgressLine | EndLine


@dataclass(frozen=True, slots=True)
class RecordedBuild:
    """One build of a recording: whole, with its progress by seconds after its start, and the builder after it."""

    change: str
    command: tuple[str, ...]
    build: Build
    messages: tuple[tuple[float, Progress], ...]
    after: BuilderSnapshot


@dataclass(frozen=True, slots=True)
class Recording:
    """A builder before any build, and what a row of builds made of it."""

    made_at: Instant
    builder: BuilderInfo
    spec: BuildSpec
    before: BuilderSnapshot
    builds: tuple[RecordedBuild, ...]


def shipped() -> Recording:
    """Return the recording that comes with the package."""
    return read((files("dockcache_tui.lab") / "recording" / "sample.jsonl").read_bytes())


def read(data: bytes) -> Recording:
    """Read a recording; raises msgspec.MsgspecError for anything else."""
    decoder = msgspec.json.Decoder(Line)
    lines = iter([decoder.decode(line) for line in data.splitlines()])
    header, before = next(lines, None), next(lines, None)
    if not isinstance(header, Header) or header.schema != SCHEMA or not isinstance(before, SnapshotLine):
        raise msgspec.ValidationError(f"not a recording of schema {SCHEMA}")
    return Recording(header.made_at, header.builder, header.spec, before.snapshot, tuple(_builds(lines)))


def write(path: Path, lines: Iterable[Line]) -> None:
    """Write a recording."""
    path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))


def _builds(lines: Iterator[Line]) -> Iterator[RecordedBuild]:
    last: dict[str, float] = {}
    for begin in lines:
        live = LiveBuild()
        messages = []
        end: Line | None = None
        for end in lines:
            if not isinstance(end, ProgressLine):
                break
            messages.append((end.at, parse_line(end.line.encode())))
            live.apply(messages[-1][1])
        after = next(lines, None)
        if not (isinstance(begin, BuildLine) and isinstance(end, EndLine) and isinstance(after, SnapshotLine)):
            raise msgspec.ValidationError("a build of the recording is incomplete")
        build = _whole(begin.build, live, end, last)
        yield RecordedBuild(begin.change, begin.command, build, tuple(messages), after.snapshot)
        ran = (step for step in build.steps if step.cacheable and not step.cached and step.duration is not None)
        last |= {identity(step.name): step.duration or 0.0 for step in ran}


def _whole(build: Build, live: LiveBuild, end: EndLine, last: dict[str, float]) -> Build:
    live.end(BuildStatus.SUCCEEDED, end.completed_at)
    steps = tuple(
        replace(step, line=end.lines.get(step.digest), cause=end.causes.get(step.digest)) for step in live.snapshot()
    )
    ended = replace(build, status=BuildStatus.SUCCEEDED, completed_at=end.completed_at, steps=steps, told=True)
    return with_shares(replace(ended, compared_with=end.compared_with), last)
