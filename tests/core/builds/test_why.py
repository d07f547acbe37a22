"""Each cause of a build once, with its steps and what they cost."""

from dockcache_tui.core.builds.build import Build, BuildStatus, Step, StepState
from dockcache_tui.core.builds.cause import CauseKind, MissCause
from dockcache_tui.core.builds.why import costliest, root_causes, root_of, step_place, step_places
from dockcache_tui.core.instant import Instant

LOCK, ARGUMENT = MissCause(CauseKind.CONTENT, "lock"), MissCause(CauseKind.ENVIRONMENT, "argument")


def step(name: str, seconds: int | None, cause: MissCause | None = None) -> Step:
    """Return a step that took so long, or does not know how long."""
    ended = None if seconds is None else Instant(seconds * 10**9)
    return Step(name, f"[deps {name}/4] RUN {name}", StepState.BUILT, True, Instant(0), ended, cause=cause)  # noqa: FBT003


STEPS = (
    step("1", 2, LOCK),
    step("2", 3, MissCause(CauseKind.CASCADE, "c", root="1")),
    step("3", 4, ARGUMENT),
    step("4", None),
)
BUILD = Build("b", "builder", Instant(0), BuildStatus.SUCCEEDED, steps=STEPS)


def test_roots() -> None:
    """A step that ran because another did counts for the cause of that one, in which also its time is."""
    lock, argument = root_causes(BUILD)
    assert (lock.cause, lock.steps, lock.below, lock.seconds) == (LOCK, STEPS[:1], STEPS[1:2], 5.0)
    assert (argument.cause, argument.steps, argument.below, argument.seconds) == (ARGUMENT, STEPS[2:3], (), 4.0)
    assert costliest(BUILD) == lock
    assert [root_of(one, BUILD) for one in STEPS] == [lock, lock, argument, None]


def test_nothing_known() -> None:
    """A build of whose steps no cause is known has none that cost most."""
    assert costliest(Build("b", "builder", Instant(0), BuildStatus.SUCCEEDED, steps=STEPS[3:])) is None


def test_places() -> None:
    """A step is called by its place, with its platform where the name has one, else by its instruction."""
    named = Step("d", "[linux/arm64 deps 2/5] RUN npm ci", StepState.BUILT, True)  # noqa: FBT003
    assert step_place(named) == "linux/arm64 deps 2/5"
    assert step_place(Step("d", "exporting to image", StepState.BUILT, False)) == "exporting to image"  # noqa: FBT003
    assert step_places(STEPS, 2) == "deps 1/4, deps 2/4 and 2 more"
    assert step_places(STEPS[:2], 2) == "deps 1/4, deps 2/4"
