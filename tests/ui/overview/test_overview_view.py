"""The overview on the real service: every place is read when it is first looked at, and narrowed by the branch."""

from pathlib import Path

import pytest

from core.record_making import build
from service.serving import Job
from sources.archive_files_making import as_tar, file, oci, tar
from ui.bench import NARROW, WIDE, bench
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


async def test_a_narrow_line_of_a_build_is_whole() -> None:
    """At 80 columns a build of an unknown branch says so."""
    house = House()
    house.past = (build("b", 0, 1),)
    async with bench(house, NARROW) as app:
        await app.press("1")
        await app.see(r"succeeded .* unknown *$")
