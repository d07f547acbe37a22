"""The overview on the real service: every place is read when it is first looked at, and narrowed by the branch."""

from dataclasses import replace
from pathlib import Path

import pytest

from core.record_making import build
from service.serving import Job
from sources.archive_files_making import as_tar, file, oci, tar
from ui.bench import NARROW, WIDE, bench
from ui.builds.explained import BUILD, EARLIER, STEPS
from ui.caches_bench import CachesHouse
from ui.house import House


@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_every_place_has_its_totals(job: Job, tmp_path: Path, size: tuple[int, int]) -> None:
    """`1` reads Actions caches and archives too, shows how much of the limit is used, and `f` narrows all of it."""
    job.save("go-1", b"x" * 3000)
    job.also("dev", "main").save("node-1", b"x" * 1500)
    image = as_tar(oci(tmp_path / "app", [tar(file("etc/motd", b"welcome"))])).path
    async with bench(CachesHouse(files=(image,)), size) as app:
        await app.see("no cache yet")
        await app.press("1")
        await app.see(
            r"Builder cache  0 B in 0 records",
            r"Actions caches  4\.5 kB in 2 entries · 0 % of the limit",
            r"by branch +main .*3\.0 kB +1",
            r"dev .*1\.5 kB +1",
            r"Archives  .*in 1 file or artifact",
        )
        await app.press("f")
        await app.type("dev")
        await app.press("enter")
        await app.see(r"Actions caches  1\.5 kB in 1 entry", "Archives  0 B in 0 files")


async def test_what_could_not_be_read() -> None:
    """Without a repository the overview leads to the view that tells why."""
    async with bench(House()) as app:
        await app.see("no cache yet")
        await app.press("1")
        await app.see("Actions caches  nothing read yet: press 3 to see why", "Archives  0 B in 0 files")
        await app.press("3")
        await app.see("Which repository\\?")


@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_why_the_last_build_was_slow(size: tuple[int, int]) -> None:
    """The causes of the last build stand first, the costliest on top; Enter tells its story, and esc comes back."""
    async with bench(House(past=(BUILD, EARLIER)), size) as app:
        await app.press("1")
        await app.see(
            "^  Last build  13.0s · 20 % reused · .* ago · slow because",
            r"^  ▶ deps 3/3 RUN npm ci +9\.0s  package-lock\.json changed \+1",
            r"^    build 2/2 RUN vite build +4\.0s  GIT_SHA changed",
        )
        await app.press("j")
        await app.see("^  ▶ build 2/2")
        await app.press("enter")
        await app.see("Why this step ran", r"\+ GIT_SHA=4d5e6f")
        await app.press("escape")
        await app.see("^  ▶ build 2/2", "overview$")
        await app.press("j", "j", "enter")
        await app.see("✓ succeeded · 10.0s")
        await app.press("escape", "k")
        await app.see("^  ▶ ✓ succeeded +.*20 %")
        await app.press("e")
        await app.see("Why 4 of 5 steps ran")


async def test_a_row_takes_clicks() -> None:
    """A click goes to a row, and another opens it."""
    async with bench(House(past=(BUILD, EARLIER))) as app:
        await app.press("1")
        await app.see("^  ▶ deps 3/3")
        row = next(at for at, line in enumerate(app.screen().split("\n")) if "build 2/2" in line)
        await app.pilot.click(offset=(10, row))
        await app.see("^  ▶ build 2/2")
        await app.pilot.click(offset=(10, row))
        await app.see("Why this step ran", r"\+ GIT_SHA=4d5e6f")


async def test_rows_out_of_sight_are_scrolled_to() -> None:
    """Where the last builds are further down, moving scrolls until they are in sight, then goes on to them."""
    async with bench(House(past=(BUILD, EARLIER)), (80, 14)) as app:
        await app.press("1")
        await app.see("^  ▶ deps 3/3")
        assert "Last builds" not in app.screen()
        await app.press(*"jjjjjjjj")
        await app.see("^  ▶ ✓ succeeded")
        await app.press(*"kkkkkkkkk")
        await app.see("^  ▶ deps 3/3")


async def test_a_build_that_reused_all_is_not_slow() -> None:
    """Without a cause the last build is in the list of the last builds only."""
    async with bench(House(past=(replace(BUILD, steps=STEPS[:1]),))) as app:
        await app.press("1")
        await app.see("^  ▶ ✓ succeeded")
        assert "slow because" not in app.screen()


async def test_a_narrow_line_of_a_build_is_whole() -> None:
    """At 80 columns a build of an unknown branch says so."""
    house = House()
    house.past = (build("b", 0, 1),)
    async with bench(house, NARROW) as app:
        await app.press("1")
        await app.see(r"succeeded .* unknown *$")
