"""Steps told in the wrong build: of two builds at once that share a step, BuildKit may tell each the other's."""

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

    BuildKit joins equal steps of two builds: one is done, under the digest and the name it has in its own build, and
    the other is left waiting, or is canceled, or is reused in the end. `announced` are the digests told before they
    began, as a build's own are. What another build had begun before this one read its definition is waited for, and
    then reused here.
    """
    begun = _begun(steps)
    strangers = {_place(one): one for one in steps if one.digest not in announced and _shared(one)}
    twins = {one.digest: twin for one in steps if one.digest in announced and (twin := strangers.get(_place(one)))}
    joined = {twin.digest for twin in twins.values()}
    return tuple(_reused(_done(one, twins.get(one.digest), begun), begun) for one in steps if one.digest not in joined)


def _shared(step: Step) -> bool:
    """Tell what two builds can share from a fetch, which has the name of the copy that needs it."""
    parsed = parse_name(step.name)
    return parsed.number is not None and (step.cacheable or parsed.kind is StepKind.MERGE)


def _place(step: Step) -> tuple[str, int | None, str]:
    """Return what is the same of a step in two builds, of which one may have more steps and stages."""
    parsed = parse_name(step.name)
    return parsed.platform, parsed.number, parsed.instruction


def _done(step: Step, twin: Step | None, begun: Instant | None) -> Step:
    """Return a step of ours as its twin tells it, where that is known and the step itself tells less."""
    if twin is None or twin.state in _NOT_RUN:
        return step
    for_both = step.cached and not _before(twin, begun)
    if step.state not in _NOT_RUN and not for_both:
        return step
    return replace(twin, digest=step.digest, name=step.name, stage=step.stage)


def _reused(step: Step, begun: Instant | None) -> Step:
    """Return a step as it is for this build where another had begun it before: waited for, then reused."""
    if not (step.cacheable and _before(step, begun)):
        return step
    if step.state is StepState.CANCELED:
        return replace(step, cacheable=False)
    return replace(step, state=_FOR_US.get(step.state, step.state))


def _before(step: Step, begun: Instant | None) -> bool:
    return bool(begun and step.started_at and step.started_at < begun)


def _begun(steps: Sequence[Step]) -> Instant | None:
    """Return when the build read its definition: the first thing it does, and shares with no other."""
    definitions = (one for one in steps if parse_name(one.name).instruction.startswith("load build definition"))
    return min((one.started_at for one in definitions if one.started_at), default=None)
