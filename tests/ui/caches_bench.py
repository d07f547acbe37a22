"""The app on a house in memory whose repository is read through REST from the GitHub that the environment names."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from dockcache_tui.core.caches.cache import RepositoryUsage
from dockcache_tui.sources.command_log import CommandLog, LoggedCommand
from dockcache_tui.sources.github.protocol import ActionsSource
from dockcache_tui.sources.github.source import open_actions, read_usage
from dockcache_tui.ui.caches.caches_table import CachesTable
from ui.bench import WIDE, Bench, bench
from ui.house import House


@dataclass
class CachesHouse(House):
    """A house in memory with a real repository."""

    log: CommandLog = field(default_factory=CommandLog)

    def actions(self, repo: str = "") -> ActionsSource:
        """Open a repository."""
        return open_actions(repo, log=self.log)

    def repositories(self) -> tuple[RepositoryUsage, ...]:
        """Read the organisation's usage."""
        return read_usage(self.organisation, log=self.log)

    def commands(self) -> tuple[LoggedCommand, ...]:
        """Return the requests that were made."""
        return self.log.entries()


def look_at(patch: pytest.MonkeyPatch, address: str, repo: str, token: str) -> None:
    """Lead the app to a GitHub."""
    patch.setenv("GITHUB_API_URL", address)
    patch.setenv("GITHUB_REPOSITORY", repo)
    patch.setenv("GITHUB_TOKEN", token)


@asynccontextmanager
async def caches(house: House | None = None, size: tuple[int, int] = WIDE) -> AsyncIterator[Bench]:
    """Run the app with the Actions view in sight."""
    async with bench(house or CachesHouse(), size) as app:
        await app.see("no cache yet")
        await app.press("3")
        yield app


def shown(app: Bench) -> list[str]:
    """Return the keys in sight, from the top."""
    return [row.name for row in app.app.query_one(CachesTable).shown_rows if row.entry]
