"""Readings of the caches one after another: none that was asked for is lost, and one serves all who waited for it."""

import asyncio
from collections.abc import Iterator
from threading import Event

import pytest

from dockcache_tui.ui.caches.caches_table import CachesTable
from dockcache_tui.ui.shared.frame import TabBar
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


class Paged:
    """A GitHub of 250 caches whose pages after the first wait until they are let go."""

    def __init__(self) -> None:
        """Begin with letting them go; key-1 is on the last page, and the branch of the first page is a small one."""
        refs = {number: f"refs/heads/{'new' if number > 150 else 'old'}" for number in range(250, 0, -1)}
        self.rows = [cache_json(number, ref=ref) for number, ref in refs.items()]
        self.address = ""
        self.more = Event()
        self.more.set()
        self.broken = False
        self.later = 0
        self.deleted: list[str] = []

    def __call__(self, asked: Asked) -> Reply:
        """Answer a request."""
        if asked.method == "DELETE":
            self.deleted.append(asked.path)
            return Reply(status=204)
        if not asked.path.endswith("/actions/caches"):
            return Reply([] if asked.path.endswith(("/branches", "/pulls")) else {"default_branch": "main"})
        key = asked.query.get("key")
        if key is None and self.deleted and self.broken:
            return Reply({"message": "no answer today"}, 500)
        if asked.query.get("page", "1") != "1":
            self.later += 1
            self.more.wait(30)
        wanted = [row for row in self.rows if str(row["key"]).startswith(key or "")]
        return page_of(asked, self.address, wanted)


@pytest.fixture
def paged(rest_alone: pytest.MonkeyPatch) -> Iterator[Paged]:
    """A GitHub of several pages that the app looks at."""
    paged = Paged()
    with serving(paged) as github:
        paged.address = github.address
        repo(github, rest_alone)
        yield paged
        paged.more.set()


async def test_the_list_stays_whole_while_it_is_read_again(paged: Paged) -> None:
    """Pages that arrive anew take nothing away: rows that are not read again yet stay, with cursor and marks."""
    async with caches() as app:
        await app.see("250 entries", "GitHub counts")
        await app.press("home", "down", "space")
        table = app.app.query_one(CachesTable)
        marks, rows, asked = table.marks.keys, table.total, paged.later
        paged.more.clear()
        await app.press("r")
        async with asyncio.timeout(PATIENCE):
            while paged.later < asked + 2:
                await app.pilot.pause(0.02)
        await app.pilot.pause()
        assert (table.marks.keys, table.total) == (marks, rows)
        paged.rows.pop(0)
        paged.more.set()
        await app.see("249 entries")
        assert (table.marks.keys, len(marks)) == (marks, 1)


async def test_the_list_is_read_from_its_top(paged: Paged) -> None:
    """Who has not moved sees the biggest branch first, also where that is known with the last page only."""
    paged.more.clear()
    async with caches() as app:
        await app.see("new", "100 of 250 read")
        paged.more.set()
        await app.see("GitHub counts", "caches › old$")


async def test_what_was_deleted_is_told_though_the_list_can_not_be_read_again(paged: Paged) -> None:
    """A delete's outcome is shown, and beside it why nothing is known of the list."""
    paged.broken = True
    async with caches() as app:
        await app.see("250 entries", "GitHub counts")
        await app.press("end", "d")
        await app.see("1 entry, ")
        await app.press("tab", "enter")
        await app.see("Deleted 1 entry", "no answer today")
        assert len(paged.deleted) == 1


async def test_a_reading_that_arrives_while_the_app_ends(paged: Paged) -> None:
    """What is heard when the screens are closed already asks for keys in vain, and that is all."""
    async with caches() as app:
        await app.see("250 entries", "GitHub counts")
    assert app.app.known.caches
    assert not app.app.screen_stack
    app.app.refresh_bindings()
    assert not paged.deleted
