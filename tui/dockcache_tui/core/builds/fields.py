"""The fields that filters know of builds."""

from dockcache_tui.core.builds.build import Build
from dockcache_tui.core.field import Field, Kind

BUILD_FIELDS: tuple[Field[Build], ...] = (
    Field("ref", Kind.TEXT, lambda row: row.ref, "the build's ref", filter="ref id"),
    Field("status", Kind.TEXT, lambda row: row.status.value, "running, succeeded, failed, canceled or lost"),
    Field("branch", Kind.BRANCH, lambda row: (row.branch,) if row.branch else (), "whose it is: main, #7, tag v1"),
    Field("revision", Kind.TEXT, lambda row: row.revision, "the commit it was built from"),
    Field(
        "project",
        Kind.TEXT,
        lambda row: row.project.name if row.project else None,
        "whose it is, by name or folder",
        plain=False,
    ),
    Field("folder", Kind.TEXT, lambda row: row.folder, "the folder it was built in", plain=False),
    Field("target", Kind.TEXT, lambda row: row.target, "the target that was built"),
    Field("builder", Kind.TEXT, lambda row: row.builder, "the builder"),
    Field("node", Kind.TEXT, lambda row: row.node, "the builder's node"),
    Field("error", Kind.TEXT, lambda row: row.error, "why it failed"),
    Field("age", Kind.AGE, lambda row: row.started_at, "how long ago it started", filter="age started"),
    Field("took", Kind.DURATION, lambda row: row.duration, "how long it took", filter="took duration"),
    Field("saved", Kind.DURATION, lambda row: row.time_saved, "the time that reuse saved"),
    Field("reuse", Kind.PERCENT, lambda row: row.reuse, "true reuse"),
    Field("steps", Kind.INT, lambda row: len(row.steps), "how many steps it had"),
    Field("cached", Kind.INT, lambda row: row.cached, "how many steps were reused"),
    Field("ours", Kind.FLAG, lambda row: row.ours, "it was started from here"),
)
