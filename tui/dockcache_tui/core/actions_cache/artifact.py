"""Workflow artifacts and runs, as far as caches and archives need them."""

from dataclasses import dataclass

from dockcache_tui.core.instant import Instant
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


@dataclass(frozen=True, slots=True)
class RepositoryUsage:
    """How much one repository of an organisation keeps: bytes and entries."""

    repo: str
    size: int
    count: int
