"""What surrounds the caches: usage, limits, the default branch, branches, pull requests, and the token's rights."""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

from dockcache_tui.core.caches.cache import GB, ActionsCache, Branch, Limits, Pull, Usage
from dockcache_tui.core.errors import SourceError
from dockcache_tui.core.scope import BranchScope
from dockcache_tui.sources.github.answers import (
    BranchAnswer,
    PullAnswer,
    RepositoryAnswer,
    RetentionLimit,
    StorageLimit,
    UsageAnswer,
    moment,
)
from dockcache_tui.sources.github.api import Api
from dockcache_tui.sources.github.errors import GitHubError
from dockcache_tui.sources.github.listing import PER_PAGE, pages
from dockcache_tui.sources.side_by_side import SideBySide

T = TypeVar("T")
_ROUNDS = 3
_MAX_CLOSED = 10
"""Pages of closed pull requests that are read at most."""


@dataclass(frozen=True, slots=True)
class Repository:
    """The default branch, and why the token can't delete; empty when it may."""

    default: BranchScope | None
    read_only: str


class Around:
    """Reads all of it side by side with the caches; what can't be read is unknown, and `notices` says why."""

    def __init__(self, api: Api, repo: str) -> None:
        self._api, self._repo = api, repo
        self._pool = SideBySide(6, "around")
        self.notices: list[str] = []
        self._usage = self._pool.submit(self._read_usage)
        self._storage = self._pool.submit(self._read, "actions/cache/storage-limit", StorageLimit)
        self._retention = self._pool.submit(self._read, "actions/cache/retention-limit", RetentionLimit)
        self._about = self._pool.submit(read_repository, api, repo)
        self._branches = self._pool.submit(self._read_branches)
        self._open = self._pool.submit(self._read_open)

    def usage(self) -> Usage | None:
        """Return GitHub's own figure."""
        return self._known("usage", self._usage)

    def limits(self) -> Limits:
        """Return the limits; GitHub's defaults where it does not tell them, which it does not everywhere."""
        storage, retention = _quiet(self._storage), _quiet(self._retention)
        usual = Limits()
        return Limits(
            storage.max_cache_size_gb * GB if storage is not None else usual.size,
            retention.max_cache_retention_days if retention is not None else usual.retention_days,
            size_known=storage is not None,
            retention_known=retention is not None,
        )

    def repository(self) -> Repository:
        """Return what the repository itself says."""
        return self._known("repository", self._about) or Repository(None, "")

    def branches(self) -> tuple[Branch, ...] | None:
        return self._known("list of branches", self._branches)

    def pulls(self, caches: Sequence[ActionsCache]) -> tuple[Pull, ...] | None:
        """Return all open pull requests, and the closed ones that these entries may belong to."""
        opened = self._known("list of pull requests", self._open)
        if opened is None or not caches:
            return opened
        closed = self._pool.submit(self._read_closed, min(cache.created_at.ns for cache in caches))
        return opened + (self._known("list of closed pull requests", closed) or ())

    def close(self) -> None:
        """Wait for nothing more."""
        self._pool.drop()

    def _known(self, what: str, future: Future[T]) -> T | None:
        try:
            return future.result()
        except SourceError as error:
            self.notices.append(f"The {what} can't be read: {error}")
            return None

    def _read(self, path: str, type_: type[T]) -> T:
        return self._api.decoded(self._api.get(f"/repos/{self._repo}/{path}"), type_)

    def _read_usage(self) -> Usage:
        answer = self._read("actions/cache/usage", UsageAnswer)
        return Usage(answer.active_caches_size_in_bytes, answer.active_caches_count)

    def _read_branches(self) -> tuple[Branch, ...]:
        return tuple(one.branch() for one in self._all("branches", list[BranchAnswer]))

    def _read_open(self) -> tuple[Pull, ...]:
        return tuple(one.pull(self._repo) for one in self._all("pulls", list[PullAnswer], state="open"))

    def _all(self, what: str, type_: type[list[T]], **params: str) -> list[T]:
        """Read a whole list, one of many pages until two readings agree: what it lacks is taken to be gone."""
        before: list[list[T]] = []
        for _ in range(_ROUNDS):
            read = sorted(
                pages(self._api, f"/repos/{self._repo}/{what}", type_, **params), key=lambda page: page.number
            )
            now = [page.content for page in read]
            if len(now) == 1 or now == before:
                return list(chain.from_iterable(now))
            before = now
        raise GitHubError("the list kept changing while it was read")

    def _read_closed(self, oldest: int) -> tuple[Pull, ...]:
        """Read the closed ones, last changed first: one closed after an entry was saved changed after that."""
        found: list[Pull] = []
        for number in range(1, _MAX_CLOSED + 1):
            answer = self._api.get(
                f"/repos/{self._repo}/pulls",
                state="closed", sort="updated", direction="desc", per_page=PER_PAGE, page=number,
            )  # fmt: skip
            page = self._api.decoded(answer, list[PullAnswer])
            found.extend(one.pull(self._repo) for one in page)
            changed = moment(page[-1].updated_at) if page else None
            if answer.next is None or (changed is not None and changed.ns < oldest):
                return tuple(found)
        self.notices.append(
            "Only the closed pull requests that changed last were read: some merged branches may be missing."
        )
        return tuple(found)


def read_repository(api: Api, repo: str) -> Repository:
    """Return what the repository itself says; raises GitHubError."""
    answer = api.get(f"/repos/{repo}")
    said = api.decoded(answer, RepositoryAnswer)
    default = BranchScope(f"refs/heads/{said.default_branch}") if said.default_branch else None
    return Repository(default, _why_read_only(api, said.permissions, answer.headers.get("X-OAuth-Scopes")))


def _quiet(future: Future[T]) -> T | None:
    """Return a limit where it is told: personal and free repositories, and lesser tokens, have none."""
    try:
        return future.result()
    except SourceError:
        return None


def _why_read_only(api: Api, permissions: dict[str, bool] | None, scopes: str | None) -> str:
    """Tell why nothing can be deleted, as far as that shows before trying, or showed when it was tried."""
    if api.refused:
        return api.refused
    if not api.has_token:
        return "there is no token: set GH_TOKEN or run `gh auth login`"
    if scopes is not None and not {"repo", "public_repo"} & {one.strip() for one in scopes.split(",")}:
        return "the token lacks the scope `repo`"
    # A workflow's own token is told nothing but false, whatever it may do.
    if permissions and permissions.get("pull") and not permissions.get("push"):
        return "the token may only read this repository"
    return ""
