"""With --read-only nothing can be changed."""

import asyncio

import pytest

from core.record_making import record
from dockcache_tui.ui.actions import ACTIONS, Action, Place
from ui.bench import PATIENCE, bench
from ui.house import Cache, House

CHANGES = [action for action in ACTIONS if action.changes]
HERE = [action for action in CHANGES if Place.BUILDER in action.where]
ELSEWHERE = [action for action in CHANGES if action not in HERE]
WAYS = {Place.ARCHIVES: ("4",), Place.LAB: ("1", "L")}


def test_what_changes_things_is_known() -> None:
    """The actions that build and delete are marked as such."""
    assert {action.id for action in CHANGES} == {"rebuild", "edit_build", "delete", "load", "run_lab"}


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize("action", HERE, ids=lambda action: action.id)
async def test_read_only_dims_and_refuses(action: Action, read_only: bool) -> None:  # noqa: FBT001
    """A key that changes something is dimmed and does nothing: no box, no build. Without --read-only it does."""
    house = House(Cache(records=[record("alone")]))
    async with bench(house, read_only=read_only) as app:
        await app.see("▶ .*alone")
        assert ("READ-ONLY" in app.screen()) is read_only
        assert app.app.active_bindings[action.key].enabled is not read_only
        before = app.app.screen
        await app.press(action.key)
        await app.pilot.pause()
        await app.pilot.pause()
        async with asyncio.timeout(None if read_only else PATIENCE):
            while not read_only and not house.launched and app.app.screen is before:
                await app.pilot.pause(0.02)
        assert (bool(house.launched) or app.app.screen is not before) is not read_only
        for _, build in house.launched:
            build.cancel()


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize("action", ELSEWHERE, ids=lambda action: action.id)
async def test_read_only_dims_in_other_views(action: Action, read_only: bool) -> None:  # noqa: FBT001
    """So it is in the one view where the action is offered."""
    (place,) = action.where
    async with bench(House(), read_only=read_only) as app:
        await app.press(*WAYS[place])
        await app.see("READ-ONLY" if read_only else "dockcache")
        assert app.app.place is place
        assert app.app.active_bindings[action.key].enabled is not read_only
