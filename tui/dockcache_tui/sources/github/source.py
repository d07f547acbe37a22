"""A repository's Actions caches on GitHub: reads, and deletes what was planned."""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from threading import Lock
from time import monotonic

from dockcache_tui.core.archives.artifact import Artifact, WorkflowRun
from dockcache_tui.core.caches.cache import ActionsCache, ActionsSnapshot, RepositoryUsage
from dockcache_tui.core.caches.index import CacheIndex
from dockcache_tui.core.deletion import DeletePlan, Deletion
from dockcache_tui.core.errors import UsageError
from dockcache_tui.core.instant import Instant
from dockcache_tui.sources.audit import AuditLog
from dockcache_tui.sources.command_log import CommandLog
from dockcache_tui.sources.github.answers import ArtifactsAnswer, RunsAnswer, UsagesAnswer
from dockcache_tui.sources.github.api import Api
from dockcache_tui.sources.github.around import Around, read_repository
from dockcache_tui.sources.github.artifact_download import Done, Download
from dockcache_tui.sources.github.deletion import delete_artifacts, delete_caches
from dockcache_tui.sources.github.gate import AskedWait, Gate
from dockcache_tui.sources.github.listing import PER_PAGE, ListedCaches, list_caches, pages
from dockcache_tui.sources.github.place import GitHubPlace, find_place, find_repo
from dockcache_tui.sources.github.protocol import ApiBudget
from dockcache_tui.sources.github.runtime import RuntimeCache
from dockcache_tui.sources.github.tokens import ask_gh, find_token
from dockcache_tui.sources.remotes import read_remotes

PATIENCE = 300.0
"""Seconds that GitHub may ask us to wait before that is an error."""
_PACE = 0.4
"""Seconds between deletes: each costs 6 of the 900 points that GitHub allows a minute."""
_SHOW_EVERY = 0.25
_SHOW_GROWTH = 1.5
"""By what factor a partial list has grown when it is shown again: showing takes time for every entry."""
_NAME = re.compile(r"[\w.-]{1,100}", re.ASCII)


class GitHubActions:
    """The real thing behind the ActionsSource protocol."""

    def __init__(self, api: Api, repo: str, runtime: RuntimeCache | None = None, pace: float = _PACE) -> None:
        """Take what speaks to GitHub, and inside a job what speaks to its cache service."""
        self._api, self.repo, self._runtime, self._pace = api, repo, runtime, pace
        self.host = api.place.host
        self._turn = Lock()

    @property
    def budget(self) -> ApiBudget:
        """Return what is left of the API's budget."""
        return self._api.gate.budget

    def read(self) -> Iterator[ActionsSnapshot]:
        """Yield partial snapshots as pages arrive, at last the whole one; raises GitHubError when it can't be had."""
        around = Around(self._api, self.repo)
        try:
            listing, shown, many = ListedCaches(), -_SHOW_EVERY, 0
            for listing in list_caches(self._api, self.repo):
                if len(listing.rows) >= many and monotonic() - shown >= _SHOW_EVERY:
                    yield self._bare(listing)
                    shown, many = monotonic(), round(_SHOW_GROWTH * len(listing.rows))
            yield _whole(self._bare(listing), listing, around)
        finally:
            around.close()

    def indexes(self, caches: Iterable[ActionsCache]) -> Mapping[int, CacheIndex]:
        """Read BuildKit's indexes among these entries, by id; none outside a job; raises SourceError."""
        return self._runtime.indexes(caches) if self._runtime else {}

    def delete(self, plan: DeletePlan[ActionsCache]) -> Iterator[Deletion[ActionsCache]]:
        """Delete one by one, each after it was read again, and yield what became of each; see delete_caches."""
        with self._turn:
            yield from delete_caches(self._api, plan, self._audit(), self._pace)

    def artifacts(self) -> tuple[Artifact, ...]:
        """Return the repository's workflow artifacts, newest first; raises GitHubError."""
        found = {
            one.id: one.artifact()
            for page in pages(self._api, f"/repos/{self.repo}/actions/artifacts", ArtifactsAnswer)
            for one in page.content.artifacts
        }
        return tuple(found[id_] for id_ in sorted(found, reverse=True))

    def download_artifact(
        self, artifact: Artifact, to: Path, done: Done | None = None, *, replace: bool = False
    ) -> Path:
        """Download into a folder and return the file; see Download.run; raises DockcacheError."""
        return Download(self._api, self.repo, artifact, to, replace=replace).run(done)

    def delete_artifacts(self, plan: DeletePlan[Artifact]) -> Iterator[Deletion[Artifact]]:
        """Delete one by one, each after it was read again, and yield what became of each."""
        with self._turn:
            yield from delete_artifacts(self._api, plan, self._audit(), self._pace)

    def read_only(self) -> str:
        """Return why the token can't delete, as far as that shows before trying; raises GitHubError."""
        return read_repository(self._api, self.repo).read_only

    def runs(self, limit: int = 100) -> tuple[WorkflowRun, ...]:
        """Return the newest workflow runs; raises GitHubError."""
        answer = self._api.get(f"/repos/{self.repo}/actions/runs", per_page=min(limit, PER_PAGE))
        return tuple(one.run() for one in self._api.decoded(answer, RunsAnswer).workflow_runs)

    def close(self) -> None:
        """Let go of connections."""
        self._api.close()

    def _audit(self) -> AuditLog:
        return AuditLog({"host": self.host, "repo": self.repo})

    def _bare(self, listing: ListedCaches) -> ActionsSnapshot:
        return ActionsSnapshot(self.repo, listing.caches(), Instant.now(), listing.total, partial=True)


def _whole(bare: ActionsSnapshot, listing: ListedCaches, around: Around) -> ActionsSnapshot:
    repository = around.repository()
    notices = []
    if listing.unreadable:
        notices.append(f"{listing.unreadable} entries came without an id, a ref, a key or a time, and are left out.")
    if not listing.steady:
        notices.append("The list of caches kept changing while it was read: a few entries may be missing.")
    whole = replace(
        bare,
        usage=around.usage(),
        limits=around.limits(),
        default=repository.default,
        branches=around.branches(),
        pulls=around.pulls(bare.caches),
        read_only=repository.read_only,
        partial=not listing.steady or listing.unreadable > 0,
    )
    return replace(whole, notices=(*notices, *around.notices))


def connect_api(
    *,
    log: CommandLog | None = None,
    on_wait: Callable[[AskedWait], None] | None = None,
    place: GitHubPlace | None = None,
) -> Api:
    """Open the GitHub that the environment names; raises UsageError."""
    where = place or find_place()
    return Api(where, find_token(where), Gate(PATIENCE, on_wait), log or CommandLog())


def open_actions(
    repo: str = "",
    folder: Path | None = None,
    *,
    log: CommandLog | None = None,
    on_wait: Callable[[AskedWait], None] | None = None,
) -> GitHubActions:
    """Open a repository (unnamed: the environment's or git's) without a request; raises UsageError.

    `repo` is `owner/name`, or `host/owner/name` as gh takes it.
    """
    place, name = _located(repo, folder or Path.cwd())
    api = connect_api(log=log, on_wait=on_wait, place=place)
    elsewhere = repo.count("/") > 1
    return GitHubActions(api, name, None if elsewhere else RuntimeCache.of_job(name, api.log))


def _located(repo: str, folder: Path) -> tuple[GitHubPlace, str]:
    """Return which repository is meant and on which GitHub: without a word on it, also one that gh is signed in to."""
    host, _, rest = repo.partition("/")
    if "/" in rest:
        return find_place({"GH_HOST": host}), find_repo(rest)
    try:
        return find_place(), find_repo(repo, folder)
    except UsageError:
        if repo or any(map(os.environ.get, ("GITHUB_API_URL", "GH_HOST", "GITHUB_REPOSITORY"))):
            raise
        for remote in read_remotes(folder, os.environ):
            for host in filter(None, remote.hosts(os.environ)):
                if ask_gh(host, os.environ):
                    return find_place({"GH_HOST": host}), remote.repo
        raise


def read_usage(
    organisation: str, *, log: CommandLog | None = None, on_wait: Callable[[AskedWait], None] | None = None
) -> tuple[RepositoryUsage, ...]:
    """Return the usage of each repository, biggest first; raises UsageError for what is no name, else GitHubError."""
    if not _NAME.fullmatch(organisation) or organisation in {".", ".."}:
        raise UsageError(f"{organisation!r} is not an organisation")
    api = connect_api(log=log, on_wait=on_wait)
    try:
        found = pages(api, f"/orgs/{organisation}/actions/cache/usage-by-repository", UsagesAnswer)
        usages = {one.full_name: one.usage() for page in found for one in page.content.repository_cache_usages}
    finally:
        api.close()
    return tuple(sorted(usages.values(), key=lambda one: (-one.size, one.repo)))
