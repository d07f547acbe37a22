"""Which layer a record holds: the one that its step made, where that step's builds tell."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from dockcache_tui.core.builds.build import Build, Step, StepState
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.attribution import ScopedRecord
from dockcache_tui.core.records.record import Record, RecordKey
from dockcache_tui.core.records.steps import StepKey, fitness, name_key

_PULLED = "pulled from "
_Steps = dict[StepKey, list[Step]]


def record_layers(records: Iterable[ScopedRecord]) -> dict[RecordKey, str]:
    """Return the digest of each record's layer; BuildKit itself tells none, so of a record in doubt nothing is said.

    A record is of the step that made it, else of one that reused it. A pulled image's records lie one on another as its
    layers do. What two records could be, neither is.
    """
    kept = tuple(records)
    by_key = {one.key: one.record for one in kept}
    steps: dict[str, _Steps] = {}
    claims: defaultdict[tuple[str, str, int], list[tuple[RecordKey, str]]] = defaultdict(list)
    for one in kept:
        step = next(_sure(one, steps), None)
        position = _depth(one.record, by_key, len(step.layers)) if step else None
        if step and position is not None:
            claims[one.record.node, step.digest, position].append((one.key, step.layers[position]))
    return dict(found[0] for found in claims.values() if len({key for key, _ in found}) == 1)


def _sure(scoped: ScopedRecord, steps: dict[str, _Steps]) -> Iterator[Step]:
    """Yield the steps that packed the record and can have been no other step's."""
    record = scoped.record
    pulled = record.description.startswith(_PULLED)
    if record.type != "regular" or (record.description.startswith("mount ") and record.description[6:8] != "/ "):
        return  # what a step has mounted besides its root is in no layer
    used_at = record.last_used_at or record.created_at
    for build, step, at, reused in (
        (scoped.created_by, scoped.created_step, record.created_at, False),
        (scoped.last_used_by, scoped.last_used_step, used_at, True),
    ):
        if build is None or step is None or not step.layers:
            continue
        if pulled and not step.name.endswith(f" {record.description.removeprefix(_PULLED)}"):
            continue  # the same tag, but another image
        fits = pulled or (step.state is StepState.REUSED) is reused
        if fits and _alone(build, step, record.description, at, steps):
            yield step


def _alone(build: Build, step: Step, description: str, at: Instant, steps: dict[str, _Steps]) -> bool:
    """Tell whether no other step of the build fits as well: platforms and bake's targets run the same instructions."""
    if step.name == description:
        return True
    if build.ref not in steps:
        steps[build.ref] = defaultdict(list)
        for one in build.steps:
            steps[build.ref][name_key(one.name)].append(one)
    like = steps[build.ref][name_key(step.name)]
    return all(other is step or fitness(other, at) < fitness(step, at) for other in like)


def _depth(record: Record, by_key: dict[RecordKey, Record], layers: int) -> int | None:
    """Return which of its step's layers it is: of an image the one on as many records as layers, else the only one."""
    if not record.description.startswith(_PULLED):
        return 0 if layers == 1 else None
    for depth in range(layers):
        if not record.parents:
            return depth
        parent = by_key.get(RecordKey(record.node, record.parents[0]))
        if parent is None:
            return None
        record = parent
    return None
