"""Reuse by time, and what became of a build."""

from dataclasses import replace

import pytest

from dockcache_tui.core.builds.build import Build, BuildStatus, Step, StepState, merge
from dockcache_tui.core.builds.fields import STEP_FIELDS
from dockcache_tui.core.builds.outcome import failing_line, outcome
from dockcache_tui.core.builds.time_shares import time_saved, weighted_reuse, with_shares
from dockcache_tui.core.field import json_row
from dockcache_tui.core.instant import Instant

LAST = {"[] 1 RUN a": 8.0, "[] 2/3 RUN b": 5.0}


def step(name: str, state: StepState, seconds: int = 0, *, cacheable: bool = True, error: str = "") -> Step:
    """Make a step that took so many seconds."""
    return Step(name, name, state, cacheable, Instant(0), Instant(seconds * 10**9), error=error)


REUSED = step("[1/3] RUN a", StepState.REUSED)
BUILT = step("[2/3] RUN b", StepState.BUILT, 2)
UNKNOWN = step("[3/3] RUN c", StepState.REUSED)
EXPORT = step("exporting to image", StepState.BUILT, 100, cacheable=False)


def test_time_saved_is_what_reused_steps_last_took() -> None:
    """Only reused steps save time, and as much as they took when they last ran."""
    assert time_saved((REUSED, BUILT, EXPORT), LAST) == 8.0
    assert time_saved((UNKNOWN, BUILT), LAST) is None


def test_weighted_reuse() -> None:
    """A step weighs its time: now when it ran, else then; unknown steps and exports weigh nothing."""
    assert weighted_reuse((REUSED, BUILT, UNKNOWN, EXPORT), LAST) == 0.8
    assert weighted_reuse((REUSED,), LAST) == 1.0
    assert weighted_reuse((UNKNOWN, EXPORT), LAST) is None


def test_only_success_saves() -> None:
    """A build that failed, was canceled or lost claims nothing; one that runs tells what it saved so far."""
    builds = (Build("r", "b", Instant(0), status, steps=(REUSED, BUILT), time_saved=1.0) for status in BuildStatus)
    saving = {build.status: with_shares(build, LAST) for build in builds}
    assert {status for status, build in saving.items() if build.time_saved == 8.0 and build.weighted_reuse == 0.8} == {
        BuildStatus.RUNNING,
        BuildStatus.SUCCEEDED,
    }
    assert sum((build.time_saved, build.weighted_reuse) == (None, None) for build in saving.values()) == 3


def test_how_it_ended_takes_savings_back() -> None:
    """A build of others that failed after all claims no longer what it seemed to save while it ran."""
    running = Build("r", "b", Instant(0), BuildStatus.RUNNING, time_saved=8.0, weighted_reuse=1.0, ours=False)
    for status, saved in ((BuildStatus.FAILED, None), (BuildStatus.SUCCEEDED, 8.0)):
        (build,) = merge((running,), (replace(running, status=status, time_saved=None),))
        assert (build.status, build.time_saved) == (status, saved)


FAILED_STEP = (step("[1/1] RUN x", StepState.FAILED, error="exit code: 3"),)
UNAVAILABLE = ("ERROR: failed to build: failed to receive status: rpc error: code = Unavailable desc = EOF",)


@pytest.mark.parametrize(
    ("code", "canceled", "steps", "said", "expected"),
    [
        (0, True, (), (), (BuildStatus.SUCCEEDED, "")),
        (1, True, (), ("ERROR: canceled",), (BuildStatus.CANCELED, "")),
        (1, False, FAILED_STEP, ("ERROR: failed to build: failed to solve: x",), (BuildStatus.FAILED, "x")),
        (1, False, FAILED_STEP, (), (BuildStatus.FAILED, "exit code: 3")),
        (1, False, (REUSED,), UNAVAILABLE, (BuildStatus.LOST, UNAVAILABLE[0].partition("build: ")[2])),
        (1, False, (), UNAVAILABLE, (BuildStatus.FAILED, UNAVAILABLE[0].partition("build: ")[2])),
        (-9, False, (REUSED,), (), (BuildStatus.LOST, "the docker command was killed by signal 9")),
        (1, False, (), ("a", "b"), (BuildStatus.FAILED, "a\nb")),
    ],
)
def test_outcome(
    code: int,
    canceled: bool,  # noqa: FBT001
    steps: tuple[Step, ...],
    said: tuple[str, ...],
    expected: tuple[BuildStatus, str],
) -> None:
    """Success, cancel, failure and a lost engine are told apart, with docker's own words."""
    assert outcome(code, canceled=canceled, steps=steps, said=said) == expected


def test_failing_line() -> None:
    """The line that buildx points at is read from its excerpt."""
    assert failing_line(("Dockerfile:12", "  11 |     FROM x", "  12 | >>> RUN y")) == 12
    assert failing_line(("nothing",)) is None


@pytest.mark.parametrize(
    ("state", "cacheable", "word"),
    [
        (StepState.BUILT, True, "built"),
        (StepState.BUILT, False, "done"),
        (StepState.REUSED, False, "done"),
        (StepState.FAILED, False, "failed"),
        (StepState.WAITING, False, "waiting"),
    ],
)
def test_what_does_not_count_is_done(state: StepState, cacheable: bool, word: str) -> None:  # noqa: FBT001
    """A fetch that ran is told as done, in JSON as in the app: it is no step that could have been reused."""
    assert json_row(STEP_FIELDS, Step("sha256:a", "ADD http://host/file /", state, cacheable))["state"] == word


def test_a_build_of_several_nodes_is_of_no_single_one() -> None:
    """Buildx gives a build one ref on all its nodes: it is one build, of no one node, and ours stays ours."""
    heard = [Build("ref", "b", Instant(0), BuildStatus.SUCCEEDED, node=node, ours=False) for node in ("b0", "b1")]
    assert [(one.ref, one.node) for one in merge([], heard)] == [("ref", "")]
    assert [one.node for one in merge([], heard[:1])] == ["b0"]
    (mine,) = merge([replace(heard[0], ours=True)], heard)
    assert (mine.node, mine.ours) == ("", True)
