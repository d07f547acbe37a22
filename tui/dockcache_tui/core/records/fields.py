"""The fields of a record; their names in JSON are stable."""

from collections.abc import Mapping

from dockcache_tui.core.field import ColumnLook, Field, Kind
from dockcache_tui.core.records.attribution import ScopedRecord
from dockcache_tui.core.records.tombstone import LossCause, Tombstone
from dockcache_tui.core.scope import Owner


def _builds(row: ScopedRecord) -> tuple[str, ...]:
    builds = (row.created_by, row.last_used_by)
    return tuple(dict.fromkeys(build.ref for build in builds if build is not None))


def _projects(row: ScopedRecord) -> tuple[str, ...]:
    return tuple(dict.fromkeys(owner.project.name for owner in row.owners if owner.project))


def _owner(owner: Owner) -> Mapping[str, str | None]:
    return {
        "project": owner.project.name if owner.project else None,
        "branch": owner.branch.ref if owner.branch else None,
        "known": owner.known.value,
    }


def _cause(cause: LossCause) -> Mapping[str, str | None]:
    return {"what": cause.kind.value, "name": cause.name or None, "certainty": cause.certainty.value}


RECORD_FIELDS: tuple[Field[ScopedRecord], ...] = (
    Field("builder", Kind.TEXT, lambda row: row.record.builder, "the builder it is on", filter=""),
    Field(
        "node",
        Kind.TEXT,
        lambda row: row.record.node,
        "the builder's node it is on",
        label="node",
        look=ColumnLook("Node", max_width=18, priority=4),
    ),
    Field("id", Kind.TEXT, lambda row: row.record.id, "its id, unique only within its node", label="id"),
    Field(
        "type",
        Kind.TEXT,
        lambda row: row.record.type,
        "`regular`, `source.local`, `source.git.checkout`, `exec.cachemount`, `frontend`, `internal`, "
        "or what a newer BuildKit says",
        look=ColumnLook("Type", max_width=19, priority=3),
    ),
    Field(
        "size",
        Kind.SIZE,
        lambda row: row.record.size,
        "its bytes; 0 for a mutable record in use, whose size changes",
        label="size",
        look=ColumnLook("Size", width=9),
    ),
    Field(
        "created_at",
        Kind.AGE,
        lambda row: row.record.created_at,
        "when it was made",
        filter="age created",
        label="created",
    ),
    Field(
        "last_used_at",
        Kind.AGE,
        lambda row: row.record.last_used_at,
        "when it was last used, or `null`",
        filter="",
        label="last used",
        look=ColumnLook("Used", width=6, priority=1),
    ),
    Field(
        "usage_count",
        Kind.INT,
        lambda row: row.record.usage_count,
        "how often it was used",
        filter="uses used usage_count",
        look=ColumnLook("Uses", width=6, priority=5),
    ),
    Field(
        "parents",
        Kind.TEXT,
        lambda row: row.record.parents,
        "the ids of all records it was built on",
        filter="parent parents",
    ),
    Field("in_use", Kind.FLAG, lambda row: row.record.in_use, "a build holds it"),
    Field(
        "shared", Kind.FLAG, lambda row: row.record.shared, "an image holds the same bytes, so pruning frees nothing"
    ),
    Field("mutable", Kind.FLAG, lambda row: row.record.mutable, "it may still be written to"),
    Field("reclaimable", Kind.FLAG, lambda row: row.record.reclaimable, "neither in use nor shared"),
    Field("description", Kind.TEXT, lambda row: row.record.description, "what made it", filter="desc description"),
    Field(
        "project",
        Kind.TEXT,
        lambda row: row.project.name if row.project else None,
        "the project that all its owners share, as `owner/name` or its folder's path; else `null`",
        filter="",
    ),
    Field(
        "branches",
        Kind.BRANCH,
        lambda row: row.branches,
        "the branches it belongs to, as far as known",
        filter="branch",
        label="branches",
        look=ColumnLook("Branch", max_width=20, priority=2),
    ),
    Field(
        "owners",
        Kind.INT,
        lambda row: len(row.owners),
        "whose it is, as far as known: `{project, branch, known}` each; what is not known is `null`",
        filter="",
        json=lambda row: [_owner(one) for one in row.owners],
    ),
    Field(
        "step",
        Kind.TEXT,
        lambda row: row.title,
        "the step that made it, as the list shows it",
        listed=False,
        look=ColumnLook("Record", weight=1, min_width=28),
    ),
    Field(
        "idle",
        Kind.AGE,
        lambda row: row.record.last_used_at or row.record.created_at,
        "when it was last used, or made when it never was",
        filter="idle last_used",
        listed=False,
    ),
    Field(
        "project",
        Kind.TEXT,
        _projects,
        "the projects of its owners: `owner/name`, or the folder",
        listed=False,
        plain=False,
    ),
    Field(
        "scope",
        Kind.TEXT,
        lambda row: row.cache_scope,
        "the cache scope of a cache mount",
        listed=False,
        label="cache scope",
    ),
    Field("build", Kind.TEXT, _builds, "the builds that made or last used it", listed=False),
    Field("known", Kind.FLAG, lambda row: bool(row.branches), "its branch is known", listed=False),
)

GONE_FIELDS: tuple[Field[Tombstone], ...] = (
    Field("builder", Kind.TEXT, lambda row: row.record.builder, "the builder it was on", filter=""),
    Field("node", Kind.TEXT, lambda row: row.record.node, "the builder's node it was on"),
    Field("id", Kind.TEXT, lambda row: row.record.id, "its id"),
    Field("type", Kind.TEXT, lambda row: row.record.type, "as of `records`"),
    Field("size", Kind.SIZE, lambda row: row.record.size, "its bytes"),
    Field("description", Kind.TEXT, lambda row: row.record.description, "what made it", filter="desc description"),
    Field("created_at", Kind.AGE, lambda row: row.record.created_at, "when it was made", filter="age created"),
    Field("last_used_at", Kind.AGE, lambda row: row.record.last_used_at, "when it was last used, or `null`", filter=""),
    Field("last_seen_at", Kind.AGE, lambda row: row.seen_at, "when it was there still", filter="seen"),
    Field("gone_at", Kind.AGE, lambda row: row.gone_at, "when it was there no more", filter="gone"),
    Field(
        "causes",
        Kind.TEXT,
        lambda row: tuple(f"{one.kind} {one.certainty}" for one in row.causes),
        "what may have taken it, the surest first: `{what, name, certainty}` each, see below",
        filter="cause",
        json=lambda row: [_cause(one) for one in row.causes],
    ),
    Field("story", Kind.TEXT, lambda row: row.story, "the same in words", listed=False, filter=""),
)
