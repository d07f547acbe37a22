"""Why a build's steps ran: each cause once, with its steps and what they cost."""

from collections.abc import Iterable
from dataclasses import dataclass

from dockcache_tui.core.builds.build import Build, Step
from dockcache_tui.core.builds.cause import MissCause, fold
from dockcache_tui.core.builds.names import parse_name


@dataclass(frozen=True, slots=True)
class RootCause:
    """A cause with the steps that it kept from being reused, and those that ran because these did."""

    cause: MissCause
    steps: tuple[Step, ...]
    below: tuple[Step, ...] = ()

    @property
    def seconds(self) -> float:
        """Return how long all of its steps took."""
        return sum(step.duration or 0.0 for step in (*self.steps, *self.below))


def root_causes(build: Build) -> tuple[RootCause, ...]:
    """Return each cause of a build once, in the order of its steps; none of another step that ran."""
    steps = {step.digest: step for step in build.steps}
    folded = fold({step.digest: step.cause for step in build.steps if step.cause})
    return tuple(
        RootCause(one.cause, tuple(map(steps.__getitem__, one.steps)), tuple(map(steps.__getitem__, one.below)))
        for one in folded
    )


def costliest(build: Build) -> RootCause | None:
    """Return the cause whose steps took longest, of equal ones the first; None where no cause is known."""
    return max(root_causes(build), key=lambda root: root.seconds, default=None)


def root_of(step: Step, build: Build) -> RootCause | None:
    """Return the cause at the end of a step's cascade, or the step's own; None where none is known."""
    return next((root for root in root_causes(build) if step in root.steps or step in root.below), None)


def step_place(step: Step) -> str:
    """Return where a step stands in the Dockerfile, as `deps 2/2`; its instruction where the name does not tell."""
    name = parse_name(step.name)
    if name.number is None:
        return name.instruction
    return " ".join(filter(None, (name.platform, name.stage, f"{name.number}/{name.of}")))


def step_places(steps: Iterable[Step], most: int) -> str:
    """Return the places of at most so many steps, and how many more there are."""
    places = [step_place(step) for step in steps]
    more = f" and {len(places) - most} more" if len(places) > most else ""
    return ", ".join(places[:most]) + more
