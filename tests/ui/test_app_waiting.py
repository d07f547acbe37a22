"""Waits in the app: the header says what for, Esc ends them, and q waits for nobody."""

from collections.abc import Callable
from threading import Event

from dockcache_tui.core.builds.build import BuildSpec
from ui.bench import bench
from ui.house import House


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
