"""What the headless commands read of a repository's Actions caches."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dockcache_tui.cli.output import narrate
from dockcache_tui.cli.waiting import each, wait_for
from dockcache_tui.core import wording
from dockcache_tui.core.archives.artifact import Artifact
from dockcache_tui.core.caches.cache import ActionsSnapshot
from dockcache_tui.core.caches.fields import CACHE_FIELDS
from dockcache_tui.core.caches.keys import CacheKind
from dockcache_tui.core.caches.reading import CacheEntry, CachesReading
from dockcache_tui.core.errors import SourceError
from dockcache_tui.core.filter import parse
from dockcache_tui.core.scope import ScopeFilter

if TYPE_CHECKING:
    from dockcache_tui.sources.github.gate import AskedWait
    from dockcache_tui.sources.github.protocol import ActionsSource


@contextmanager
def opened(repo: str) -> Iterator["ActionsSource"]:
    """Open a repository for a while; raises UsageError."""
    from dockcache_tui.sources.github.source import open_actions

    source = wait_for("the repository's name and token", lambda: open_actions(repo, on_wait=tell_wait))
    try:
        yield source
    finally:
        source.close()


def tell_wait(wait: "AskedWait") -> None:
    """Tell that GitHub asked to wait, and how long."""
    narrate(f"GitHub asks to wait {wording.span(wait.seconds)}: {wait.reason}")


def read_artifacts(source: "ActionsSource") -> tuple[Artifact, ...]:
    """Read the list of artifacts; raises SourceError."""
    return wait_for(source.host, source.artifacts)


def read_whole(source: "ActionsSource") -> ActionsSnapshot:
    """Read everything, and tell what could not be read; raises SourceError."""
    for last in each(source.host, source.read()):
        whole = last
    for notice in whole.notices:
        narrate(notice)
    return whole


def read(source: "ActionsSource", *, indexes: bool = False) -> CachesReading:
    """Read and understand; with `indexes` also BuildKit's, where a job's token is at hand; raises SourceError."""
    snapshot = read_whole(source)
    reading = CachesReading.of(snapshot)
    if not indexes:
        return reading
    live = [one.cache for one in reading.entries if one.decoded.kind is CacheKind.INDEX and not one.superseded]
    found = wait_for("the job's cache service", lambda: source.indexes(live))
    if live and not found:
        raise SourceError(
            "no index can be read here",
            hint="Indexes are read with a job's token: ACTIONS_RESULTS_URL and ACTIONS_RUNTIME_TOKEN.",
        )
    narrate(f"{len(found)} of {wording.count(len(live), 'index', 'indexes')} read.")
    return CachesReading.of(snapshot, found)


def chosen(reading: CachesReading, scope: ScopeFilter, expression: str) -> Sequence[CacheEntry]:
    """Return the entries of a scope that pass a filter; raises FilterError."""
    passes = parse(expression, CACHE_FIELDS).compile(reading.snapshot.fetched_at)
    return [one for one in reading.entries if scope.admits((one.branch,)) and passes(one)]


def usage_line(snapshot: ActionsSnapshot) -> str:
    """Return the repository's usage beside its limit, by the list and by GitHub's own figure."""
    listed, limits = snapshot.listed, snapshot.limits
    usual = "" if limits.size_known else " (GitHub's default)"
    said = f"; GitHub's own figure is {wording.size(snapshot.usage.size)}" if snapshot.usage else ""
    used = f"{wording.exact_size(listed.size)} of {wording.size(limits.size)}{usual}"
    return f"{snapshot.repo} keeps {wording.count(listed.count, 'cache')}, {used}{said}."
