"""Builds and steps as JSON gives them; the names are stable, see docs/json-builds.md."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from dockcache_tui.core.builds.build import Build, Step, StepState
from dockcache_tui.core.instant import Instant

Value: TypeAlias = str | int | float | None
Row: TypeAlias = Mapping[str, Value | Sequence[str]]

_SAID_CACHED = {StepState.REUSED, StepState.FALSE_HIT}

BUILD_COLUMNS: dict[str, Callable[[Build], Value | Sequence[str]]] = {
    "ref": lambda build: build.ref,
    "builder": lambda build: build.builder,
    "branch": lambda build: build.branch.ref if build.branch else None,
    "revision": lambda build: build.revision or None,
    "started_at": lambda build: str(build.started_at),
    "completed_at": lambda build: _time(build.completed_at),
    "status": lambda build: build.status.value,
    "steps": lambda build: len(build.steps),
    "reused": lambda build: build.cached,
    "cacheable": lambda build: build.cacheable,
    "cached": lambda build: sum(step.state in _SAID_CACHED for step in build.steps),
    "reuse": lambda build: build.reuse,
    "duration": lambda build: build.duration,
    "project": lambda build: build.project.name if build.project else None,
    "branch_candidates": lambda build: tuple(branch.ref for branch in build.branch_candidates),
}
"""The fields of a build in their order."""


def build_row(build: Build) -> Row:
    """Return a build as `--json` lists it; the fields are stable."""
    return {name: value(build) for name, value in BUILD_COLUMNS.items()}


def whole_build(build: Build) -> Mapping[str, Value | Sequence[str] | Sequence[Row]]:
    """Return a build with its steps, as `rebuild --json` prints it."""
    more: Row = {
        "folder": build.folder or None,
        "target": build.target or None,
        "node": build.node or None,
        "time_saved": build.time_saved,
        "weighted_reuse": build.weighted_reuse,
        "error": build.error or None,
    }
    return {"schema": 1, **build_row(build), **more, "step_list": [step_row(step) for step in build.steps]}


def step_row(step: Step) -> Row:
    """Return a step as `--json` gives it; the fields are stable."""
    return {
        "digest": step.digest,
        "name": step.name,
        "stage": step.stage or None,
        "line": step.line,
        "cached": step.cached,
        "cacheable": step.cacheable,
        "state": step.word,
        "started_at": _time(step.started_at),
        "completed_at": _time(step.completed_at),
        "duration": step.duration,
        "bytes_moved": step.bytes_moved,
        "error": step.error or None,
        "cause": step.cause or None,
        "layers": step.layers,
    }


def _time(moment: Instant | None) -> str | None:
    return str(moment) if moment else None
