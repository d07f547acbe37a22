"""Workflow artifacts and the runs that made them, and an artifact's JSON."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from dockcache_tui.core.field import Field, Kind
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.literal import literal
from dockcache_tui.core.scope import BranchScope


@dataclass(frozen=True, slots=True)
class Artifact:
    """A workflow artifact; `size` in bytes, `branch` of the run that made it, `digest` of its file where known."""

    id: int
    name: str
    size: int
    expired: bool
    created_at: Instant | None
    expires_at: Instant | None
    branch: BranchScope | None
    revision: str
    run: int | None
    digest: str | None


@dataclass(frozen=True, slots=True)
class Run:
    """A workflow run; `status` and `conclusion` are GitHub's words."""

    id: int
    name: str
    event: str
    status: str
    conclusion: str
    branch: BranchScope | None
    revision: str
    created_at: Instant | None


_LONGEST = 200
"""Bytes; file systems end at 255, and a download under way has a longer name."""
_UNFIT = re.compile(r'[/\\":<>|*?]|^[.\s]+|[.\s]+$')


def file_name(artifact: Artifact, *, zipped: bool) -> str:
    """Return a plain file name, never hidden, never of another folder; a zip that GitHub made ends in `.zip`."""
    name = _UNFIT.sub("_", literal(artifact.name).replace("\ufffd", "_"))
    name = name.encode("utf-8", "replace")[:_LONGEST].decode("utf-8", "ignore") or f"artifact-{artifact.id}"
    return f"{name}.zip" if zipped and not name.lower().endswith(".zip") else name


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
    Field("age", Kind.AGE, lambda row: row.created_at, "how long ago it was made", filter="age created"),
    Field("expired", Kind.FLAG, lambda row: row.expired, "its retention is over, and its bytes are gone"),
    Field("record", Kind.FLAG, lambda row: row.name.endswith(".dockerbuild"), "it is a build record"),
)


def artifact_row(artifact: Artifact) -> Mapping[str, Value]:
    """Return the artifact's fields: sizes in bytes, times RFC 3339 in UTC."""
    return {name: value(artifact) for name, value in ARTIFACT_COLUMNS.items()}


def _time(moment: Instant | None) -> str | None:
    return str(moment) if moment else None
