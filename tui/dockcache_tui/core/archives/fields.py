"""The fields of what lies in a list of archives; their names in JSON are stable."""

from dockcache_tui.core.archives.artifact import Artifact
from dockcache_tui.core.field import Field, Kind

ARTIFACT_FIELDS: tuple[Field[Artifact], ...] = (
    Field("id", Kind.TEXT, lambda row: row.id, "its id"),
    Field("name", Kind.TEXT, lambda row: row.name, "its name"),
    Field(
        "branch", Kind.BRANCH, lambda row: row.branch, "the full ref of the branch of the run that made it, or `null`"
    ),
    Field("size_in_bytes", Kind.SIZE, lambda row: row.size, "the bytes of its file", filter="size"),
    Field("created_at", Kind.AGE, lambda row: row.created_at, "when it was made, or `null`", filter="age created"),
    Field("expires_at", Kind.AGE, lambda row: row.expires_at, "when GitHub deletes it, or `null`", filter=""),
    Field("expired", Kind.FLAG, lambda row: row.expired, "its retention is over, and its bytes are gone"),
    Field(
        "digest",
        Kind.TEXT,
        lambda row: row.digest,
        "`sha256:` and the digest of its file; `null` for those of old uploaders",
    ),
    Field("run", Kind.TEXT, lambda row: row.run, "the id of that run, or `null`"),
    Field("revision", Kind.TEXT, lambda row: row.revision or None, "the commit of that run, or `null`"),
    Field("record", Kind.FLAG, lambda row: row.name.endswith(".dockerbuild"), "it is a build record", listed=False),
)
