"""Steps on a common time axis."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.record_making import at, build, step
from dockcache_tui.core.builds.build import Step, StepState
from dockcache_tui.core.builds.timeline import Axis, axis, cells

AXIS = Axis(at(0), 10)


def test_the_axis_spans_all_steps() -> None:
    """It begins with the first step, not with the build, and ends with the last one."""
    found = axis(build("b", 0, 20, None, step("a", 2, 5), step("b", 4, 12)), at(99))
    assert found == Axis(at(2), 10)


def test_the_axis_of_a_running_build_goes_on() -> None:
    """While a build runs its axis reaches until now; one without steps is never of no length."""
    assert axis(build("b", 0, None, None, step("a", 2, 5)), at(12)) == Axis(at(2), 10)
    assert axis(build("b", 0, 0, None), at(99)).seconds > 0


@pytest.mark.parametrize(
    ("began", "ended", "place"),
    [(0, 10, (0, 20)), (0, 5, (0, 11)), (5, 10, (10, 10)), (5, 5, (10, 1)), (10, 10, (19, 1)), (2.5, 4.9, (5, 5))],
)
def test_a_bar_is_where_its_step_ran(began: float, ended: float, place: tuple[int, int]) -> None:
    """Start and length are those of the step on the axis, and the shortest step still has one cell."""
    assert cells(step("a", began, ended), AXIS, 20, at(10)) == place


def test_a_running_step_reaches_until_now_and_a_waiting_one_has_no_bar() -> None:
    """A bar grows with the clock; what has not begun has none."""
    running = Step("d", "n", StepState.RUNNING, cacheable=True, started_at=at(5))
    assert cells(running, AXIS, 20, at(7.4)) == (10, 5)
    assert cells(Step("d", "n", StepState.WAITING, cacheable=True), AXIS, 20, at(7)) == (0, 0)


@given(st.floats(-100, 100), st.floats(0, 100), st.integers(1, 80))
def test_a_bar_never_leaves_its_column(began: float, lasted: float, width: int) -> None:
    """Whatever clocks say, the bar has at least one cell and stays within the width."""
    first, count = cells(step("a", began, began + lasted), AXIS, width, at(10))
    assert first >= 0
    assert count >= 1
    assert first + count <= width
