"""Our own build in the app: started, left, canceled, quit."""

import pytest

from dockcache_tui.core.builds.build import BuildStatus
from dockcache_tui.core.builds.progress import LogChunk, Progress, VertexUpdate
from dockcache_tui.core.instant import Instant
from dockcache_tui.ui.builds.build_view import LogPane
from ui.bench import NARROW, Bench, bench
from ui.house import House, Launched


def running(name: str) -> Progress:
    """Return that a step of this name runs and said hello."""
    digest = f"sha256:{name}"
    update = VertexUpdate(digest, f"[1/2] RUN {name}", ("input",), Instant.now())
    return Progress((update,), logs=(LogChunk(digest, 1, b"hello\n"),))


async def begin(app: Bench, house: House) -> Launched:
    """Press `b` and return the build it started, with one step that runs."""
    await app.see("no cache yet")
    await app.press("b")
    await app.see("no step yet")
    build = house.launched[-1][1]
    build.line.say(running("one"))
    await app.see(r"▸ running .*RUN one", "hello", "▸ building 0/1")
    return build


async def test_b_builds_on_the_builder_in_sight() -> None:
    """`b` builds what the workspace finds on the builder shown, and shows how it ends."""
    house = House()
    async with bench(house) as app:
        build = await begin(app, house)
        assert house.launched[0][0].builder == house.cache.name
        build.end(BuildStatus.SUCCEEDED)
        await app.see("✓ succeeded", "■ built .*RUN one", "0 % reused")
        await app.see_no("▸ building")


async def test_esc_leaves_a_build_running() -> None:
    """Esc goes back to the list, the header still tells of the build, and its end is told wherever one is."""
    house = House()
    async with bench(house) as app:
        build = await begin(app, house)
        await app.press("escape")
        await app.see("builds › ", "▸ building 0/1")
        await app.press("2")
        build.line.say(running("two"))
        await app.see("▸ building 0/2")
        assert not build.canceled
        build.end(BuildStatus.SUCCEEDED)
        await app.see("The build succeeded")
        await app.see_no("▸ building")


async def test_a_second_b_shows_the_build_that_runs() -> None:
    """While ours runs, `b` starts no other and goes back to it."""
    house = House()
    async with bench(house) as app:
        build = await begin(app, house)
        await app.press("escape", "b")
        await app.see("RUN one", "still runs")
        assert len(house.launched) == 1
        build.end(BuildStatus.SUCCEEDED)


async def test_ctrl_c_twice_cancels_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once only warns; twice cancels; the app stays and a third time cancels nothing."""
    monkeypatch.setattr("dockcache_tui.ui.builds.area.TWICE_WITHIN", 600)
    house = House()
    async with bench(house) as app:
        build = await begin(app, house)
        await app.press("ctrl+c")
        await app.see("again to cancel")
        assert not build.canceled
        await app.press("ctrl+c")
        await app.see("– canceled")
        assert build.canceled
        await app.press("ctrl+c")
        await app.see("q quits")
        assert app.app.is_running


async def test_quitting_asks_while_a_build_runs() -> None:
    """`q` offers to stay first; only the other answer cancels the build and leaves."""
    house = House()
    async with bench(house) as app:
        build = await begin(app, house)
        await app.press("q")
        await app.see("still runs", "Stay", "Quit and cancel")
        await app.press("enter")
        await app.see_no("still runs")
        assert (app.app.is_running, build.canceled) == (True, False)
        await app.press("q")
        await app.see("still runs")
        await app.press("down", "enter")
        await app.pilot.pause()
        assert build.canceled
    assert app.app.return_code == 0


async def test_nothing_to_build() -> None:
    """`b` without anything to build says so and what to do."""
    async with bench(House(to_build=None)) as app:
        await app.press("b")
        await app.see("nothing to build in /project", "Add a Dockerfile.")


async def test_what_is_passed_over_is_told() -> None:
    """A file that docker refuses, or a builder that is gone, is named, and the rest is built."""
    house = House(passed_over="The compose file is skipped: [red]bad")
    async with bench(house) as app:
        build = await begin(app, house)
        await app.see(r"compose file is skipped: \[red\]bad")
        build.end(BuildStatus.SUCCEEDED)


async def test_the_form_changes_what_is_built() -> None:
    """`B` shows the spec; an argument without a name is refused in words; what is typed is built."""
    house = House()
    async with bench(house) as app:
        await app.press("B")
        await app.see("Build arguments")
        await app.press("tab")
        await app.type("=oops")
        await app.press("enter")
        await app.see("=oops is neither NAME=VALUE")
        assert house.launched == []
        await app.press("home", *"B A")
        await app.press("enter")
        await app.see("no step yet")
        spec, build = house.launched[0]
        assert spec.build_args == (("B", None), ("A", "oops"))
        build.end(BuildStatus.SUCCEEDED)


async def test_the_form_can_be_read_where_the_cursor_is() -> None:
    """At 80x24 the tick and its words are in sight while it has the focus, and it is for the build that follows."""
    house = House()
    async with bench(house, NARROW) as app:
        await app.press("B")
        await app.see("Build arguments")
        await app.press(*["tab"] * 5)
        await app.see(r"Without cache +\[ \] build every step again")
        await app.press("space")
        await app.see(r"Without cache +\[X\] build every step again")
        await app.press("tab", "tab", "enter")
        await app.see("no step yet")
        spec, build = house.launched[0]
        assert spec.no_cache
        build.end(BuildStatus.SUCCEEDED)


async def test_a_failed_build_says_why() -> None:
    """A build that fails shows its step and its error, and the app lives on."""
    house = House()
    async with bench(house) as app:
        build = await begin(app, house)
        now = Instant.now()
        failed = VertexUpdate("sha256:one", "[1/2] RUN one", ("input",), now, now, error="exit code: 7")
        build.line.say(Progress((failed,)))
        build.end(BuildStatus.FAILED, "exit code: 7")
        await app.see("✗ failed", "✗ failed .*RUN one", "exit code: 7")


async def test_the_cursor_is_on_the_step_that_runs() -> None:
    """The output in sight is that of the step that runs, until someone moves; the next build is watched again."""
    house = House()
    async with bench(house) as app:
        build = await begin(app, house)
        now = Instant.now()
        build.line.say(Progress((VertexUpdate("sha256:one", "[1/2] RUN one", ("input",), now, now),)))
        build.line.say(running("two"))
        await app.see(r"▶ +▸ running .*RUN two", r"› \[1/2\] RUN two")
        await app.press("k")
        await app.see(r"▶ +■ built .*RUN one")
        build.line.say(running("three"))
        await app.see(r"^ +▸ running .*RUN three", r"▶ +■ built .*RUN one")
        build.end(BuildStatus.SUCCEEDED)
        await app.see("✓ succeeded")
        await app.press("b")
        await app.see("no step yet")
        house.launched[-1][1].line.say(running("four"))
        await app.see(r"▶ +▸ running .*RUN four")
        house.launched[-1][1].end(BuildStatus.SUCCEEDED)


async def test_output_is_shown_as_it_came() -> None:
    """Blank lines stay, an unfinished line is completed in its place, and the oldest go when there are too many."""
    house = House()
    async with bench(house) as app:
        build = await begin(app, house)

        def say(text: str) -> None:
            build.line.say(Progress(logs=(LogChunk("sha256:one", 1, text.encode()),)))

        say("\n\nwait")
        await app.see(r"^ hello$\n\n\n wait$")
        say("ing\n")
        await app.see(r"^ hello$\n\n\n waiting$")
        say("".join(f"line {number}\n" for number in range(6_000)))
        await app.see(r"^ line 5998$\n line 5999$", "1,004 older lines dropped")
        say("the end\n")
        await app.see(r"^ line 5999$\n the end$", "1,005 older lines dropped")
        assert len(app.app.query_one(LogPane).lines.lines) == 5_000
        build.end(BuildStatus.SUCCEEDED)


async def test_what_a_silent_build_said_last_is_seen() -> None:
    """Progress that comes right after other progress is shown, though nothing follows it."""
    house = House()
    async with bench(house) as app:
        build = await begin(app, house)
        for name in ("two", "three", "four"):
            build.line.say(running(name))
        await app.see("▸ running .*RUN four", "▸ building 0/4")
        build.end(BuildStatus.SUCCEEDED)
