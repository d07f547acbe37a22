"""Which steps left other files than in an earlier build though nothing changed, so that steps below ran too."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from dockcache_tui.core.builds.build import Build, Step
from dockcache_tui.core.builds.cause import CauseKind, HitKind, HitWarning
from dockcache_tui.core.explain.evidence import Graph
from dockcache_tui.core.explain.hit_warnings import CLOCKS_NS, instruction, named, quoted
from dockcache_tui.core.explain.keyed_graph import KeyedGraph
from dockcache_tui.core.explain.ops import Edge
from dockcache_tui.core.explain.store import RecordStore
from dockcache_tui.core.explain.traced_build import TracedBuild, is_missed, step_ops
from dockcache_tui.core.records.record import Record

_PRINTED_NS = 5_000_000_000
"""How much later than they were the times of a build may be printed."""


def changed_results(this: TracedBuild, earlier: TracedBuild, records: Iterable[Record]) -> tuple[HitWarning, ...]:
    """Return which steps left other files than in an earlier build for equal inputs, so that steps below ran.

    Told only where the builder still has the result that such a step had then, and so took its files for others.
    """
    build, before = this.build, earlier.build
    is_there = build.node and (build.builder, build.node) == (before.builder, before.node)
    rules = next(iter(this.evidence.rules), None)
    if not is_there or this.evidence.version != earlier.evidence.version or rules is None:
        return ()
    there = [record for record in records if record.node == build.node]
    return tuple(
        warning
        for graph in this.evidence.under(rules)
        for old in earlier.evidence.under(rules)
        if (old.target, old.platform) == (graph.target, graph.platform)
        for warning in _changed(this, KeyedGraph(graph, rules), earlier, KeyedGraph(old, rules), there)
    )


def flagged_ops(this: TracedBuild, graph: Graph) -> frozenset[str]:
    """Return the operations of stages that alone were told not to be reused."""
    if not graph.request.get("no-cache"):
        return frozenset()
    causes = ((op, this.cause_at_once(step, graph)) for op, step in step_ops(this.build.steps, graph).items())
    return frozenset(op for op, cause in causes if cause and cause.kind is CauseKind.FLAG)


def _changed(
    this: TracedBuild, new: KeyedGraph, earlier: TracedBuild, old: KeyedGraph, records: Sequence[Record]
) -> Iterator[HitWarning]:
    flagged = flagged_ops(this, new.graph)
    if not flagged:
        return
    steps, old_steps = step_ops(this.build.steps, new.graph), step_ops(earlier.build.steps, old.graph)
    equal = _equal(new, old)
    for op in new.ops.values():
        sources = [
            edge.op
            for edge, one in zip(op.inputs, new.inputs[op.id], strict=True)
            if edge.op in flagged and one.key.taken
        ]
        runs = [instruction(steps[one]) for one in _runs(new, sources, flagged) if one in steps]
        before = [old_steps[one] for one in equal[op.id] if one in old_steps]
        is_told = runs and op.id not in flagged and op.id in steps and is_missed(steps[op.id])
        if is_told and any(_has_result(records, step, earlier.build) for step in before):
            above = [op.id, *_above(new, op.id)]
            yield _of_changed(
                runs, [instruction(steps[one]) for one in above if one in steps and is_missed(steps[one])]
            )
            if late := [instruction(steps[one]) for one in above if one in steps and steps[one].cached]:
                yield _of_late(instruction(steps[op.id]), late)


def _equal(new: KeyedGraph, old: KeyedGraph) -> Mapping[str, frozenset[str]]:
    """Return of each operation those of an earlier build that are equal, with all that they stand on."""
    store = RecordStore(old.records())
    names = {old.record(op, output): op for op, outputs in old.outputs.items() for output in outputs}
    found: dict[Edge, frozenset[str]] = {}
    for op in new.ops.values():
        new.find(op, store, found)
    return {op: frozenset(names[one] for one in found[Edge(op)]) for op in new.ops}


def _has_result(records: Sequence[Record], step: Step, earlier: Build) -> bool:
    """Tell whether a builder still has the result that a step had in an earlier build."""
    named = [record for record in records if record.description == step.name]
    if step.cached:  # it was there before, and used last when that build let go of it or later
        began = min((one.started_at.ns for one in earlier.steps if one.started_at), default=0) - _PRINTED_NS
        there = (one for one in named if step.started_at and one.created_at < step.started_at)
        return any(record.last_used_at.ns >= began for record in there if record.last_used_at)
    if step.started_at is None or step.completed_at is None:
        return False
    began, ended = step.started_at.ns - _PRINTED_NS, step.completed_at.ns + CLOCKS_NS
    return any(began <= record.created_at.ns <= ended for record in named)


def _runs(graph: KeyedGraph, sources: Sequence[str], flagged: frozenset[str]) -> list[str]:
    """Return the commands of flagged stages that something stands on, the last first."""
    waiting, seen = list(sources), set[str]()
    while waiting:
        op = waiting.pop()
        if op in flagged and op not in seen:
            seen.add(op)
            waiting += [edge.op for edge in graph.ops[op].inputs]
    return [op for op in reversed(list(graph.ops)) if op in seen and graph.ops[op].kind == "exec"]


def _above(graph: KeyedGraph, first: str) -> list[str]:
    """Return all operations whose layers lie on those of one."""
    return [op.id for op in graph.ops.values() if graph.record(first, 0) in graph.below(op)]


def _of_changed(runs: Sequence[str], below: Sequence[str]) -> HitWarning:
    perhaps = " or a step above it" if len(runs) > 1 else ""
    text = (
        f"{quoted(runs[:1])}{perhaps} left other files than before, though nothing that it depends on changed, so"
        f" {quoted(below)} ran too. Let it leave the same files each time, without dates, random names or versions"
        " that are not fixed."
    )
    return HitWarning(HitKind.NOT_DETERMINISTIC, text, named((*runs, *below)))


def _of_late(copy: str, late: Sequence[str]) -> HitWarning:
    text = (
        f"{quoted([copy])} took new files, but {quoted(late)}, which builds on it, was reused with the old ones, and so"
        " the image has those: builders do that where --no-cache-filter names the stage that the files are from. Build"
        " with --no-cache once."
    )
    return HitWarning(HitKind.STALE, text, named((copy, *late)))
