"""Steps that BuildKit told in the wrong build."""

from dataclasses import replace

import pytest

from dockcache_tui.core.builds.build import Step, StepState
from dockcache_tui.core.builds.reducer import told_as_ours
from dockcache_tui.core.instant import Instant

SECOND = 1_000_000_000


def step(digest: str, name: str, start: float, end: float, *, cacheable: bool = True) -> Step:
    """Return a step that ran between two seconds."""
    times = (Instant(round(start * SECOND)), Instant(round(end * SECOND)))
    return Step(digest, name, StepState.REUSED, cacheable, *times)


DEFINITION = step("d", "[internal] load build definition from Dockerfile", 10.0, 10.1, cacheable=False)
OURS = step("ours", "[made 2/3] RUN make", 10.5, 10.5)
THEIRS = step("theirs", "[made 2/3] RUN make", 9.0, 9.1)


def test_what_another_build_did_before_is_left_out() -> None:
    """Our own step tells of itself that it was reused: the other build's is not told besides."""
    assert told_as_ours([DEFINITION, THEIRS, OURS], {"d", "ours"}) == (DEFINITION, OURS)


def test_a_shared_step_without_a_namesake_stays() -> None:
    """A base image that another build has just fetched is this build's too."""
    base = step("base", "[made 1/3] FROM busybox", 9.0, 9.1, cacheable=False)
    assert told_as_ours([DEFINITION, base, THEIRS], {"d"}) == (DEFINITION, base, THEIRS)


def test_namesakes_of_one_build_stay() -> None:
    """Targets of a bake have steps of the same name; each ran in this build."""
    twin = replace(OURS, digest="twin")
    assert told_as_ours([DEFINITION, OURS, twin], {"d", "ours", "twin"}) == (DEFINITION, OURS, twin)


def test_a_fetch_is_no_twin_of_its_copy() -> None:
    """The fetch of an ADD that another build had begun is told besides the copy that has its name."""
    fetch, copy = (step(one, "[2/3] ADD http://h/f /", 9, 11, cacheable=one == "copy") for one in ("fetch", "copy"))
    assert told_as_ours([DEFINITION, fetch, copy], {"d", "copy"}) == (DEFINITION, fetch, copy)


@pytest.mark.parametrize("name", ["[3/4] RUN make", "[made 3/3] RUN make"])
def test_a_twin_in_another_dockerfile(name: str) -> None:
    """A step that two Dockerfiles share is found though one has more steps or stages, and keeps its name."""
    ours = told("ours", name, StepState.REUSED, 12, 12)
    (_, found) = told_as_ours([DEFINITION, ours, told("theirs", RUN, StepState.BUILT, 10.5, 12)], {"d", "ours"})
    assert (found.digest, found.name, found.state, found.duration) == ("ours", name, StepState.BUILT, 1.5)


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
