"""The records in the app: failing and coming back, marks, plans and prunes."""

from textual.widgets import Log

from core.record_making import SHARED, key, record
from dockcache_tui.core.errors import SourceError
from dockcache_tui.core.records.builder_info import BuilderInfo
from dockcache_tui.core.records.record import NodeStatus
from ui.bench import bench
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


async def test_the_default_answer_deletes_nothing() -> None:
    """Enter on a plan's first button, and esc, prune nothing."""
    house = family()
    async with bench(house) as app:
        await app.see("left")
        for answer in ("enter", "escape"):
            await app.press("d")
            await app.see("Delete from the builder")
            await app.press(answer)
            await app.see_no("Delete from the builder")
    assert house.cache.pruned == []


async def test_marked_records_go_leaf_first() -> None:
    """The plan names ids and bytes; after Delete exactly these are gone, leaves before their parent."""
    house = family()
    async with bench(house) as app:
        await app.see("left")
        await app.press("home", "space", "space", "space")
        await app.press("d")
        await app.see("3 records will go, leaf first, freeing 3.0 kB", "1,000  base", "1,000  left", "1,000  right")
        await app.press("tab", "enter")
        await app.see(r"Freed 3.0 kB \(3,000 bytes\), as planned")
        await app.see_no("left")
    assert {*house.cache.pruned[:2]} == {key("left"), key("right")}
    assert house.cache.pruned[2:] == [key("base")]


async def test_what_frees_nothing_is_told() -> None:
    """A shared record and a parent of what stays can't be freed: the plan says so and has no Delete."""
    house = family()
    async with bench(house) as app:
        await app.see("image")
        await app.press("end", "d")
        await app.see("Nothing of this can be freed", "stays  image +shared")
        assert "Delete (" not in app.screen()
        await app.press("escape", "home", "d")
        await app.see("stays  base", "left", "With all below")
        await app.press("tab", "enter")
        await app.see("Freed 3.0 kB")
    assert len(house.cache.pruned) == 3


async def test_what_goes_with_all_below_is_named_before_it_is_chosen() -> None:
    """What the second button adds stands above it with its bytes, also where a filter hides it."""
    async with bench(family()) as app:
        await app.see("left")
        await app.press("slash")
        await app.type("id:base")
        await app.press("enter")
        await app.see("1 of 4")
        await app.press("home", "d")
        await app.see("With all below 3 records more:", "1,000  left", "1,000  right", "1,000  base")


async def test_every_record_of_a_long_plan_is_listed() -> None:
    """A plan of hundreds of records can be read to its last id before anybody says yes."""
    house = House(Cache(records=[record(f"r{number:03}", size=1000) for number in range(600)]))
    async with bench(house) as app:
        await app.see("r000")
        await app.press("home", "v", "end", "d")
        await app.see("600 records will go", r"1,000  r\d\d\d")
        listed = app.app.screen.query_one(Log).lines
        assert sorted(line.split()[1] for line in listed if line) == [f"r{number:03}" for number in range(600)]


async def test_a_prune_that_freed_less_says_why() -> None:
    """What was planned and not freed is named with its cause."""
    house = family()
    async with bench(house) as app:
        await app.see("left")
        await app.press("end", "up", "d")
        await app.see("1 record will go")
        house.cache.records.append(record("late", "right"))
        await app.press("tab", "enter")
        assert "right: planned 1,000, freed 0: " in await app.see("Freed 0 ")
    assert house.cache.pruned == []


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
        await app.see(r"col(umn)? 11")
        await app.press("escape", "escape")
        await app.see("left", "right")


async def test_a_filter_can_be_there_from_the_start() -> None:
    """`--filter` narrows before the first reading."""
    async with bench(family(), filter_text="left") as app:
        await app.see("1 of 4", "/ ?left")
