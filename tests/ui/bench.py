"""The app on a house in memory, with its keys and its screen."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from textual.pilot import Pilot

from dockcache_tui.core.scope import BranchScope
from dockcache_tui.ui.app import DockcacheApp
from ui.house import House

WIDE, NARROW = (120, 40), (80, 24)
PATIENCE = 60.0
"""Seconds to wait for something to come into sight."""
_LOOK_EVERY = 0.02


@dataclass(frozen=True, slots=True)
class Bench:
    """A running app: press keys, see the screen."""

    app: DockcacheApp
    pilot: Pilot[None]

    def screen(self) -> str:
        """Return what is in sight as text."""
        strips = self.app.screen._compositor.render_strips()  # noqa: SLF001 - Textual has no public way to read a screen
        return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)

    async def press(self, *keys: str) -> None:
        """Press keys and let them act."""
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        """Type a text."""
        await self.pilot.press(*text)

    async def see(self, *patterns: str, patience: float = PATIENCE) -> str:
        """Wait until every pattern is in sight at once, and return the screen."""
        return await self._until(patterns, wanted=True, patience=patience)

    async def see_no(self, *patterns: str) -> str:
        """Wait until none of the patterns is in sight, and return the screen."""
        return await self._until(patterns, wanted=False)

    async def _until(self, patterns: tuple[str, ...], *, wanted: bool, patience: float = PATIENCE) -> str:
        clock = asyncio.get_running_loop().time
        until = clock() + patience
        while True:
            screen = self.screen()
            if all(bool(re.search(one, screen, re.MULTILINE)) is wanted for one in patterns):
                return screen
            assert clock() < until, f"waited {'' if wanted else 'not '}to see {patterns}:\n{screen}"
            await asyncio.sleep(_LOOK_EVERY)


@asynccontextmanager
async def bench(
    house: House,
    size: tuple[int, int] = WIDE,
    *,
    read_only: bool = False,
    filter_text: str = "",
    scope: BranchScope | None = None,
) -> AsyncIterator[Bench]:
    """Run the app on a house until left; notifications are shown."""
    app = DockcacheApp(house, scope=scope, read_only=read_only, filter_text=filter_text)
    async with app.run_test(size=size, notifications=True) as pilot:
        yield Bench(app, pilot)
