"""Why a build's steps ran: each cause once, with its steps and what they cost."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from dockcache_tui.core.builds.build import Build, Step
from dockcache_tui.core.builds.cause import CauseKind, HitWarning, MissCause, MissEvidence, fold
from dockcache_tui.core.builds.names import parse_name
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.wording import age, count, cut, span

_DIGEST = re.compile("(?:sha256:|git )([0-9a-f]{12})[0-9a-f]{28,52}")
_OF_FILE = re.compile("(sha256:[0-9a-f]{64}), (.+)")
_MAX_VALUE = 120
_TOLD_WHOLE = (CauseKind.FLAG, CauseKind.PARENT)
_PLAIN = ("content", "changed", "args", "unknown")


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


def headline(build: Build, now: Instant) -> str:
    """Return which build it is and what came of it, as a sentence."""
    took = f" in {span(build.duration)}" if build.duration is not None else ""
    reused = f"{build.cached} of {count(build.cacheable, 'step')} reused"
    return f"Build {_which(build, now)}: {build.status.value}{took}, {reused}."


def comparison(build: Build, earlier: Build | None, now: Instant) -> str:
    """Return which build it was compared with, as a sentence; empty where it was with none."""
    if earlier is None:
        return f"Compared with build {build.compared_with}." if build.compared_with else ""
    return f"Compared with build {_which(earlier, now)}."


def _which(build: Build, now: Instant) -> str:
    words = (
        build.ref[:12],
        f"of {build.project.name if build.project else build.folder}" if build.project or build.folder else "",
        f"on branch {build.branch.short}" if build.branch else "",
        f"by the builder {build.builder}" if build.builder else "",
        f"{age(build.started_at, now)} ago",
    )
    return " ".join(filter(None, words))


def warning_lines(warning: HitWarning) -> tuple[str, ...]:
    """Return a line for each thing that a warning is about and that has an old or a new value."""
    return tuple(
        f"{_name(one)}{_values(one)}" for one in warning.differences if one.old is not None or one.new is not None
    )


def evidence_lines(cause: MissCause) -> tuple[str, ...]:
    """Return a line for each thing that differs and that its sentence may not tell.

    As `app.py: 10 bytes 1f2e3d4c5b6a -> 12 bytes 6a5b4c3d2e1f`.
    """
    if cause.kind in _TOLD_WHOLE:
        return ()
    shown = [one for one in cause.differences if one.old is not None or one.new is not None]
    if cause.kind is CauseKind.EVICTED:
        # what may have taken it is in the sentence, and of all of that the times are the same
        return tuple(f"last seen {one.old or 'at an unknown time'}, gone since {one.new}" for one in shown[:1])
    return tuple(f"{_name(one)}{_values(one)}" for one in shown)


def _name(one: MissEvidence) -> str:
    what = "" if one.what in _PLAIN else one.what
    name = f"{one.name} ({what})" if one.name and what else one.name or what
    return f"{name}: " if name else ""


def _values(one: MissEvidence) -> str:
    old, new = _value(one.old), _value(one.new)
    if one.old is not None and one.new is not None:
        return f"{old} -> {new}"
    return old or new if one.what in ("added", "removed") else f"{old} before" if old else f"{new} now"


def _value(text: str | None) -> str:
    """Return a value with its digests cut short; a file's size comes first."""
    return cut(_DIGEST.sub(r"\1", _OF_FILE.sub(r"\2 \1", text or "")), _MAX_VALUE)
