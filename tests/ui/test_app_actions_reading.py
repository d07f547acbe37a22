"""Readings of the caches one after another: none that was asked for is lost, and one serves all who waited for it."""

import asyncio
from collections.abc import Iterator
from threading import Event

import pytest

from dockcache_tui.ui.widgets.tab_bar import TabBar
from sources.github_server import TOKEN, Asked, FakeGitHub, Reply, cache_json, page_of, serving
from ui.bench import Bench, bench
from ui.caches_bench import CachesHouse, caches, look_at

PATIENCE = 30.0


class Slow:
    """A GitHub whose answers to lists of caches wait until they are let go; they tell of the moment of asking."""

    def __init__(self) -> None:
        """Begin with one cache, answering at once."""
        self.rows = [cache_json(1)]
        self.asked = 0
        self.go = Event()
        self.go.set()

    def __call__(self, asked: Asked) -> Reply:
        """Answer a request."""
        if not asked.path.endswith("/actions/caches"):
            return Reply([] if asked.path.endswith(("/branches", "/pulls")) else {"default_branch": "main"})
        answer = page_of(asked, "", list(self.rows))
        self.asked += 1
        self.go.wait(30)
        return answer


@pytest.fixture
def slow() -> Iterator[Slow]:
    """A GitHub that lets go at the end."""
    slow = Slow()
    yield slow
    slow.go.set()


async def reads(app: Bench, slow: Slow, many: int) -> None:
    """Wait until so many readings have begun."""
    async with asyncio.timeout(PATIENCE):
        while slow.asked < many:
            await app.pilot.pause(0.02)


async def test_a_click_on_the_tab_reads_too(slow: Slow, rest_alone: pytest.MonkeyPatch) -> None:
    """The mouse does what the key does: the caches are read and shown."""
    with serving(slow) as github:
        repo(github, rest_alone)
        async with bench(CachesHouse()) as app:
            await app.see("no cache yet")
            await app.pilot.click(TabBar, offset=(app.screen().splitlines()[1].index("Actions"), 0))
            await app.see("key-1 ", "GitHub counts")


def repo(github: FakeGitHub, patch: pytest.MonkeyPatch) -> None:
    """Lead the app there."""
    look_at(patch, github.address, "octo/app", TOKEN)


async def test_refreshing_during_a_reading_reads_again_after_it(slow: Slow, rest_alone: pytest.MonkeyPatch) -> None:
    """What came after a reading began is there after `r`, pressed while it was under way; three presses are one."""
    with serving(slow) as github:
        repo(github, rest_alone)
        async with caches() as app:
            await app.see("key-1 ", "GitHub counts")
            slow.go.clear()
            await app.press("r")
            await reads(app, slow, 2)
            slow.rows.insert(0, cache_json(2))
            await app.press("r", "r", "r")
            slow.go.set()
            await app.see("key-1 ", "key-2 ", "2 entries")
            await app.press("r")
            await reads(app, slow, 4)
            await app.pilot.pause()
        assert slow.asked == 4
