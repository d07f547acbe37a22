"""What GitHub says of Actions caches: the entries, their room, and the branches and pull requests they belong to."""

from dataclasses import dataclass, field

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


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch that exists, and the commit at its tip."""

    scope: BranchScope
    sha: str = ""
    protected: bool = False


@dataclass(frozen=True, slots=True)
class Pull:
    """A pull request; `head` and `base` are names of branches, `own` tells whether head is in the same repository."""

    number: int
    is_open: bool
    merged: bool = False
    head: str = ""
    head_sha: str = ""
    base: str = ""
    own: bool = False

    @property
    def scope(self) -> BranchScope:
        """Return the branch scope of its runs."""
        return BranchScope(f"refs/pull/{self.number}/merge")


@dataclass(frozen=True, slots=True)
class ActionsSnapshot:
    """One reading of a repository's caches.

    `partial` says that more is to come or could not be had; `notices` say what and why. `expected` is how many entries
    GitHub counts. `branches` and `pulls` are None when unknown; else all branches, and at least all open pull requests,
    are in them. `read_only` is why nothing can be deleted, empty when something may be.
    """

    repo: str
    caches: tuple[ActionsCache, ...]
    fetched_at: Instant
    expected: int = 0
    usage: Usage | None = None
    limits: Limits = field(default_factory=Limits)
    default: BranchScope | None = None
    branches: tuple[Branch, ...] | None = None
    pulls: tuple[Pull, ...] | None = None
    partial: bool = False
    notices: tuple[str, ...] = ()
    read_only: str = ""

    @property
    def listed(self) -> Usage:
        """Return the sum of the list, to hold against `usage`."""
        return Usage(sum(cache.size for cache in self.caches), len(self.caches))
