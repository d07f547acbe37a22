"""Archives as they are listed: files here and workflow artifacts; the fields that filters know, and JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from dockcache_tui.core.archives.archive import Archive
from dockcache_tui.core.archives.artifact import Artifact
from dockcache_tui.core.field import Field, Kind
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.scope import BranchScope

Key: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class ListedArchive:
    """A file with what it holds, or why it can't be read (`problem`); or an artifact that lies on GitHub."""

    name: str
    path: str = ""
    archive: Archive | None = None
    artifact: Artifact | None = None
    problem: str = ""

    @property
    def key(self) -> Key:
        """Return what tells it from every other: a path, or an artifact's id."""
        return ("artifact", str(self.artifact.id)) if self.artifact else ("file", self.path)

    @property
    def kind(self) -> str:
        """Return what it is."""
        if self.archive:
            return self.archive.kind.value
        return "artifact" if self.artifact else "unreadable"

    @property
    def size(self) -> int:
        """Return its bytes as it lies there."""
        thing = self.archive or self.artifact
        return thing.size if thing else 0

    @property
    def made_at(self) -> Instant | None:
        """Return when the file was last changed, or the artifact made."""
        if self.archive:
            return self.archive.modified_at
        return self.artifact.created_at if self.artifact else None

    @property
    def expires_at(self) -> Instant | None:
        """Return when GitHub deletes it; None for a file."""
        return self.artifact.expires_at if self.artifact else None

    @property
    def branches(self) -> tuple[BranchScope, ...]:
        """Return whose it is, as far as that is known."""
        if self.archive:
            return self.archive.branches
        return (self.artifact.branch,) if self.artifact and self.artifact.branch else ()

    @property
    def platforms(self) -> tuple[str, ...]:
        """Return the platforms of its images."""
        images = self.archive.images if self.archive else ()
        return tuple(image.platform for image in images if image.platform and image.has_files)

    @property
    def state(self) -> str:
        """Return in words what is wrong with it."""
        if self.archive and self.archive.faults:
            first, more = self.archive.faults[0].reason, len(self.archive.faults) - 1
            return f"{first}, and {more:,} more" if more else first
        return "expired" if self.artifact and self.artifact.expired else self.problem


ARCHIVE_FIELDS: tuple[Field[ListedArchive], ...] = (
    Field("name", Kind.TEXT, lambda row: row.name, "its file's or artifact's name"),
    Field("kind", Kind.TEXT, lambda row: row.kind, "docker save, oci layout, build cache, build record, artifact"),
    Field("platform", Kind.TEXT, lambda row: row.platforms, "linux/amd64, ..."),
    Field("size", Kind.SIZE, lambda row: row.size, "its bytes"),
    Field("age", Kind.AGE, lambda row: row.made_at, "how long ago it was made", filter="age created"),
    Field("branch", Kind.BRANCH, lambda row: row.branches, "whose it is: main, #7, tag v1 or a full ref"),
    Field("artifact", Kind.FLAG, lambda row: row.artifact is not None, "it lies on GitHub"),
    Field("expired", Kind.FLAG, lambda row: bool(row.artifact and row.artifact.expired), "GitHub has deleted it"),
    Field("faulty", Kind.FLAG, lambda row: bool(row.state), "something is wrong with it"),
    Field("known", Kind.FLAG, lambda row: bool(row.branches), "its branch is known"),
)


def listed_row(row: ListedArchive) -> Mapping[str, str | int | Sequence[str] | None]:
    """Return the fields of a listed archive: sizes in bytes, times RFC 3339 in UTC."""
    return {
        "name": row.name,
        "path": row.path or None,
        "kind": row.kind,
        "size": row.size,
        "platforms": list(row.platforms),
        "branches": [branch.ref for branch in row.branches],
        "created_at": str(row.made_at) if row.made_at else None,
        "expires_at": str(row.expires_at) if row.expires_at else None,
        "state": row.state or None,
    }
