"""Builds and steps as rows of the journal, and back."""

import os.path
import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from dockcache_tui.core.builds.build import Build, BuildStatus, Step, StepState
from dockcache_tui.core.builds.cause import HitWarning, MissCause
from dockcache_tui.core.builds.names import identity
from dockcache_tui.core.builds.time_shares import SAVING
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.scope import BranchScope, Project
from dockcache_tui.sources.journal.any_text import from_json, to_json

BUILD = (
    "ref, builder, node, folder, target, project, repo, branch, revision, started_ns, completed_ns, status, error,"
    " time_saved, weighted_reuse, compared_with, warnings, spec, id"
)


class _BuildRow(msgspec.Struct, array_like=True):
    ref: str
    builder: str
    node: str
    folder: str
    target: str
    project: str | None
    repo: str
    branch: str | None
    revision: str
    started: int
    completed: int | None
    status: BuildStatus
    error: str
    time_saved: float | None
    weighted_reuse: float | None
    compared_with: str
    warnings: str
    spec: str
    id: int


class _Spec(msgspec.Struct):
    kind: str = "dockerfile"
    context: str = "."


class _StepRow(msgspec.Struct, array_like=True):
    digest: str
    name: str
    state: StepState
    cacheable: bool
    started: int | None
    completed: int | None
    stage: str
    line: int | None
    bytes_moved: int
    bytes_total: int
    error: str
    cause: str
    layers: str


_RAN = frozenset({StepState.BUILT, StepState.FALSE_HIT})
_READ_APART = frozenset({"started", "completed", "cause", "layers"})
STEP = (
    "digest, name, state, cacheable, started_ns, completed_ns, stage, line, bytes_moved, bytes_total, error, cause,"
    " layers"
)


def build_of(row: tuple[Any, ...], ref: str | None) -> tuple[int, Build]:
    """Read a row of `BUILD` columns; `ref` is BuildKit's own when it is known."""
    read = msgspec.convert(row, _BuildRow)
    saving = read.status in SAVING  # older versions wrote savings of failed builds too
    build = Build(
        ref=ref or read.ref,
        builder=read.builder,
        node=read.node,
        started_at=Instant(read.started),
        completed_at=_instant(read.completed),
        status=read.status,
        folder=read.folder,
        context=_context(read),
        target=read.target,
        project=Project(read.project, read.repo) if read.project else None,
        branch=BranchScope(read.branch) if read.branch else None,
        revision=read.revision,
        time_saved=read.time_saved if saving else None,
        weighted_reuse=read.weighted_reuse if saving else None,
        error=read.error,
        compared_with=read.compared_with,
        warnings=from_json(read.warnings, tuple[HitWarning, ...]),
    )
    return read.id, build


def step_of(row: tuple[Any, ...]) -> Step:
    """Read a row of `STEP` columns."""
    read = msgspec.convert(row, _StepRow, strict=False)
    values = msgspec.structs.asdict(read)
    return Step(
        **{name: value for name, value in values.items() if name not in _READ_APART},
        started_at=_instant(read.started),
        completed_at=_instant(read.completed),
        cause=from_json(read.cause, MissCause) if read.cause else None,
        layers=msgspec.json.decode(read.layers, type=tuple[str, ...]),
    )


def save_steps(connection: sqlite3.Connection, build: int, steps: Iterable[Step]) -> None:
    """Write steps, new or changed; a step keeps the place it first had."""
    connection.executemany(
        f"INSERT INTO steps(build, position, {STEP})"  # noqa: S608 -- a constant
        " VALUES (?, (SELECT count(*) FROM steps WHERE build = ?), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT(build, digest) DO UPDATE SET name = excluded.name, state = excluded.state,"
        " cacheable = excluded.cacheable, started_ns = excluded.started_ns, completed_ns = excluded.completed_ns,"
        " stage = excluded.stage, line = excluded.line, bytes_moved = excluded.bytes_moved,"
        " bytes_total = excluded.bytes_total, error = excluded.error, cause = excluded.cause,"
        " layers = excluded.layers",
        [(build, build, *_values(step)) for step in steps],
    )


def save_durations(connection: sqlite3.Connection, build: int, steps: Iterable[Step]) -> None:
    """Write how long each step took that ran."""
    connection.executemany(
        "INSERT OR REPLACE INTO durations SELECT folder, ?, ? FROM builds WHERE id = ?",
        [
            (identity(step.name), step.duration, build)
            for step in steps
            if step.cacheable and step.state in _RAN and step.duration is not None
        ],
    )


def _values(step: Step) -> tuple[Any, ...]:
    return (
        step.digest,
        step.name,
        step.state,
        step.cacheable,
        step.started_at and step.started_at.ns,
        step.completed_at and step.completed_at.ns,
        step.stage,
        step.line,
        step.bytes_moved,
        step.bytes_total,
        step.error,
        to_json(step.cause) if step.cause else "",
        msgspec.json.encode(step.layers).decode(),
    )


def with_steps(build: Build, rows: Iterable[tuple[Any, ...]]) -> Build:
    """Return the build with its steps."""
    return replace(build, steps=tuple(map(step_of, rows)))


def _context(row: _BuildRow) -> str:
    spec = from_json(row.spec, _Spec)
    local = spec.kind == "dockerfile" and spec.context != "-" and "://" not in spec.context
    return os.path.normpath(Path(row.folder, spec.context)) if local else ""


def _instant(ns: int | None) -> Instant | None:
    return None if ns is None else Instant(ns)
