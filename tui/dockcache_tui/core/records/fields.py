"""The fields that filters know of records."""

from dockcache_tui.core.filter.field import Field, Kind
from dockcache_tui.core.records.attribution import ScopedRecord


def _builds(row: ScopedRecord) -> tuple[str, ...]:
    builds = (row.created_by, row.last_used_by)
    return tuple(dict.fromkeys(build.ref for build in builds if build is not None))


def _projects(row: ScopedRecord) -> tuple[str, ...]:
    return tuple(dict.fromkeys(owner.project.name for owner in row.owners if owner.project))


RECORD_FIELDS: tuple[Field[ScopedRecord], ...] = (
    Field("id", Kind.TEXT, lambda row: row.record.id, "the record's id"),
    Field("type", Kind.TEXT, lambda row: row.record.type, "regular, exec.cachemount, source.local, frontend, ..."),
    Field("desc", Kind.TEXT, lambda row: row.record.description, "what made it", ("description",)),
    Field("step", Kind.TEXT, lambda row: row.title, "the step that made it, as the list shows it"),
    Field("size", Kind.SIZE, lambda row: row.record.size, "its bytes"),
    Field("age", Kind.AGE, lambda row: row.record.created_at, "how long ago it was made", ("created",)),
    Field(
        "idle",
        Kind.AGE,
        lambda row: row.record.last_used_at or row.record.created_at,
        "how long ago it was last used, or made when it never was",
        ("last_used",),
    ),
    Field("uses", Kind.INT, lambda row: row.record.usage_count, "how often it was used", ("used", "usage_count")),
    Field("node", Kind.TEXT, lambda row: row.record.node, "the builder's node it is on"),
    Field("branch", Kind.BRANCH, lambda row: row.branches, "whose it is: main, #7, tag v1 or a full ref"),
    Field("project", Kind.TEXT, _projects, "whose it is: owner/name, or the folder", plain=False),
    Field("scope", Kind.TEXT, lambda row: row.cache_scope, "the cache scope of a cache mount"),
    Field("parent", Kind.TEXT, lambda row: row.record.parents, "the ids it was built on", ("parents",)),
    Field("build", Kind.TEXT, _builds, "the builds that made or last used it"),
    Field("in_use", Kind.FLAG, lambda row: row.record.in_use, "a build holds it"),
    Field("shared", Kind.FLAG, lambda row: row.record.shared, "an image holds the same bytes"),
    Field("mutable", Kind.FLAG, lambda row: row.record.mutable, "it may still be written to"),
    Field("reclaimable", Kind.FLAG, lambda row: row.record.reclaimable, "neither in use nor shared"),
    Field("known", Kind.FLAG, lambda row: bool(row.branches), "its branch is known"),
)
