"""All that GitHub says of a repository's caches at one moment, and of the refs they belong to."""

from dataclasses import dataclass, field

from dockcache_tui.core.caches.cache import ActionsCache, Limits, Usage
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.scope import BranchScope


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
