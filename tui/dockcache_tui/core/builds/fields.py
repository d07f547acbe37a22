"""The fields of builds and steps; their names in JSON are stable."""

from collections.abc import Mapping
from typing import Any

from dockcache_tui.core.builds.build import Build, Step, StepState
from dockcache_tui.core.builds.cause import cause_row, warning_row
from dockcache_tui.core.builds.names import identity
from dockcache_tui.core.field import ColumnLook, Field, Kind, json_row, json_values

_SAID_CACHED = {StepState.REUSED, StepState.FALSE_HIT}

WHOLE_FIELDS: tuple[Field[Build], ...] = (
    Field("folder", Kind.TEXT, lambda row: row.folder or None, "the folder it was built in", listed=False, plain=False),
    Field("target", Kind.TEXT, lambda row: row.target or None, "the target that was built", listed=False),
    Field("node", Kind.TEXT, lambda row: row.node or None, "the builder's node, if it ran on one", listed=False),
    Field(
        "time_saved",
        Kind.DURATION,
        lambda row: row.time_saved,
        "the seconds that reuse saved",
        filter="saved",
        listed=False,
        look=ColumnLook("Saved", width=7, priority=2),
    ),
    Field(
        "weighted_reuse",
        Kind.PERCENT,
        lambda row: row.weighted_reuse,
        "the reused part of the time that cacheable steps take, from 0 to 1",
        filter="",
        listed=False,
    ),
    Field("error", Kind.TEXT, lambda row: row.error or None, "why it failed", listed=False),
    Field(
        "compared_with",
        Kind.TEXT,
        lambda row: row.compared_with or None,
        "the `ref` of the earlier build that causes were found by; `null` when there was none",
        filter="",
        listed=False,
    ),
    Field(
        "warnings",
        Kind.TEXT,
        lambda row: tuple(one.text for one in row.warnings),
        "what is wrong with what it reused",
        filter="",
        listed=False,
        json=lambda row: [warning_row(one) for one in row.warnings],
    ),
)
"""What one build has in JSON besides the fields of a list."""

BUILD_FIELDS: tuple[Field[Build], ...] = (
    Field(
        "ref",
        Kind.TEXT,
        lambda row: row.ref,
        "BuildKit's ref; `local-...` when BuildKit never had the build",
        filter="ref id",
    ),
    Field("builder", Kind.TEXT, lambda row: row.builder, "the builder; empty when it never came to one"),
    Field(
        "branch",
        Kind.BRANCH,
        lambda row: row.branch,
        "the full ref that was checked out, or `null`",
        look=ColumnLook("Branch", weight=1, min_width=10, max_width=28),
    ),
    Field(
        "revision",
        Kind.TEXT,
        lambda row: row.revision or None,
        "the commit, or `null`",
        look=ColumnLook("Revision", max_width=10, priority=5),
    ),
    Field(
        "started_at",
        Kind.AGE,
        lambda row: row.started_at,
        "when it started",
        filter="age started",
        look=ColumnLook("Ago", width=5),
    ),
    Field(
        "completed_at",
        Kind.AGE,
        lambda row: row.completed_at,
        "when it ended; `null` while it runs, or when a lost build finished no step",
        filter="",
    ),
    Field(
        "status",
        Kind.TEXT,
        lambda row: row.status.value,
        "`running`, `succeeded`, `failed`, `canceled` or `lost`",
        look=ColumnLook("Build", width=11),
    ),
    Field(
        "steps",
        Kind.INT,
        lambda row: len(row.steps),
        "how many vertices it had, internal ones and exports too",
        look=ColumnLook("Steps", width=7, priority=3),
    ),
    Field("reused", Kind.INT, lambda row: row.cached, "how many cacheable steps were truly reused", filter="cached"),
    Field("cacheable", Kind.INT, lambda row: row.cacheable, "how many steps count", filter=""),
    Field(
        "cached",
        Kind.INT,
        lambda row: sum(step.state in _SAID_CACHED for step in row.steps),
        "how many vertices BuildKit called cached: false hits and internal ones too",
        filter="",
    ),
    Field(
        "reuse",
        Kind.PERCENT,
        lambda row: row.reuse,
        "true reuse: `reused` / `cacheable`, from 0 to 1; `null` when nothing is cacheable",
        look=ColumnLook("True reuse", width=16),
    ),
    Field(
        "duration",
        Kind.DURATION,
        lambda row: row.duration,
        "the seconds it took; `null` while it runs",
        filter="took duration",
        look=ColumnLook("Took", width=7),
    ),
    Field(
        "project",
        Kind.TEXT,
        lambda row: row.project.name if row.project else None,
        "the project, as `owner/name` or its folder's path; `null` when it is not known",
        plain=False,
    ),
    Field(
        "branch_candidates",
        Kind.BRANCH,
        lambda row: row.branch_candidates,
        "when the branch is `null`: the full refs it may have been of",
        filter="",
    ),
    *WHOLE_FIELDS,
    Field("ours", Kind.FLAG, lambda row: row.ours, "it was started from here", listed=False),
)

STEP_FIELDS: tuple[Field[Step], ...] = (
    Field("digest", Kind.TEXT, lambda row: row.digest, "the vertex"),
    Field(
        "name",
        Kind.TEXT,
        lambda row: row.name,
        "as BuildKit gives it: text from a Dockerfile",
        look=ColumnLook("Step", weight=1, min_width=24),
    ),
    Field("stage", Kind.TEXT, lambda row: row.stage or None, "the stage, or `null`"),
    Field(
        "line",
        Kind.INT,
        lambda row: row.line,
        "its line in the Dockerfile, or `null` when the builder's history does not tell",
    ),
    Field("cached", Kind.FLAG, lambda row: row.cached, "true when it was truly reused"),
    Field("cacheable", Kind.FLAG, lambda row: row.cacheable, "whether it counts"),
    Field(
        "state",
        Kind.TEXT,
        lambda row: row.word,
        "`waiting`, `running`, `reused`, `built`, `false hit`, `failed`, `canceled`; `done` for a step that does not "
        "count and ended well, as a fetch",
        look=ColumnLook("State", width=11),
    ),
    Field("started_at", Kind.AGE, lambda row: row.started_at, "when its last interval began, or `null`"),
    Field("completed_at", Kind.AGE, lambda row: row.completed_at, "when that ended, or `null`"),
    Field(
        "duration",
        Kind.DURATION,
        lambda row: row.duration,
        "the seconds of that, or `null`",
        look=ColumnLook("Took", width=7, priority=1),
    ),
    Field(
        "bytes_moved",
        Kind.SIZE,
        lambda row: row.bytes_moved,
        "the bytes it transferred",
        look=ColumnLook("Moved", width=19, priority=4),
    ),
    Field("error", Kind.TEXT, lambda row: row.error or None, "why it failed, else `null`"),
    Field(
        "cause",
        Kind.TEXT,
        lambda row: row.cause.text if row.cause else None,
        "why it was not reused, else `null`",
        json=lambda row: cause_row(row.cause) if row.cause else None,
    ),
    Field(
        "layers",
        Kind.TEXT,
        lambda row: row.layers,
        "digests of the layers it made, as packed by an export; empty when there was none, or history does not tell",
    ),
)


def whole_build(build: Build) -> Mapping[str, Any]:
    """Return a build with its steps, as `rebuild --json` prints it."""
    steps = [json_row(STEP_FIELDS, step) for step in build.steps]
    more = json_values(WHOLE_FIELDS, build)
    return {"schema": 1, **json_row(BUILD_FIELDS, build), **more, "step_list": steps}


def coming_build(build: Build, last: Mapping[str, float]) -> Mapping[str, Any]:
    """Return a build that has not run, as `predict --json` prints it; `last` is what steps took, by their identity."""
    told = whole_build(build)
    steps = [
        {**row, "prediction": step.prediction, "last_duration": last.get(identity(step.name))}
        for row, step in zip(told["step_list"], build.steps, strict=True)
    ]
    return {**told, "ref": None, "status": None, "started_at": None, "step_list": steps}
