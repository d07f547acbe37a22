"""The fields of what lies in a list of archives; their names in JSON are stable."""

from dockcache_tui.core.archives.archive import Layer
from dockcache_tui.core.archives.artifact import Artifact
from dockcache_tui.core.archives.file_entry import TreeEntry, mode_of, xattr_text
from dockcache_tui.core.archives.listing import ListedArchive
from dockcache_tui.core.field import ColumnLook, Field, Kind

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

ARCHIVE_FIELDS: tuple[Field[ListedArchive], ...] = (
    Field(
        "name",
        Kind.TEXT,
        lambda row: row.name,
        "the name of its file, or of the artifact",
        look=ColumnLook("Archive", weight=1, min_width=24),
    ),
    Field("path", Kind.TEXT, lambda row: row.path or None, "its path; `null` for an artifact", filter=""),
    Field(
        "kind",
        Kind.TEXT,
        lambda row: row.kind,
        "`docker save`, `oci layout`, `dir layout`, `oci artifact`, `build cache`, `build record`, `artifact` or "
        "`unreadable`",
        look=ColumnLook("Kind", max_width=14),
    ),
    Field("size", Kind.SIZE, lambda row: row.size, "its bytes as it lies there", look=ColumnLook("Size", width=9)),
    Field("platforms", Kind.TEXT, lambda row: row.platforms, "the platforms of its images", filter="platform"),
    Field(
        "branches",
        Kind.BRANCH,
        lambda row: row.branches,
        "the branches it belongs to, as far as known",
        filter="branch",
        look=ColumnLook("Branch", max_width=16, priority=2),
    ),
    Field(
        "created_at",
        Kind.AGE,
        lambda row: row.made_at,
        "when the file was last changed, or the artifact made",
        filter="age created",
        look=ColumnLook("Age", width=6, priority=3),
    ),
    Field(
        "expires_at",
        Kind.AGE,
        lambda row: row.expires_at,
        "when GitHub deletes it; `null` for a file",
        filter="",
        look=ColumnLook("Goes in", width=9, priority=1),
    ),
    Field(
        "state",
        Kind.TEXT,
        lambda row: row.state or None,
        "what is wrong with it, or `null`",
        filter="",
        look=ColumnLook("State", max_width=40, priority=5),
    ),
    Field("artifact", Kind.FLAG, lambda row: row.artifact is not None, "it lies on GitHub", listed=False),
    Field(
        "expired",
        Kind.FLAG,
        lambda row: bool(row.artifact and row.artifact.expired),
        "GitHub has deleted it",
        listed=False,
    ),
    Field("faulty", Kind.FLAG, lambda row: bool(row.state), "something is wrong with it", listed=False),
    Field("known", Kind.FLAG, lambda row: bool(row.branches), "its branch is known", listed=False),
)

LAYER_FIELDS: tuple[Field[Layer], ...] = (
    Field("digest", Kind.TEXT, lambda row: row.digest or None, "of the blob as it is stored; `null` for an empty step"),
    Field("size", Kind.SIZE, lambda row: row.size, "the bytes of that blob"),
    Field("diff_id", Kind.TEXT, lambda row: row.diff_id or None, "the digest of the tar in it, or `null`"),
    Field(
        "unpacked_size",
        Kind.SIZE,
        lambda row: row.unpacked_size,
        "the bytes of that tar; `null` where nobody read it yet",
    ),
    Field("media_type", Kind.TEXT, lambda row: row.media_type or None, "of the blob, or `null`"),
    Field("created_by", Kind.TEXT, lambda row: row.created_by, "what the history tells of how it was made"),
    Field("created_at", Kind.AGE, lambda row: row.created_at, "when that was, or `null`"),
    Field("empty", Kind.FLAG, lambda row: row.empty, "a step that made no layer"),
    Field("missing", Kind.FLAG, lambda row: row.missing, "its blob is not in the archive"),
)

FILE_FIELDS: tuple[Field[TreeEntry], ...] = (
    Field(
        "path",
        Kind.TEXT,
        lambda row: row.entry.path,
        r"without a leading slash; bytes that are no UTF-8 are backslash escapes (`\xff`)",
        look=ColumnLook("Path", weight=1, min_width=28),
    ),
    Field(
        "kind",
        Kind.TEXT,
        lambda row: row.entry.kind.value,
        "`file`, `folder`, `symlink`, `hardlink`, `device` or `fifo`",
    ),
    Field(
        "change",
        Kind.TEXT,
        lambda row: row.change.value,
        "what `layer` did: `added`, `changed`, `removed`; `same` for a folder that the layer only passed through",
        look=ColumnLook("Change", width=9),
    ),
    Field(
        "size",
        Kind.SIZE,
        lambda row: row.size,
        "bytes, of a folder all below it; 0 for what was removed",
        look=ColumnLook("Size", width=9),
    ),
    Field(
        "wasted",
        Kind.SIZE,
        lambda row: row.wasted,
        "bytes of lower layers that this path, and what is below it, hides",
        look=ColumnLook("Wasted", width=9, priority=1),
    ),
    Field(
        "mode",
        Kind.TEXT,
        lambda row: mode_of(row.entry),
        "kind and rights as `ls -l` writes them",
        look=ColumnLook("Mode", width=10, priority=2),
    ),
    Field("uid", Kind.INT, lambda row: row.entry.uid, "the number of its owner"),
    Field("gid", Kind.INT, lambda row: row.entry.gid, "the number of its group"),
    Field("modified_at", Kind.AGE, lambda row: row.entry.modified_at, "when it was changed, or `null`"),
    Field("link", Kind.TEXT, lambda row: row.entry.link or None, "where it leads, or `null`"),
    Field(
        "digest",
        Kind.TEXT,
        lambda row: row.entry.digest or None,
        "of the content; `null` for what is no file or could not be read",
    ),
    Field(
        "device",
        Kind.TEXT,
        lambda row: row.entry.device or None,
        "kind and numbers of a device: `b 8:0`, `c 1:3`; else `null`",
    ),
    Field(
        "xattrs",
        Kind.INT,
        lambda row: len(row.entry.xattrs),
        "extended attributes by name, as text or in hex; capabilities as getcap prints them",
        json=lambda row: {name: xattr_text(name, value) for name, value in row.entry.xattrs},
    ),
    Field(
        "layer",
        Kind.TEXT,
        lambda row: row.layer or None,
        "with `--layer` that layer, else the last one that did anything to the path",
        look=ColumnLook("By layer", width=12, priority=4),
    ),
)
