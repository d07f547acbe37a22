"""Archives as they are listed: files here and workflow artifacts."""

from dataclasses import dataclass
from typing import TypeAlias

from dockcache_tui.core.archives.archive import Archive
from dockcache_tui.core.archives.artifact import Artifact
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
