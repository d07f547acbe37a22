"""With --read-only nothing can be changed."""

import pytest

from core.record_making import record
from dockcache_tui.ui.actions import ACTIONS, Action
from ui.bench import bench
from ui.house import Cache, House

CHANGES = [action for action in ACTIONS if action.changes]


def test_what_changes_things_is_known() -> None:
    """The actions that build and delete are marked as such."""
    assert {action.id for action in CHANGES} >= {"rebuild", "edit_build", "delete"}


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize("action", CHANGES, ids=lambda action: action.id)
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
        did = bool(house.launched) or app.app.screen is not before
        assert did is not read_only
        for _, build in house.launched:
            build.cancel()
