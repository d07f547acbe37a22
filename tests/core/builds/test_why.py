"""Each cause of a build once, with its steps and what they cost."""

from dataclasses import replace

import pytest

from dockcache_tui.core.builds.build import Build, BuildStatus, Step, StepState
from dockcache_tui.core.builds.cause import CauseKind, MissCause, MissEvidence
from dockcache_tui.core.builds.why import (
    comparison,
    costliest,
    evidence_lines,
    headline,
    root_causes,
    root_of,
    step_place,
    step_places,
)
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.scope import BranchScope, Project

A, B = "1" * 12, "2" * 12
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


@pytest.mark.parametrize(
    ("kind", "one", "line"),
    [
        (
            CauseKind.CONTENT,
            MissEvidence("content", "a", f"sha256:{'1' * 64}, 1 byte", f"sha256:{'2' * 64}, 2,000 bytes"),
            "a: 1 byte 111111111111 -> 2,000 bytes 222222222222",
        ),
        (CauseKind.CONTENT, MissEvidence("content", "a", f"git {'1' * 40}", f"git {'2' * 40}"), f"a: {A} -> {B}"),
        (CauseKind.CONTENT, MissEvidence("added", "a", None, f"sha256:{'1' * 64}, 1 byte"), f"a (added): 1 byte {A}"),
        (CauseKind.CONTENT, MissEvidence("mode", "a", "0644", "0755"), "a (mode): 0644 -> 0755"),
        (CauseKind.ENVIRONMENT, MissEvidence("changed", "V", "1", "2, 3 bytes"), "V: 1 -> 2, 3 bytes"),
        (CauseKind.ENVIRONMENT, MissEvidence("changed", "V", "", "2"), "V:  -> 2"),
        (CauseKind.COMMAND, MissEvidence("args", "", None, "x"), "x now"),
        (CauseKind.COMMAND, MissEvidence("user", "", "root", "0"), "user: root -> 0"),
        (CauseKind.BASE, MissEvidence("digest", "b", f"sha256:{'1' * 64}", None), f"b (digest): {A} before"),
        (CauseKind.EVICTED, MissEvidence("unknown", "", "Monday", "Tuesday"), "last seen Monday, gone since Tuesday"),
        (CauseKind.FLAG, MissEvidence("no-cache-filter", "--no-cache-filter", None, "build"), None),
        (CauseKind.NOT_IMPORTED, MissEvidence("builder", "b"), None),
    ],
)
def test_evidence_lines(kind: CauseKind, one: MissEvidence, line: str | None) -> None:
    """What differs is told with its values, digests cut short; nothing that the sentence of the cause tells whole."""
    assert evidence_lines(MissCause(kind, "", (one,))) == (() if line is None else (line,))


def test_which_builds() -> None:
    """A build is told with its project, branch, builder and age, and the one that it was compared with likewise."""
    now, branch, project = Instant(7200 * 10**9), BranchScope.of("topic"), Project("/p", "acme/web")
    ended = replace(BUILD, ref="r" * 25, completed_at=Instant(5 * 10**9), branch=branch, project=project)
    assert headline(ended, now) == (
        "Build rrrrrrrrrrrr of acme/web on branch topic by the builder builder 2h ago:"
        " succeeded in 5.0s, 0 of 4 steps reused."
    )
    assert comparison(ended, replace(BUILD, builder="", folder="/f"), now) == "Compared with build b of /f 2h ago."
    assert comparison(replace(ended, compared_with="x"), None, now) == "Compared with build x."
    assert comparison(ended, None, now) == ""
