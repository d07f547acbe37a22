"""The records in the app: failing and coming back, marks and filters."""

import pytest
from rich.console import Console

from core.record_making import SHARED, record
from dockcache_tui.core.errors import SourceError
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.policy import Rule
from dockcache_tui.core.records.reading import Reading
from dockcache_tui.core.records.record import BuilderInfo, BuilderSnapshot, NodeStatus
from dockcache_tui.ui.builder import workers
from dockcache_tui.ui.builder.record_detail import describe
from ui.bench import NARROW, WIDE, bench
from ui.house import Cache, House

GONE = SourceError("the socket is dead", title="Docker is not running", hint="Start it.")


def family() -> House:
    """Return a house with a base, two layers on it, and a record that an image shares."""
    layers = [record(name, *parents, size=1000) for name, *parents in (("base",), ("left", "base"), ("right", "base"))]
    return House(Cache(records=[*layers, record("image", size=5000, flags=SHARED)]))


async def test_no_engine_is_told_and_recovered_from() -> None:
    """Without an engine the app starts, says why and what to do; `r` finds the one that appeared."""
    house = family()
    house.unreachable = GONE
    async with bench(house) as app:
        await app.see("✗ Docker is not running", "the socket is dead", "Start it.", "r  try again", "✗ no engine")
        await app.press("1")
        await app.see("Docker is not running: the socket is dead")
        house.unreachable = None
        await app.press("2", "r")
        await app.see("base", "left", "right", "● ")
        await app.see_no("no engine")


async def test_a_pause_outlasts_a_switch_of_builders(monkeypatch: pytest.MonkeyPatch) -> None:
    """While it is paused another builder is read once, as the header says, and not every few seconds."""
    monkeypatch.setattr(workers, "BEAT", 0.02)
    house = family()
    house.known = (BuilderInfo("other", "memory"),)
    async with bench(house) as app:
        await app.see("base", "● ")
        await app.press("p")
        await app.see("‖ paused")
        await app.press("n")
        await app.see("type to narrow", "other")
        before = house.cache.readings
        await app.press("enter")
        await app.see("base", "‖ paused")
        while house.cache.readings == before:
            await app.pilot.pause(0.02)
        after = house.cache.readings
        await app.pilot.pause(1)
        assert house.cache.readings == after
        await app.press("p")
        while house.cache.readings == after:
            await app.pilot.pause(0.02)


async def test_an_engine_that_appears_is_found_by_itself() -> None:
    """Without a key being pressed the app tries again, and shows the records once it can."""
    house = family()
    house.unreachable = GONE
    async with bench(house) as app:
        await app.see("✗ no engine", "Start it.")
        house.unreachable = None
        await app.see("base", "left", "right", "● ")


async def test_another_builder_shows_nothing_of_the_one_before() -> None:
    """Picked with `n`, a builder that can't be reached says so; the records of the one before are out of sight."""
    house = family()
    house.known = (BuilderInfo("builder", "memory"), BuilderInfo("other", "memory"))
    async with bench(house) as app:
        await app.see("left")
        house.unreachable = GONE
        await app.press("n")
        await app.see("─ Builder ─")
        await app.type("other")
        await app.press("enter")
        await app.see("✗ Docker is not running", "r  try again")
        await app.see_no("left", "base")
        await app.press("1")
        await app.see("Docker is not running: the socket is dead")
        await app.see_no("by type")


async def test_what_was_read_stays_when_the_engine_goes() -> None:
    """A lost engine leaves the last records in sight, says how old they are, and goes on when it is back."""
    house = family()
    async with bench(house) as app:
        await app.see("● ", "left")
        house.cache.failure = GONE
        await app.press("r")
        await app.see("✗ no engine, .* old", "left")
        house.cache.failure = None
        house.cache.records.append(record("new"))
        await app.press("r")
        await app.see("● ", " new ")


async def test_a_node_that_is_down_is_told() -> None:
    """One of two nodes down shows in the header; the other's records are there."""
    house = family()
    house.cache.nodes = [NodeStatus("node0"), NodeStatus("node1", error="dead")]
    async with bench(house) as app:
        await app.see("✗ 1 of 2 nodes down", "left")


async def test_an_empty_builder_says_what_to_do() -> None:
    """A builder without records offers to build."""
    async with bench(House()) as app:
        await app.see("This builder holds no cache yet", "b  build the project")


async def test_marks_and_cursor_stay_with_their_records() -> None:
    """Another reading in another order, a filter and the flat view move neither marks nor cursor."""
    house = family()
    async with bench(house) as app:
        await app.see("left")
        await app.press("end", "space")
        await app.see("●.*image")
        house.cache.records.reverse()
        await app.press("r", "right_square_bracket", "slash")
        await app.type("left")
        await app.see("1 of 4")
        await app.press("escape", "escape")
        await app.see("●.*image", "left")


async def test_esc_never_quits() -> None:
    """However often it is pressed, in every view, the app stays."""
    async with bench(family()) as app:
        await app.see("left")
        for view in "251":
            await app.press(view, *["escape"] * 5)
        assert app.app.is_running


async def test_a_wrong_filter_points_at_its_column() -> None:
    """The error names the column, and goes with the filter."""
    async with bench(family()) as app:
        await app.see("left")
        await app.press("slash")
        await app.type("left")
        await app.see("1 of 4")
        await app.type(" size>x")
        await app.see(r"not 'x' \(column 11\)$")
        await app.press("escape", "escape")
        await app.see("left", "right")
        await app.see_no("column 11")


async def test_a_filter_can_be_there_from_the_start() -> None:
    """`--filter` narrows before the first reading."""
    async with bench(family(), filter_text="left") as app:
        await app.see("1 of 4", "^ /left ")


def test_what_stands_in_the_way_of_pruning_is_counted() -> None:
    """A record below others that images share says why pruning it frees nothing, and how many more do that."""
    records = record("below"), *(record(name, "below", flags=SHARED) for name in ("one", "two"))
    reading = Reading.of(BuilderSnapshot("b", "docker", (), records, Instant(0)), ())
    console = Console(width=120)
    with console.capture() as shown:
        console.print(describe(reading, reading.by_key[records[0].key], Instant(0)))
    assert "frees nothing: one is shared with an image, and 1 more stands in the way" in shown.get()


@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_a_record_says_when_it_goes_and_the_overview_what_goes_next(size: tuple[int, int]) -> None:
    """By the policy of its node: by growth or at the next collection, or why never; without one nothing is said."""
    house = family()
    async with bench(house, size) as app:
        await app.see("left", "pruning it")
        await app.see_no("goes")
        house.cache.nodes = [NodeStatus("node0", policy=(Rule(max_used=9_000),))]
        house.cache.records.append(record("more"))
        await app.press("r", "end", "home")
        await app.see(r"goes +once the cache", r"8\.0 kB · rule 1")
        await app.press("1")
        await app.see(r"goes next +left once the cache has grown by 6\.0 kB")
        house.cache.nodes = [NodeStatus("node0", policy=(Rule(max_used=1_500),))]
        house.cache.records.append(record("last"))
        await app.press("r")
        await app.see(r"goes next +4 records, 2\.0 kB, go at the next collection")
        await app.press("2", "end", "up", "up")
        await app.see("goes +never: an image holds it")
