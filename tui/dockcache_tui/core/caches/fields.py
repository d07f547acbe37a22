"""The fields of an Actions cache, and of a repository by its usage; their names in JSON are stable."""

from dockcache_tui.core.caches.cache import RepositoryUsage
from dockcache_tui.core.caches.reading import CacheEntry
from dockcache_tui.core.field import ColumnLook, Field, Kind

CACHE_FIELDS: tuple[Field[CacheEntry], ...] = (
    Field("id", Kind.TEXT, lambda row: row.id, "its id"),
    Field(
        "ref",
        Kind.BRANCH,
        lambda row: row.branch,
        "the full ref it is kept on",
        filter="branch ref",
        look=ColumnLook("Branch", max_width=16, priority=5),
    ),
    Field("key", Kind.TEXT, lambda row: row.cache.key, "its key"),
    Field("version", Kind.TEXT, lambda row: row.cache.version, "its version: a hash of paths and compression"),
    Field(
        "size_in_bytes",
        Kind.SIZE,
        lambda row: row.cache.size,
        "its bytes",
        filter="size",
        look=ColumnLook("Size", width=9),
    ),
    Field(
        "created_at",
        Kind.AGE,
        lambda row: row.cache.created_at,
        "when it was saved",
        filter="age created",
        look=ColumnLook("Saved", width=7, priority=4),
    ),
    Field(
        "last_accessed_at",
        Kind.AGE,
        lambda row: row.cache.last_accessed_at,
        "when it was last read",
        filter="idle last_used",
        look=ColumnLook("Read", width=6, priority=3),
    ),
    Field(
        "kind",
        Kind.TEXT,
        lambda row: row.decoded.kind.value,
        "BuildKit's `index` or `blob`, or `other`",
        filter="kind type",
    ),
    Field("scope", Kind.TEXT, lambda row: row.decoded.scope, "the cache scope of an index, else `null`"),
    Field(
        "generation",
        Kind.INT,
        lambda row: row.decoded.generation,
        "the number of an index, else `null`",
        filter="generation gen",
    ),
    Field("digest", Kind.TEXT, lambda row: row.decoded.digest, "the digest of a blob, else `null`"),
    Field(
        "expires_at",
        Kind.AGE,
        lambda row: row.expires_at,
        "when it is evicted if nobody reads it and nothing is saved",
        filter="",
    ),
    Field(
        "family",
        Kind.TEXT,
        lambda row: row.decoded.family.value,
        "who writes such keys: `BuildKit`, `setup-go`, `setup-node`, `setup-python`, `setup-java`, `setup-buildx` or "
        "`actions/cache`",
    ),
    Field(
        "state",
        Kind.TEXT,
        lambda row: row.state.value,
        "`live`, `branch deleted`, `pull request closed` or `unknown`",
    ),
    Field("merged", Kind.FLAG, lambda row: row.merged, "its branch was merged, with nothing new since"),
    Field("superseded", Kind.FLAG, lambda row: row.superseded, "an index that a newer one replaced"),
    Field(
        "orphan",
        Kind.FLAG,
        lambda row: row.orphan,
        "a blob that no index names; `null` where an index would have to be read to tell",
    ),
    Field("signed", Kind.FLAG, lambda row: row.decoded.signed, "of BuildKit's signed caches"),
    Field(
        "misplaced",
        Kind.FLAG,
        lambda row: row.misplaced,
        "an index whose key names another ref than the one it is kept on",
    ),
    Field(
        "copies",
        Kind.INT,
        lambda row: len(row.copies),
        "other refs on which the same key and version is kept; the filter counts them",
        json=lambda row: list(row.copies),
    ),
    Field(
        "layers",
        Kind.INT,
        lambda row: row.index.count if row.index else None,
        "how many blobs an index names; `null` where it was not read",
        filter="",
    ),
    Field(
        "layers_size_in_bytes",
        Kind.SIZE,
        lambda row: row.index.size if row.index else None,
        "their bytes; `null` where it was not read",
        filter="",
    ),
    Field(
        "holes",
        Kind.INT,
        lambda row: row.holes if row.index else None,
        "how many of them no run of its ref can have; `null` where it was not read",
    ),
    Field(
        "scopes",
        Kind.TEXT,
        lambda row: row.scopes,
        "the cache scopes whose indexes name a blob, of those that were read",
        filter="",
    ),
    Field("shared", Kind.FLAG, lambda row: len(row.scopes) > 1, "a blob that several cache scopes name", listed=False),
    Field("dead", Kind.FLAG, lambda row: row.dead, "its branch is deleted or its pull request closed", listed=False),
    Field("duplicate", Kind.FLAG, lambda row: bool(row.copies), "the same is kept on another ref", listed=False),
)

REPOSITORY_FIELDS: tuple[Field[RepositoryUsage], ...] = (
    Field("repo", Kind.TEXT, lambda row: row.repo, "its name", look=ColumnLook("Repository", weight=1, min_width=24)),
    Field(
        "count",
        Kind.INT,
        lambda row: row.count,
        "how many caches it keeps",
        filter="caches count",
        look=ColumnLook("Caches", width=8),
    ),
    Field(
        "size_in_bytes", Kind.SIZE, lambda row: row.size, "their bytes", filter="size", look=ColumnLook("Size", width=9)
    ),
)
