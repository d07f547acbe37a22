"""A list of caches that is longer than anybody reads: branches first, and no tab begins in its middle."""

import re

import pytest

from dockcache_tui.cli.main import run
from dockcache_tui.core.caches.keys import BUILDKIT_VERSION, index_key
from dockcache_tui.core.instant import Instant
from dockcache_tui.ui.caches.caches_table import CachesTable
from service.serving import Job
from sources.github_server import TOKEN, Asked, Reply, cache_json, page_of, serving
from ui.bench import NARROW
from ui.caches_bench import caches, look_at, shown

MANY = 600


async def test_branches_of_a_long_list_begin_folded(rest_alone: pytest.MonkeyPatch) -> None:
    """Each can be unfolded, a filter that leaves few unfolds all, and without it they are as they were."""
    rows = [cache_json(number, ref=f"refs/heads/b{number % 3}") for number in range(MANY, 0, -1)]

    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("/actions/caches"):
            return page_of(asked, f"http://{asked.headers['host']}", rows)
        if asked.path.endswith("/branches"):
            return Reply([{"name": f"b{number}"} for number in range(3)])
        return Reply([] if asked.path.endswith("/pulls") else {"default_branch": "b0"})

    with serving(answer) as github:
        look_at(rest_alone, github.address, "octo/app", TOKEN)
        async with caches() as app:
            await app.see("GitHub counts", r"\+ b0 .*200 entries", r"\+ b1 .*200 entries", r"\+ b2 .*200 entries")
            assert shown(app) == []
            await app.press("enter")
            await app.see(r"- b0 .*200 entries", "key-102")
            await app.press("slash")
            await app.type("key-59")
            await app.see(r"- b1 .*3 entries", "key-598", r"- b2 .*5 entries", "key-599", "11 of 600", "caches › b0")
            await app.press("escape", "escape")
            await app.see(r"- b0 .*200 entries", "key-102")
            assert len(shown(app)) == 200


async def test_a_tab_begins_at_its_top(job: Job) -> None:
    """Forecast and lookups show their first row, unless an entry was chosen that is there too."""
    for number in range(60):
        job.save(f"key-{number}")
    async with caches() as app:
        await app.see("key-37", "GitHub counts")
        table = app.app.query_one(CachesTable)
        await app.press("end", "right_square_bracket")
        await app.see("forecast › key-9")
        await app.press("left_square_bracket", "home")
        await app.see("caches › main")
        await app.press("right_square_bracket")
        await app.see("forecast › key-0")
        await app.press("right_square_bracket", "slash")
        await app.type("key-")
        await app.see("restorable › main key-")
        await app.press("enter", "end", "slash")
        await app.type("key-1")
        await app.see("restorable › main key-1$")
        assert table.cursor_row is table.shown_rows[0]


async def test_what_is_special_stands_on_a_narrow_screen(job: Job) -> None:
    """No colour is needed to see which index is superseded, at 80 columns neither."""
    for number in (1, 2):
        job.save(f"{index_key('app', 'refs/heads/main')}#{number}", b"{}", version=BUILDKIT_VERSION)
    async with caches(size=NARROW) as app:
        await app.see(
            r"#1 .* superseded$", r"#2 .* 6d$", "GitHub counts", "main .* 2 entries", r"caches  forecast  restorable"
        )


async def test_a_branch_is_picked_by_its_name_first(job: Job) -> None:
    """A number that is typed is a pull request's before it is how many caches another branch has."""
    for number in range(7):
        job.save(f"key-{number}")
    job.also("refs/pull/7/merge", "main").save("its-own")
    async with caches() as app:
        await app.see("its-own", "GitHub counts")
        await app.press("f")
        await app.see(r"main of \w+ +0 records · 7 Actions caches", r"#7 of \w+ +0 records · 1 Actions cache")
        await app.type("7")
        await app.press("enter")
        await app.see("^ dockcache .* · #7 of ", "caches › #7$")
        await app.see_no("key-1")


async def test_a_full_cache_is_foreseen_as_the_command_line_does(
    rest_alone: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Near its limit a repository that saves a lot evicts for size long before anything is old, and both say when."""
    now = Instant.now().ns
    rows = [
        cache_json(number) | {"created_at": at, "last_accessed_at": at, "size_in_bytes": 10**9}
        for number in range(9, 0, -1)
        for at in [str(Instant(now - (10 - number) * 3600 * 10**9))]
    ]

    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("/actions/caches"):
            return page_of(asked, f"http://{asked.headers['host']}", rows)
        if asked.path.endswith("/branches"):
            return Reply([{"name": "main"}])
        return Reply([] if asked.path.endswith("/pulls") else {"default_branch": "main"})

    with serving(answer) as github:
        look_at(rest_alone, github.address, "octo/app", TOKEN)
        assert run(["caches", "forecast", "--limit", "1"]) == 0
        said = capsys.readouterr().out
        assert re.search(r"18h\d*m? +over the limit +1 ", said), said
        async with caches() as app:
            await app.see("next to go in 18h, over the limit: main · key-1", r"key-1 .* 18h$")
            await app.press("right_square_bracket")
            await app.see(r"key-1 .* 18h +over the limit$", r"1\.3 GB saved a day", "today's gone in")
