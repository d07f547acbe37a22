"""The step of a build to look at."""

from dataclasses import replace

import pytest

from core.record_making import build, step
from dockcache_tui.core.builds.build import Step, StepState
from dockcache_tui.core.builds.time_shares import to_watch

BUILT, FALSE_HIT, FAILED, RUNNING = StepState.BUILT, StepState.FALSE_HIT, StepState.FAILED, StepState.RUNNING
LOAD = replace(step("load", 0, 1, RUNNING), cacheable=False)
WAITING = Step("sha256:waiting", "waiting", StepState.WAITING, cacheable=True)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ((), None),
        ((step("reused", 0, 1, StepState.REUSED), WAITING), None),
        ((LOAD,), None),
        ((step("late", 3, 3, RUNNING), step("early", 1, 1, RUNNING)), "early"),
        ((step("built", 0, 9, BUILT), step("runs", 9, 9, RUNNING)), "runs"),
        ((step("short", 0, 1, BUILT), step("long", 1, 5, FALSE_HIT)), "long"),
        ((step("runs", 0, 0, RUNNING), step("failed", 1, 2, FAILED)), "failed"),
    ],
)
def test_the_step_to_watch(steps: tuple[Step, ...], expected: str | None) -> None:
    """A failed step comes first, then the one that runs longest, then the one that took longest; reused ones never."""
    found = to_watch(build("ref", 0, None, None, *steps))
    assert (found and found.name) == expected
