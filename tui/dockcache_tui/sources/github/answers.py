"""GitHub's JSON, read leniently: its schemas require nearly nothing."""

import msgspec

from dockcache_tui.core.archives.artifact import Artifact, WorkflowRun
from dockcache_tui.core.caches.cache import ActionsCache, Branch, Pull, RepositoryUsage
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.scope import BranchScope


class CacheAnswer(msgspec.Struct):
    """One cache."""

    id: int | None = None
    ref: str | None = None
    key: str | None = None
    version: str | None = None
    created_at: str | None = None
    last_accessed_at: str | None = None
    size_in_bytes: int | None = None

    def cache(self) -> ActionsCache | None:
        """Return the entry; None for one without what tells it from others."""
        created = moment(self.created_at)
        if self.id is None or self.ref is None or self.key is None or created is None:
            return None
        accessed = moment(self.last_accessed_at) or created
        return ActionsCache(
            self.id, self.ref, self.key, self.version or "", max(0, self.size_in_bytes or 0), created, accessed
        )


class CachesAnswer(msgspec.Struct):
    """A page of caches."""

    total_count: int = 0
    actions_caches: list[CacheAnswer] = []


class UsageAnswer(msgspec.Struct):
    """A repository's usage."""

    full_name: str = ""
    active_caches_size_in_bytes: int = 0
    active_caches_count: int = 0

    def usage(self) -> RepositoryUsage:
        """Return it with our names."""
        return RepositoryUsage(self.full_name, self.active_caches_size_in_bytes, self.active_caches_count)


class UsagesAnswer(msgspec.Struct):
    """A page of an organisation's usage."""

    repository_cache_usages: list[UsageAnswer] = []


class StorageLimit(msgspec.Struct):
    """The room, in decimal gigabytes."""

    max_cache_size_gb: int


class RetentionLimit(msgspec.Struct):
    """The days without access."""

    max_cache_retention_days: int


class RepositoryAnswer(msgspec.Struct):
    """A repository; permissions are the token's, where GitHub tells them."""

    full_name: str = ""
    default_branch: str = ""
    permissions: dict[str, bool] | None = None


class _Commit(msgspec.Struct):
    sha: str = ""


class BranchAnswer(msgspec.Struct):
    """A branch."""

    name: str
    commit: _Commit = msgspec.field(default_factory=_Commit)
    protected: bool = False

    def branch(self) -> Branch:
        """Return it with its full ref."""
        return Branch(BranchScope(f"refs/heads/{self.name}"), self.commit.sha, self.protected)


class _Home(msgspec.Struct):
    full_name: str = ""


class _Side(msgspec.Struct):
    ref: str = ""
    sha: str = ""
    repo: _Home | None = None


class PullAnswer(msgspec.Struct):
    """A pull request of a list; lists tell no `merged`, but when."""

    number: int
    state: str = ""
    merged_at: str | None = None
    updated_at: str | None = None
    head: _Side = msgspec.field(default_factory=_Side)
    base: _Side = msgspec.field(default_factory=_Side)

    def pull(self, repo: str) -> Pull:
        """Return it, seen from a repository."""
        own = self.head.repo is not None and self.head.repo.full_name.lower() == repo.lower()
        return Pull(
            self.number,
            self.state == "open",
            self.merged_at is not None,
            self.head.ref,
            self.head.sha,
            self.base.ref,
            own,
        )


class _WorkflowRun(msgspec.Struct):
    id: int | None = None
    head_branch: str | None = None
    head_sha: str | None = None


class ArtifactAnswer(msgspec.Struct):
    """An artifact."""

    id: int
    name: str = ""
    size_in_bytes: int = 0
    expired: bool = False
    created_at: str | None = None
    expires_at: str | None = None
    digest: str | None = None
    workflow_run: _WorkflowRun | None = None

    def artifact(self) -> Artifact:
        """Return it with our names."""
        run = self.workflow_run or _WorkflowRun()
        return Artifact(
            self.id,
            self.name,
            self.size_in_bytes,
            self.expired,
            moment(self.created_at),
            moment(self.expires_at),
            _branch(run.head_branch),
            run.head_sha or "",
            run.id,
            self.digest,
        )


class ArtifactsAnswer(msgspec.Struct):
    """A page of artifacts."""

    artifacts: list[ArtifactAnswer] = []


class RunAnswer(msgspec.Struct):
    """A workflow run."""

    id: int
    name: str | None = None
    event: str = ""
    status: str | None = None
    conclusion: str | None = None
    head_branch: str | None = None
    head_sha: str = ""
    created_at: str | None = None

    def run(self) -> WorkflowRun:
        """Return it with our names."""
        return WorkflowRun(
            self.id,
            self.name or "",
            self.event,
            self.status or "",
            self.conclusion or "",
            _branch(self.head_branch),
            self.head_sha,
            moment(self.created_at),
        )


class RunsAnswer(msgspec.Struct):
    """A page of runs."""

    workflow_runs: list[RunAnswer] = []


def moment(text: str | None) -> Instant | None:
    """Read a time; None for none, or for what is no time."""
    try:
        return Instant.parse(text) if text else None
    except ValueError:
        return None


def _branch(name: str | None) -> BranchScope | None:
    return BranchScope(f"refs/heads/{name}") if name else None
