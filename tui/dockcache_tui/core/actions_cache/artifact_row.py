"""A workflow artifact as filters and JSON know it; the names are stable, see docs/json-artifacts.md."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from dockcache_tui.core.actions_cache.artifact import Artifact
from dockcache_tui.core.filter.field import Field, Kind
from dockcache_tui.core.instant import Instant

Value: TypeAlias = str | int | bool | None

ARTIFACT_COLUMNS: dict[str, Callable[[Artifact], Value]] = {
    "id": lambda one: one.id,
    "name": lambda one: one.name,
    "branch": lambda one: one.branch.ref if one.branch else None,
    "size_in_bytes": lambda one: one.size,
    "created_at": lambda one: _time(one.created_at),
    "expires_at": lambda one: _time(one.expires_at),
    "expired": lambda one: one.expired,
    "digest": lambda one: one.digest,
    "run": lambda one: one.run,
    "revision": lambda one: one.revision or None,
}
"""The fields of an artifact in their order."""

ARTIFACT_FIELDS: tuple[Field[Artifact], ...] = (
    Field("id", Kind.TEXT, lambda row: str(row.id), "the artifact's id"),
    Field("name", Kind.TEXT, lambda row: row.name, "its name"),
    Field("branch", Kind.BRANCH, lambda row: (row.branch,) if row.branch else (), "whose run made it"),
    Field("revision", Kind.TEXT, lambda row: row.revision, "the commit of that run"),
    Field("run", Kind.TEXT, lambda row: str(row.run or ""), "that run's id"),
    Field("digest", Kind.TEXT, lambda row: row.digest, "the digest of its file"),
    Field("size", Kind.SIZE, lambda row: row.size, "its bytes"),
    Field("age", Kind.AGE, lambda row: row.created_at, "how long ago it was made", ("created",)),
    Field("expired", Kind.FLAG, lambda row: row.expired, "its retention is over, and its bytes are gone"),
    Field("record", Kind.FLAG, lambda row: row.name.endswith(".dockerbuild"), "it is a build record"),
)


def artifact_row(artifact: Artifact) -> Mapping[str, Value]:
    """Return the artifact's fields: sizes in bytes, times RFC 3339 in UTC."""
    return {name: value(artifact) for name, value in ARTIFACT_COLUMNS.items()}


def _time(moment: Instant | None) -> str | None:
    return str(moment) if moment else None
