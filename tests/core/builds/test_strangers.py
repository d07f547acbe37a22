"""Steps that BuildKit told in the wrong build."""

from dataclasses import replace

import pytest

from dockcache_tui.core.builds.build import Step, StepState
from dockcache_tui.core.builds.strangers import own_steps, told_as_ours
from dockcache_tui.core.instant import Instant

SECOND = 1_000_000_000


def step(digest: str, name: str, start: float, end: float, *, cacheable: bool = True) -> Step:
    """Return a step that ran between two seconds."""
    times = (Instant(round(start * SECOND)), Instant(round(end * SECOND)))
    return Step(digest, name, StepState.REUSED, cacheable, *times)


DEFINITION = step("d", "[internal] load build definition from Dockerfile", 10.0, 10.1, cacheable=False)
OURS = step("ours", "[made 2/3] RUN make", 10.5, 10.5)
THEIRS = step("theirs", "[made 2/3] RUN make", 9.0, 9.1)


def test_a_namesake_from_before_the_build_is_left_out() -> None:
    """A step that was over before the build read its definition is another build's, when the build has its own."""
    assert own_steps([DEFINITION, THEIRS, OURS]) == (DEFINITION, OURS)


def test_a_shared_step_without_a_namesake_stays() -> None:
    """A base image that another build has just fetched is this build's too."""
    base = step("base", "[made 1/3] FROM busybox", 9.0, 9.1, cacheable=False)
    assert own_steps([DEFINITION, base, THEIRS]) == (DEFINITION, base, THEIRS)


def test_namesakes_of_one_build_stay() -> None:
    """Targets of a bake have steps of the same name; each ran in this build."""
    twin = replace(OURS, digest="twin")
    assert own_steps([DEFINITION, OURS, twin]) == (DEFINITION, OURS, twin)


def test_nothing_is_left_out_before_the_definition() -> None:
    """While the build has not read its definition all is shown."""
    assert own_steps([THEIRS, OURS]) == (THEIRS, OURS)


COPY = "[2/3] COPY f /f"
RUN = "[3/3] RUN make"


def told(digest: str, name: str, state: StepState, start: float, end: float) -> Step:
    """Return a step that could have been reused, in a state."""
    return replace(step(digest, name, start, end), state=state)


def test_what_another_build_did_for_ours_is_ours() -> None:
    """Two equal steps that another build had begun before ours count as two reused, each under our own digest."""
    ours = [replace(told(one, one, StepState.WAITING, 0, 0), started_at=None, cacheable=False) for one in (COPY, RUN)]
    theirs = [told("a", COPY, StepState.BUILT, 8, 9), told("b", RUN, StepState.BUILT, 9, 12)]
    found = told_as_ours([DEFINITION, *ours, *theirs], {"d", COPY, RUN})
    assert [(one.digest, one.state, one.cacheable) for one in found[1:]] == [
        (COPY, StepState.REUSED, True),
        (RUN, StepState.REUSED, True),
    ]


@pytest.mark.parametrize(
    ("theirs", "ours", "counts"),
    [
        (StepState.RUNNING, StepState.WAITING, True),
        (StepState.CANCELED, StepState.CANCELED, False),
        (StepState.FAILED, StepState.FAILED, True),
    ],
)
def test_what_another_build_does_is_waited_for(theirs: StepState, ours: StepState, counts: bool) -> None:  # noqa: FBT001
    """A step that another build had begun is not known to be reused before it is done; when it fails, ours does too."""
    (_, found) = told_as_ours([DEFINITION, told("a", RUN, theirs, 9, 12)], {"d", "a"})
    assert (found.state, found.cacheable) == (ours, counts)


def test_what_was_begun_for_both_ran() -> None:
    """A step that BuildKit canceled because it does the other build's for both is counted once, and as one that ran."""
    ours = told("ours", COPY, StepState.CANCELED, 10.2, 10.2)
    theirs = told("theirs", COPY, StepState.BUILT, 10.3, 10.4)
    found = told_as_ours([DEFINITION, ours, theirs], {"d", "ours"})
    assert [(one.digest, one.state) for one in found[1:]] == [("ours", StepState.BUILT)]


def test_targets_of_a_bake_are_no_strangers() -> None:
    """Of two steps of one name that were both announced here one may wait while the other runs."""
    waiting, ran = told("a", RUN, StepState.WAITING, 0, 0), told("b", RUN, StepState.BUILT, 11, 12)
    assert told_as_ours([DEFINITION, waiting, ran], {"d", "a", "b"}) == (DEFINITION, waiting, ran)
