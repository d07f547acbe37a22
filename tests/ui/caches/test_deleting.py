"""Deleting many caches in the app: all of them are shown before, how far it is meanwhile, and each outcome after."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

import pytest

from dockcache_tui.ui.caches.caches_table import CachesTable
from dockcache_tui.ui.shared.listing import ListingView
from sources.github_server import TOKEN, Asked, Reply, cache_json, page_of, serving
from ui.caches_bench import caches, look_at

LISTED = "/repos/octo/app/actions/caches"


class Shelf:
    """A GitHub of caches that waits before it deletes the second one, and may refuse some."""

    def __init__(self, many: int) -> None:
        """Hold so many."""
        self.rows = {number: cache_json(number) for number in range(many, 0, -1)}
        self.refused: set[int] = set()
        self.go = Event()
        self.address = ""

    def __call__(self, asked: Asked) -> Reply:
        """Answer a request."""
        if asked.method == "DELETE":
            number = int(asked.path.rpartition("/")[2])
            if number == 2:
                self.go.wait(30)
            if number in self.refused:
                return Reply({"message": "Must have admin rights"}, 403)
            del self.rows[number]
            return Reply(status=204)
        if asked.path != LISTED:
            return Reply([] if asked.path.endswith(("/branches", "/pulls")) else {"default_branch": "main"})
        wanted = [row for row in self.rows.values() if str(row["key"]).startswith(asked.query.get("key", ""))]
        return page_of(asked, self.address, wanted)


@contextmanager
def served(many: int, patch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    """Lead the app to a GitHub of so many caches."""
    shelf = Shelf(many)
    with serving(shelf) as github:
        shelf.address = github.address
        look_at(patch, github.address, "octo/app", TOKEN)
        yield shelf
        shelf.go.set()


async def test_how_far_it_is_and_what_became_of_each(rest_alone: pytest.MonkeyPatch) -> None:
    """The header counts while entries go; each that stayed is told by id with its key and GitHub's words, in full."""
    with served(12, rest_alone) as shelf:
        shelf.refused = {3}
        async with caches() as app:
            await app.see("12 entries", "GitHub counts")
            app.app.query_one(CachesTable).mark(lambda row: row.entry is not None and row.entry.id <= 10)
            await app.press("d")
            await app.see("10 entries, ")
            await app.press("tab", "enter")
            await app.see("▸ deleting 1/10")
            shelf.go.set()
            screen = await app.see(
                "What became of the caches of octo/app",
                r"Refused 1",
                r"\bkey-3 .*Must have admin rights +3\b",
                "Not tried 7",
            )
            untried, refused, deleted = re.split(r"Refused 1|Deleted 2\b(?! ent)", screen.partition("Not tried 7")[2])
            assert re.findall(r"key-(\d+)", untried) == list(map(str, range(4, 11)))
            assert re.findall(r"key-(\d+)", refused) == ["3"]
            assert re.findall(r"10  key-(\d+)", deleted) == ["1", "2"]
            await app.press("escape")
            await app.see_no("▸ deleting", "What became")
            await app.see("Must have admin rights", "key-12")
            assert app.app.active_bindings["d"].enabled is False
        assert sorted(shelf.rows) == list(range(3, 13))


async def test_every_entry_of_a_long_plan_is_shown(rest_alone: pytest.MonkeyPatch) -> None:
    """A plan of hundreds of entries can be read to its last id before anybody says yes."""
    with served(1200, rest_alone):
        async with caches() as app:
            await app.see("1,200 entries", "GitHub counts")
            await app.press("home", "d")
            await app.see("1,200 entries, ", r"\b1 +main +key-1\b")
            await app.press("tab", "tab", "end")
            await app.see(r"\b1200 +main +key-1200\b", r" No +Delete \(12.0 kB\) ")


async def test_what_is_marked_and_out_of_sight_is_listed_too(rest_alone: pytest.MonkeyPatch) -> None:
    """Of hundreds of marked entries that a filter hides each stands in the list above the button."""
    with served(600, rest_alone) as shelf:
        async with caches() as app:
            await app.see("600 entries", "GitHub counts")
            app.app.query_one(CachesTable).mark(lambda row: row.entry is not None)
            await app.press("slash")
            await app.type("key-59")
            await app.see("11 of 600")
            await app.press("enter", "d")
            await app.see("600 entries, ", r"Delete \(6.0 kB\)")
            rows = app.app.screen.query_one(ListingView).listing.rows
            assert sorted(row[-1] for row in rows) == sorted(f"key-{number}" for number in range(1, 601))
            await app.press("enter")
            await app.see_no("Delete caches")
        assert len(shelf.rows) == 600
