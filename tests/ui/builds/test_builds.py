"""The list of builds in the app: clocks, and a cursor that stays on the newest."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from dockcache_tui.core.builds.build import Build, BuildStatus
from dockcache_tui.core.builds.progress import Progress, VertexUpdate
from dockcache_tui.core.errors import SourceError
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.record import BuilderInfo
from dockcache_tui.sources.protocols import HistoryEvent, HistoryEventType
from sources.github_server import TOKEN
from sources.journal_samples import BUILT, REUSED
from ui.bench import Bench, bench
from ui.house import House, Line

NOW = Instant.now()


async def test_the_clock_of_a_silent_build_goes_on() -> None:
    """In the list of builds the time that someone else's build takes grows, though nothing is heard of it."""
    house = House()
    house.cache.stream("theirs")
    theirs = Build("theirs", house.cache.name, Instant.now(), BuildStatus.RUNNING, ours=False)
    house.cache.events.say(HistoryEvent(HistoryEventType.STARTED, theirs))
    async with bench(house) as app:
        await app.press("5")
        row = re.search(r"▸ running.*", await app.see("▸ running .*someone else"))
        assert row
        await app.see_no(re.escape(row[0]))
        await app.see("▸ running .*someone else")
        house.cache.stream("theirs").close()


async def test_the_cursor_goes_on_to_the_newest_build() -> None:
    """Builds heard of faster than a long list is worked out leave the cursor on the newest, once it was there."""
    first = Build("old0", "builder", NOW, BuildStatus.SUCCEEDED, completed_at=NOW)
    past = tuple(replace(first, ref=f"old{age}", started_at=Instant(NOW.ns - age)) for age in range(20_000))
    house = House(past=past)
    async with bench(house) as app:
        await app.press("5")
        await app.see("builds › old0$")
        for number in range(1, 9):
            newer = replace(first, ref=f"new{number}", started_at=Instant(NOW.ns + number))
            house.cache.events.say(HistoryEvent(HistoryEventType.COMPLETE, newer))
        await app.see("builds › new8$")


async def test_other_threads_see_a_finished_picture() -> None:
    """What threads read of all builds is made once for each thing heard, never while they read it."""
    first = Build("first", "builder", NOW, BuildStatus.SUCCEEDED, completed_at=NOW)
    house = House(past=(first,))
    async with bench(house) as app:
        await app.press("5")
        await app.see("builds › first$")
        picture, later = app.app.known.builds, replace(first, ref="second", started_at=Instant(NOW.ns + 1))
        assert app.app.known.builds is picture
        house.cache.events.say(HistoryEvent(HistoryEventType.COMPLETE, later))
        await app.see("builds › second$")
        assert ({build.ref for build in picture}, len(app.app.known.builds)) == ({"first"}, 2)


@pytest.mark.parametrize("node", ["", "node0", "a-node-that-is-gone"])
async def test_a_build_that_the_builder_does_not_know(node: str) -> None:
    """A build of the journal opens with the steps kept of it, though its builder is gone or has forgotten it."""
    kept = Build("kept", "gone", NOW, BuildStatus.SUCCEEDED, node=node, completed_at=NOW, steps=(BUILT, REUSED))
    async with bench(House(past=(kept,))) as app:
        await app.press("5")
        await app.see("builds › kept")
        await app.press("enter")
        await app.see(rf"■ built +{re.escape(BUILT.name)}", rf"✓ reused +{re.escape(REUSED.name)}")
        await app.press("escape")
        await app.see("builds › kept")
        await app.press("enter")
        await app.see(rf"■ built +{re.escape(BUILT.name)}")


async def test_no_build_is_told_only_when_all_were_asked() -> None:
    """Before the first reading the list says that it reads, and without an engine why nothing is known."""
    house = House()
    house.unreachable = SourceError("the socket is dead", title="Docker is not running", hint="Start it.")
    async with bench(house) as app:
        await app.press("5")
        await app.see(" builds$", "✗ Docker is not running", "the socket is dead", "Start it.", "r  try again")
        assert "No build yet" not in app.screen()
        house.unreachable = None
        await app.press("r")
        await app.see("No build yet", "b  build the project")


async def test_a_journal_that_can_not_be_read_is_told() -> None:
    """The list of builds says why it is empty; once the journal can be read `r` shows its builds."""

    class Torn(House):
        torn = True

        def builds(self) -> tuple[Build, ...]:
            if self.torn:
                raise SourceError("the disk is full", title="Can't use the journal", hint="Free disk space.")
            return self.past

    house = Torn(past=(Build("kept", "builder", NOW, BuildStatus.SUCCEEDED, completed_at=NOW),))
    async with bench(house) as app:
        await app.press("5")
        await app.see("✗ Can't use the journal", "the disk is full", "Free disk space.", "r  try again")
        house.torn = False
        await app.press("r")
        await app.see("✓ succeeded", "builds › kept")


def step(name: str) -> Progress:
    """Return that a step of this name runs."""
    return Progress((VertexUpdate(name, f"[1/2] RUN {name}", ("in",), Instant.now()),))


async def watch(app: Bench, house: House) -> tuple[Build, Line[Progress]]:
    """Open a build that someone else runs, with one step under way."""
    line = house.cache.stream("theirs")
    theirs = Build("theirs", house.cache.name, Instant.now(), BuildStatus.RUNNING, ours=False)
    house.cache.events.say(HistoryEvent(HistoryEventType.STARTED, theirs))
    await app.press("5")
    await app.see("▸ running .*someone else")
    await app.press("enter")
    line.say(step("one"))
    await app.see("▸ running .*RUN one")
    return theirs, line


async def test_a_build_is_followed_again_when_its_stream_broke() -> None:
    """A connection that breaks under someone else's build is told once, and the build is followed on later."""
    house = House()
    async with bench(house) as app:
        _, line = await watch(app, house)
        for number in range(2):
            line.die(SourceError("the connection broke", title="Lost the builder"))
            await app.see("– canceled .*RUN one")
            line.say(step("one"))
            line.say(step(f"more{number}"))
            await app.see(f"▸ running .*RUN more{number}")
        assert app.screen().count("Lost the builder") == 1
        line.close()


async def test_what_others_save_is_told() -> None:
    """What a step took when it last ran here tells what someone else's build saved by reusing it."""
    house = House(durations={"[] 2 RUN two": 90.0})
    async with bench(house) as app:
        _, line = await watch(app, house)
        await app.see_no("saved")
        now = Instant.now()
        line.say(Progress(vertexes=(VertexUpdate("two", "[2/2] RUN two", ("in",), now, now, cached=True),)))
        await app.see("50 % reused · 1 of 2 steps · 100 % by time · saved 1m30s$")
        line.close()


async def test_a_build_that_went_with_its_engine_is_lost() -> None:
    """Its steps end as canceled, no clock goes on, and the list tells that nobody knows how it ended."""
    house = House()
    async with bench(house) as app:
        theirs, line = await watch(app, house)
        line.die(SourceError("the connection broke", title="Lost the builder"))
        lost = HistoryEvent(HistoryEventType.COMPLETE, replace(theirs, status=BuildStatus.LOST))
        house.cache.events.say(lost)
        await app.see("^ . lost · – · 1 canceled", "– canceled .*RUN one")
        await app.press("escape")
        await app.see(r"[?] lost .* 0/1 +– ")


async def test_a_defect_while_a_build_is_followed_is_told() -> None:
    """What no one thought of ends the following with a notice, not with a traceback over the screen."""
    house = House()
    async with bench(house) as app:
        _, line = await watch(app, house)
        line.say(Progress(vertexes=(None,)))  # type: ignore[arg-type] # what no builder can send
        await app.see("A defect of dockcache-tui", "Please report it")


async def test_a_defect_while_listening_is_told() -> None:
    """What goes wrong with a build that was heard of is told too, and the records are read on."""

    class Torn(House):
        def placed(self, build: Build) -> Build:
            raise ZeroDivisionError(build.ref)

    house = Torn()
    house.cache.events.say(HistoryEvent(HistoryEventType.STARTED, Build("odd", "b", NOW, BuildStatus.RUNNING)))
    async with bench(house) as app:
        await app.see("A defect of dockcache-tui", "ZeroDivisionError: odd", "no cache yet")


async def test_a_defect_is_kept_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What a source raises that nobody thought of is told with a file that has its traceback, without tokens."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("GH_TOKEN", TOKEN)

    class Broken(House):
        def builders(self) -> tuple[BuilderInfo, ...]:
            raise KeyError("nope", TOKEN)

    async with bench(Broken()) as app:
        await app.see("no cache yet")
        await app.press("n")
        await app.see("A defect of dockcache-tui", "KeyError: .'nope', '[*]{3}'")
        await app.see("error-[0-9]")
    (log,) = tmp_path.rglob("error-*.log")  # noqa: ASYNC240 - the app is left
    assert "in builders" in log.read_text()
    assert TOKEN not in log.read_text()
