"""Builds made up with causes, as the screens of why show them."""

from dataclasses import replace

from dockcache_tui.core.builds.build import Build, BuildStatus, Step, StepState
from dockcache_tui.core.builds.cause import CauseKind, Fix, HitKind, HitWarning, MissCause, MissEvidence
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.scope import BranchScope, Project

NOW = Instant.now()
_OLD, _NEW = f"sha256:{'1f2e3d4c' * 8}, 12,124 bytes", f"sha256:{'88aa0011' * 8}, 12,300 bytes"
PATCH = "--- a/Dockerfile\n+++ b/Dockerfile\n@@ -7,2 +7,2 @@\n-ARG GIT_SHA\n RUN vite build\n+ARG GIT_SHA\n"
LOCK = MissCause(
    CauseKind.CONTENT,
    "package-lock.json changed. 1 more path differs.",
    (
        MissEvidence("content", "package-lock.json", _OLD, _NEW),
        MissEvidence("mode", "scripts/[run].sh", "0644", "0755"),
    ),
)
ARGUMENT = MissCause(
    CauseKind.ENVIRONMENT,
    "The build argument GIT_SHA changed from 1a2b3c to 4d5e6f.",
    (MissEvidence("changed", "GIT_SHA", "1a2b3c", "4d5e6f"),),
    fix=Fix("Declare ARG GIT_SHA below this step, unless what it runs reads it.", PATCH),
)


def below(root: str) -> MissCause:
    """Return the cause of a step that ran because another did."""
    return MissCause(CauseKind.CASCADE, "It stands on a step that ran: COPY package*.json ./.", root=root)


def step(place: str, words: str, seconds: int, cause: MissCause | None = None) -> Step:
    """Return a step that was built for a cause, or reused without one."""
    state = StepState.BUILT if cause else StepState.REUSED
    ended = Instant(NOW.ns + seconds * 10**9)
    return Step(place, f"[{place}] {words}", state, True, NOW, ended, place, cause=cause)  # noqa: FBT003


STEPS = (
    step("deps 1/3", "WORKDIR /app", 0),
    step("deps 2/3", "COPY package*.json ./", 1, LOCK),
    step("deps 3/3", "RUN npm ci", 7, below("deps 2/3")),
    step("build 1/2", "COPY . .", 1, below("deps 2/3")),
    step("build 2/2", "RUN vite build", 4, ARGUMENT),
)
REF = "nearest0ref1"
EARLIER = Build(
    REF,
    "builder",
    Instant(NOW.ns - 300 * 10**9),
    BuildStatus.SUCCEEDED,
    project=Project("/project"),
    branch=BranchScope.of("main"),
    revision="1a2b3c4d5e6f",
    completed_at=Instant(NOW.ns - 290 * 10**9),
)
OTHER = replace(EARLIER, ref="other0ref123", started_at=Instant(NOW.ns - 900 * 10**9), branch=BranchScope.of("dev"))
BUILD = replace(
    EARLIER,
    ref="explained0ref",
    started_at=NOW,
    completed_at=Instant(NOW.ns + 13 * 10**9),
    steps=STEPS,
    compared_with=REF,
)
STALE = HitWarning(
    HitKind.STALE,
    "config.ini changed, but its size and time did not: the image has the old one.",
    (MissEvidence("content", "config.ini", _OLD, _NEW),),
)
