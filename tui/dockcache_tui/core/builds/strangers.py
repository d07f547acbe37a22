"""Steps told in the wrong build: of two builds at once that share a step, BuildKit may tell each the other's."""

from collections import Counter
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from dockcache_tui.core.builds.build import Step, StepState
from dockcache_tui.core.builds.names import StepKind, parse_name
from dockcache_tui.core.instant import Instant

_NOT_RUN = {StepState.WAITING, StepState.CANCELED}
_FOR_US = {StepState.RUNNING: StepState.WAITING, StepState.BUILT: StepState.REUSED}


def told_as_ours(steps: Sequence[Step], announced: AbstractSet[str]) -> tuple[Step, ...]:
    """Return the steps, each that another build did for this one told as this build's own.

    BuildKit joins equal steps of two builds: one is done, under the digest it has in its own build, and the other is
    left waiting or is canceled. `announced` are the digests told before they began, as a build's own are. What another
    build had begun before this one read its definition is waited for, and then reused here.
    """
    begun = _begun(steps)
    strangers = {one.name: one for one in steps if one.digest not in announced and one.state not in _NOT_RUN}
    joined: set[str] = set()
    ours = []
    for one in steps:
        twin = strangers.get(one.name)
        if twin and one.digest in announced and one.state in _NOT_RUN and parse_name(one.name).number is not None:
            joined.add(twin.digest)
            ours.append(_reused(replace(twin, digest=one.digest), begun))
        else:
            ours.append(_reused(one, begun))
    return tuple(one for one in ours if one.digest not in joined)


def _reused(step: Step, begun: Instant | None) -> Step:
    """Return a step as it is for this build where another had begun it before: waited for, then reused."""
    if not (begun and step.cacheable and step.started_at and step.started_at < begun):
        return step
    if step.state is StepState.CANCELED:
        return replace(step, cacheable=False)
    return replace(step, state=_FOR_US.get(step.state, step.state))


def _begun(steps: Sequence[Step]) -> Instant | None:
    """Return when the build read its definition: the first thing it does, and shares with no other."""
    definitions = (one for one in steps if parse_name(one.name).instruction.startswith("load build definition"))
    return min((one.started_at for one in definitions if one.started_at), default=None)


def own_steps(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Return the steps without those that have a namesake and were over before the build read its definition."""
    begun = [one.started_at for one in steps if one.started_at and parse_name(one.name).kind is StepKind.INTERNAL]
    names = Counter(one.name for one in steps)
    if not begun or len(names) == len(steps):
        return tuple(steps)
    first = min(begun)
    return tuple(
        one for one in steps if names[one.name] == 1 or not one.cacheable or (one.completed_at or first) >= first
    )
