"""What took the results that a builder no longer has, from the tombstones of its records."""

from collections.abc import Iterable, Mapping, Sequence

from dockcache_tui.core.builds.build import Build, Step
from dockcache_tui.core.builds.cause import CauseKind, MissCause
from dockcache_tui.core.builds.names import identity, parse_name
from dockcache_tui.core.explain import cause_words as words
from dockcache_tui.core.records.claims import PRINTED_SLACK_NS, claims_of
from dockcache_tui.core.records.steps import CACHE_MOUNT, name_key
from dockcache_tui.core.records.tombstone import Tombstone


def is_evicted(cause: MissCause) -> bool:
    """Tell whether a cause is that the builder no longer has a result, and it is not known what took it."""
    return cause.kind is CauseKind.EVICTED and {one.what for one in cause.differences} == {"unknown"}


def with_evictions(
    causes: Mapping[str, MissCause], build: Build, earlier: Build, tombstones: Iterable[Tombstone]
) -> Mapping[str, MissCause]:
    """Return the causes of a build's steps with what took the results that the earlier build had or made.

    What no tombstone tells of stays as it was.
    """
    buried = [one for one in tombstones if _may_be_missed(one, build, earlier)]
    records = [one.record for one in buried]
    places = {record.id: position for position, record in enumerate(records)}
    parents = [[places[one] for one in record.parents if one in places] for record in records]
    by_step: dict[str, list[Tombstone]] = {}
    for claim in claims_of(records, parents, [earlier]):
        by_step.setdefault(claim.step.digest, []).extend(buried[one] for one in claim.records)
    found = dict(causes)
    for step in build.steps:
        cause = causes.get(step.digest)
        old = _same(step, earlier.steps) if cause and is_evicted(cause) else None
        seen_before = [one for one in by_step.get(old.digest, ()) if _was_missed_by(step, one)] if old else []
        if seen_before:
            found[step.digest] = words.of_loss(seen_before)
    return found


def _may_be_missed(one: Tombstone, build: Build, earlier: Build) -> bool:
    """Tell whether the earlier build can have left a record that this one missed."""
    here = build.node in ("", one.record.node) and one.record.type != CACHE_MOUNT
    return here and (earlier.completed_at is None or one.gone_at > earlier.completed_at)


def _was_missed_by(step: Step, one: Tombstone) -> bool:
    """Tell whether a record was not seen after a step had to run, by whichever clock."""
    return step.started_at is None or one.seen_at.ns <= step.started_at.ns + PRINTED_SLACK_NS


def _same(step: Step, steps: Sequence[Step]) -> Step | None:
    """Return the step of another build that does the same at the same place, or else anywhere in its stage."""
    place = identity(step.name)
    stage, key = parse_name(step.name).stage, name_key(step.name)
    alike = [one for one in steps if name_key(one.name) == key and parse_name(one.name).stage == stage]
    return next((one for one in alike if identity(one.name) == place), alike[0] if len(alike) == 1 else None)
