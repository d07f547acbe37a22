"""Which step of a build to look at when nobody chose one."""

from dockcache_tui.core.builds.build import Build, Step, StepState


def to_watch(build: Build) -> Step | None:
    """Return the step that failed, else the one that runs longest, else the one that took longest to run; or None."""
    began = [step for step in build.steps if step.cacheable and step.started_at]
    for state in (StepState.FAILED, StepState.RUNNING):
        if found := [step for step in began if step.state is state]:
            return min(found, key=lambda step: (step.started_at, step.digest))
    ran = [step for step in began if step.state in (StepState.BUILT, StepState.FALSE_HIT)]
    return max(ran, key=lambda step: step.duration or 0.0, default=None)
