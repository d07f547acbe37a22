"""The fields that filters know of Actions caches, and of repositories by their usage."""

from dockcache_tui.core.caches.cache import RepositoryUsage
from dockcache_tui.core.caches.entry import CacheEntry
from dockcache_tui.core.field import Field, Kind

CACHE_FIELDS: tuple[Field[CacheEntry], ...] = (
    Field("id", Kind.TEXT, lambda row: str(row.id), "the entry's id"),
    Field("key", Kind.TEXT, lambda row: row.cache.key, "its key"),
    Field("version", Kind.TEXT, lambda row: row.cache.version, "its version: a hash of paths and compression"),
    Field(
        "branch",
        Kind.BRANCH,
        lambda row: (row.branch,),
        "whose it is: main, #7, tag v1 or a full ref",
        filter="branch ref",
    ),
    Field("kind", Kind.TEXT, lambda row: row.decoded.kind.value, "index, blob or other", filter="kind type"),
    Field("family", Kind.TEXT, lambda row: row.decoded.family.value, "who writes such keys: BuildKit, setup-go, ..."),
    Field("scope", Kind.TEXT, lambda row: row.decoded.scope, "the cache scope of a BuildKit index"),
    Field("generation", Kind.INT, lambda row: row.decoded.generation, "an index's number", filter="generation gen"),
    Field("digest", Kind.TEXT, lambda row: row.decoded.digest, "a blob's digest"),
    Field("state", Kind.TEXT, lambda row: row.state.value, "live, branch deleted, pull request closed or unknown"),
    Field("size", Kind.SIZE, lambda row: row.cache.size, "its bytes"),
    Field("age", Kind.AGE, lambda row: row.cache.created_at, "how long ago it was saved", filter="age created"),
    Field(
        "idle",
        Kind.AGE,
        lambda row: row.cache.last_accessed_at,
        "how long ago it was last read",
        filter="idle last_used",
    ),
    Field("copies", Kind.INT, lambda row: len(row.copies), "on how many other refs the same is kept"),
    Field("holes", Kind.INT, lambda row: row.holes, "how many layers an index names that are gone"),
    Field("superseded", Kind.FLAG, lambda row: row.superseded, "an index that a newer one replaced"),
    Field("orphan", Kind.FLAG, lambda row: row.orphan is True, "a blob that surely no index names"),
    Field("shared", Kind.FLAG, lambda row: len(row.scopes) > 1, "a blob that several cache scopes name"),
    Field("dead", Kind.FLAG, lambda row: row.dead, "its branch is deleted or its pull request closed"),
    Field("merged", Kind.FLAG, lambda row: row.merged, "its branch was merged, with nothing new since"),
    Field("duplicate", Kind.FLAG, lambda row: bool(row.copies), "the same is kept on another ref"),
    Field("signed", Kind.FLAG, lambda row: row.decoded.signed, "of BuildKit's signed caches"),
    Field("misplaced", Kind.FLAG, lambda row: row.misplaced, "an index whose key names another ref"),
)

REPOSITORY_FIELDS: tuple[Field[RepositoryUsage], ...] = (
    Field("repo", Kind.TEXT, lambda row: row.repo, "its name"),
    Field("caches", Kind.INT, lambda row: row.count, "how many entries it keeps", filter="caches count"),
    Field("size", Kind.SIZE, lambda row: row.size, "their bytes"),
)
