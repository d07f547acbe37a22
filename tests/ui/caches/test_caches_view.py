"""The Actions view on the real service: read, foreseen, deleted, and shown literally."""

import re
from pathlib import Path

import pytest

from dockcache_tui.core.literal import literal
from dockcache_tui.ui.caches.caches_table import CachesTable
from service.serving import Job, Served
from ui.bench import NARROW
from ui.caches_bench import caches, look_at, shown

HOSTILE = ("\x1b[2J\x1b]0;x\x07\x1b[31mred", "[@click=app.quit]go[/] [b]", "[/] [/bold] [red", "\u202etxt\u2066\u200f!")


async def test_a_bulk_delete_removes_what_it_previewed(job: Job) -> None:
    """Marks of two branches come up with ids and bytes; No leaves all, Delete removes these and nothing else."""
    gone = [job.save("go-1", b"x" * 3000), job.also("dev", "main").save("node-1", b"x" * 1500)]
    job.save("go-2"), job.also("dev", "main").save("node-2")
    async with caches() as app:
        await app.see("go-1", "go-2", "node-1", "node-2")
        for key in ("node-1", "go-1"):
            await app.press("home")
            while (row := app.app.query_one(CachesTable).cursor_row) and row.name != key:
                await app.press("down")
            await app.press("space")
        await app.press("d")
        ids = [rf"[\d,]+ +{number} .*" for number in gone]
        screen = await app.see("2 entries, .*4,500 bytes", *ids)
        assert {int(number) for number in re.findall(r"[\d,]+ +(\d+) +(?:main|dev) ", screen)} == set(gone)
        await app.press("enter")
        await app.see_no("2 entries, ")
        assert sorted(job.keys()) == ["go-1", "go-2", "node-1", "node-2"]
        await app.press("d")
        await app.see("2 entries, ")
        await app.press("tab", "enter")
        await app.see("Deleted 2 entries, .*4,500 bytes", "as planned")
        await app.see_no("go-1", "node-1")
    assert sorted(job.keys()) == ["go-2", "node-2"]


async def test_the_forecasts_head_goes_first(rest_alone: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With less room the service evicts what the forecast shows on top, up to where the rest fits."""
    before = Served(tmp_path)
    try:
        job = before.job("main")
        for number in range(4):
            job.save(f"key-{number}", b"x" * 10)
        assert job.url_of("key-0")
        look_at(rest_alone, before.address, job.repo, job.rest_token)
        async with caches() as app:
            await app.see("key-0")
            await app.press("right_square_bracket")
            await app.see("forecast", "next to go .*key-1", "today's gone in")
            foreseen = shown(app)
    finally:
        before.stop()
    assert foreseen == ["key-1", "key-2", "key-3", "key-0"]
    after = Served(tmp_path, "--limit", "25")
    try:
        look_at(rest_alone, after.address, job.repo, job.rest_token)
        async with caches() as app:
            await app.see("key-0")
            assert sorted(shown(app)) == sorted(foreseen[2:])
    finally:
        after.stop()


async def test_keys_are_shown_literally(job: Job) -> None:
    """Whoever names a cache writes on no terminal: in the lists, the box that asks, and the notice after it."""
    numbers = [job.save(key) for key in HOSTILE]
    told = [re.escape(literal(key)) for key in HOSTILE]

    async def literally(*patterns: str) -> None:
        screen = await app.see(*told, *patterns)
        assert {character for character in screen if literal(character) != character} == {"\n"}

    async with caches() as app:
        await literally("caches › main")
        await app.press("d")
        await literally("4 entries, ")
        for number in numbers:
            assert job.rest(f"actions/caches/{number}", "DELETE").status_code == 204
        await app.press("tab", "enter")
        await literally("Deleted 0 entries", "4 gone before", "gone before: ")
        await app.see("No Actions cache")
        assert app.app.is_running


async def test_a_long_plan_leaves_room_for_the_answer(job: Job) -> None:
    """At 80x24 both buttons are in sight under a plan that is longer than the screen, and each key is there in full."""
    keys = [f"index-some-service-of-ours-linux-arm64-1-{number:08x}#{number}" for number in range(30)]
    for key in keys:
        job.save(key)
    async with caches(size=NARROW) as app:
        await app.see("GitHub counts", "30 entries")
        await app.press("home", "d")
        await app.see("30 entries, ", keys[0], r" No +Delete \(210 B\) ")
