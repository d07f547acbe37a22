"""How much each repository of an organisation keeps."""

import re
from collections.abc import Callable

from dockcache_tui.core.caches.cache import RepositoryUsage
from dockcache_tui.core.errors import UsageError
from dockcache_tui.sources.command_log import CommandLog
from dockcache_tui.sources.github.answers import UsagesAnswer
from dockcache_tui.sources.github.gate import AskedWait
from dockcache_tui.sources.github.paging import pages
from dockcache_tui.sources.github.source import connect_api

_NAME = re.compile(r"[\w.-]{1,100}", re.ASCII)


def read_usage(
    organisation: str, *, log: CommandLog | None = None, on_wait: Callable[[AskedWait], None] | None = None
) -> tuple[RepositoryUsage, ...]:
    """Return the usage of each repository, biggest first; raises UsageError for what is no name, else GitHubError."""
    if not _NAME.fullmatch(organisation) or organisation in {".", ".."}:
        raise UsageError(f"{organisation!r} is no organisation")
    api = connect_api(log=log, on_wait=on_wait)
    try:
        found = pages(api, f"/orgs/{organisation}/actions/cache/usage-by-repository", UsagesAnswer)
        usages = {one.full_name: one.usage() for page in found for one in page.content.repository_cache_usages}
    finally:
        api.close()
    return tuple(sorted(usages.values(), key=lambda one: (-one.size, one.repo)))
