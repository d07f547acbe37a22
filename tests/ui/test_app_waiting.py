"""Waits in the app: the header says what for, Esc ends them, and q waits for nobody."""

from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from dockcache_tui.core.builds.build import BuildSpec
from dockcache_tui.core.records.record import BuilderSnapshot
from dockcache_tui.sources.github.protocol import ActionsSource
from dockcache_tui.sources.github.source import open_actions
from dockcache_tui.ui.builder import workers
from sources.github_server import TOKEN, Asked, Reply, cache_json, page_of, serving
from ui.bench import bench
from ui.house import Cache, House


class SlowHouse(House):
    """A house that does not say what to build before it is told to."""

    asked, answers = 0, Event()

    def spec(self, say: Callable[[str], None] = lambda _: None) -> BuildSpec:
        """Return what to build, late."""
        self.asked += 1
        self.answers.wait(600)
        return super().spec(say)


async def test_a_wait_shows_and_esc_ends_it() -> None:
    """What lasts is in the header with its seconds; after Esc it is not, and what comes of it late does nothing."""
    house = SlowHouse()
    async with bench(house) as app:
        await app.see("no cache yet")
        await app.press("b")
        await app.see(r"◌ finding what to build \ds")
        await app.press("escape")
        await app.see_no("finding what to build")
        house.answers.set()
        await app.press("r")
        await app.see("no cache yet")
        assert house.launched == []
        await app.press("b")
        await app.see("▸ building 0/0")
        assert (house.asked, len(house.launched)) == (2, 1)


class SlowCache(Cache):
    """A builder that tells of its records when it is told to."""

    def __init__(self) -> None:
        """Answer at once."""
        super().__init__()
        self.hangs, self.answers, self.asked = False, Event(), Event()

    def snapshot(self) -> BuilderSnapshot:
        """Return the records, late when it hangs."""
        if self.hangs:
            self.asked.set()
            self.answers.wait(600)
        return super().snapshot()


@pytest.mark.parametrize("before", [False, True])
async def test_esc_ends_a_reading_of_records(before: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001
    """One that hangs is told, the first like any other; after Esc nobody asks, what comes late is dropped, r asks."""
    monkeypatch.setattr(workers, "HANGS", 1.0)
    house = House(cache := SlowCache())
    cache.hangs = not before
    async with bench(house) as app:
        if before:
            await app.see("● ")
            cache.hangs = True
            await app.press("r")
        await app.see(r"◌ reading records \ds")
        await app.press("escape")
        await app.see("‖ not read, " if before else "you ended the wait")
        await app.see_no("reading records")
        cache.asked.clear()
        cache.answers.set()
        assert not cache.asked.wait(1.5 * workers.BEAT)
        assert "‖ not read" in app.screen()
        await app.press("r")
        await app.see("● ")


class HubHouse(House):
    """A house with a repository."""

    def actions(self, repo: str = "") -> ActionsSource:  # noqa: ARG002 - one repository
        """Open it."""
        return open_actions("octo/app")


async def test_esc_ends_a_reading_of_caches_and_archives(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A GitHub that hangs is told in the header; Esc ends it, and r reads though the first request still hangs."""
    hangs = Event()
    hangs.set()

    def answer(asked: Asked) -> Reply:
        delay = 600.0 if hangs.is_set() else 0.0
        if asked.path.endswith("/caches"):
            return Reply(page_of(asked, "", [cache_json(1, key="key-of-it")]).body, delay=delay)
        if asked.path.endswith("/artifacts"):
            return Reply({"total_count": 0, "artifacts": []}, delay=delay)
        return Reply({} if asked.path.endswith("/app") else [], delay=delay)

    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    monkeypatch.chdir(tmp_path)
    with serving(answer) as github:
        monkeypatch.setenv("GITHUB_API_URL", github.address)
        async with bench(HubHouse()) as app:
            await app.press("3")
            await app.see(r"◌ reading caches \ds")
            await app.press("escape")
            await app.see("you ended the wait", "Press r")
            await app.see_no("reading caches")
            await app.press("4")
            await app.see(r"◌ reading archives \ds")
            await app.press("escape")
            await app.see("Not everything was read: you ended the wait")
            hangs.clear()
            await app.press("3", "r")
            await app.see("key-of-it")
