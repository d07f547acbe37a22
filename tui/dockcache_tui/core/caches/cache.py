"""One GitHub Actions cache as the REST API gives it, and the room that caches have."""

from dataclasses import dataclass

from dockcache_tui.core.instant import Instant
from dockcache_tui.core.scope import BranchScope

GB = 10**9


@dataclass(frozen=True, slots=True)
class ActionsCache:
    """One entry of a repository's cache; `size` in bytes. Whoever opens a pull request may write its key."""

    id: int
    ref: str
    key: str
    version: str
    size: int
    created_at: Instant
    last_accessed_at: Instant

    @property
    def branch(self) -> BranchScope:
        """Return whose it is."""
        return BranchScope(self.ref)

    @property
    def identity(self) -> tuple[int, str, Instant]:
        """Return what must be unchanged for it to be the same entry."""
        return self.id, self.key, self.created_at


@dataclass(frozen=True, slots=True)
class Usage:
    """How much caches take: bytes and entries. GitHub refreshes its own figure about every five minutes."""

    size: int
    count: int


@dataclass(frozen=True, slots=True)
class Limits:
    """The room in bytes, and the days an entry may go without access; what is not known is GitHub's default."""

    size: int = 10 * GB
    retention_days: int = 7
    size_known: bool = False
    retention_known: bool = False

    @property
    def retention_ns(self) -> int:
        """Return the retention in nanoseconds."""
        return self.retention_days * 86_400 * 10**9


@dataclass(frozen=True, slots=True)
class RepositoryUsage:
    """How much one repository of an organisation keeps: bytes and entries."""

    repo: str
    size: int
    count: int
