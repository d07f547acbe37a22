"""How much of a build was reused, by time: what a reused step would have cost."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from dockcache_tui.core.builds.build import Build, BuildStatus, Step, StepState
from dockcache_tui.core.builds.names import identity

SAVING = frozenset({BuildStatus.RUNNING, BuildStatus.SUCCEEDED})
"""What a build is whose reuse is worth something."""


def with_shares(build: Build, last: Mapping[str, float]) -> Build:
    """Return a build with what its reuse is worth; one that failed, was canceled or lost claims nothing.

    `last` maps a step's identity to the seconds it took when it last really ran.
    """
    if build.status not in SAVING:
        return replace(build, time_saved=None, weighted_reuse=None)
    return replace(build, time_saved=time_saved(build.steps, last), weighted_reuse=weighted_reuse(build.steps, last))


def time_saved(steps: Iterable[Step], last: Mapping[str, float]) -> float | None:
    """Return the seconds the reused steps took when they last ran; None when none of them is known.

    `last` maps a step's identity to the seconds it took when it last really ran.
    """
    reused = [identity(step.name) for step in steps if step.cacheable and step.cached]
    known = [last[name] for name in reused if name in last]
    return sum(known) if known else None


def weighted_reuse(steps: Iterable[Step], last: Mapping[str, float]) -> float | None:
    """Return the reused part of the build's cacheable time, 0 to 1; steps of unknown cost are left out.

    A step that ran weighs what it took now, a reused one what it took when it last ran.
    """
    reused = total = 0.0
    for step in steps:
        ran = step.state in {StepState.BUILT, StepState.FALSE_HIT}
        weight = step.duration if ran else last.get(identity(step.name))
        if step.cacheable and (ran or step.cached) and weight is not None:
            total += weight
            reused += weight if step.cached else 0.0
    return reused / total if total else None


def to_watch(build: Build) -> Step | None:
    """Return the step that failed, else the one that runs longest, else the one that took longest to run; or None."""
    began = [step for step in build.steps if step.cacheable and step.started_at]
    for state in (StepState.FAILED, StepState.RUNNING):
        if found := [step for step in began if step.state is state]:
            return min(found, key=lambda step: (step.started_at, step.digest))
    ran = [step for step in began if step.state in (StepState.BUILT, StepState.FALSE_HIT)]
    return max(ran, key=lambda step: step.duration or 0.0, default=None)
