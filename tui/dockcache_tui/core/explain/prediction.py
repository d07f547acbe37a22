"""Which steps a build that has not run would reuse, from its operations and what its builder has.

A step is predicted as a hit or a miss only where that is certain. The rule is that of `store`, with three values: an
input leads to a record of an earlier build surely, perhaps or not at all, and a record is there surely, perhaps or not.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product

from dockcache_tui.core.builds.build import Build, Prediction, Step, StepState
from dockcache_tui.core.builds.cause import MissCause
from dockcache_tui.core.explain import cause_words as words
from dockcache_tui.core.explain.baseline import nearest
from dockcache_tui.core.explain.cache_config import CachedRecord
from dockcache_tui.core.explain.causes import causes
from dockcache_tui.core.explain.evidence import Graph
from dockcache_tui.core.explain.holdings import Holdings, HowSure
from dockcache_tui.core.explain.keyed_graph import KeyedGraph, KeyedInput, is_local, stands_on
from dockcache_tui.core.explain.ops import Edge, Op
from dockcache_tui.core.explain.rules import KeyRules, agreed
from dockcache_tui.core.explain.stale_files import stale
from dockcache_tui.core.explain.store import KeyedRecord, content_record, record_digest
from dockcache_tui.core.explain.traced_build import TracedBuild, counts, step_ops

NO, MAYBE, YES = HowSure.NO, HowSure.MAYBE, HowSure.YES
SERVER = "It hangs on what a server says."
OUTPUT = "It takes files from a step that runs, and is reused if they are as before."
COPY = "Which files the builder would have is not known."
ABOVE = "It stands on a step of which it is not known whether it is reused."
HELD = "Whether the builder still has its result is not known."
OTHERS = "The builder has a result of such a step, and it is not known what that was made from."
STRANGE = "It does something that is not known here."
LOST = "A cache that the build reads names its result, and has no data of it."
IMPORTED = "A cache that the build reads may have its result."
NOT_NEEDED = "There is no result of it any more, and perhaps nothing needs one."
VERSIONS = "The builder does not tell its version, and versions differ in this."
_STATES = {Prediction.HIT: StepState.REUSED, Prediction.MISS: StepState.BUILT, Prediction.UNKNOWN: StepState.WAITING}


@dataclass(frozen=True, slots=True)
class Coming:
    """A build that has not run, its steps waiting; the vertexes of its graphs are the digests of its steps."""

    traced: TracedBuild
    anew: frozenset[str] = frozenset()
    """The steps that are told to run, whatever there is of them."""
    imports: bool = False
    """Whether it reads caches that nobody has looked into."""
    cached: tuple[CachedRecord, ...] = ()
    """What the other caches have that it reads."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """What an earlier build may have left of one operation."""

    graph: KeyedGraph
    op: Op
    there: HowSure
    results: frozenset[int]
    """Where it is among the node's records."""


_Way = tuple[HowSure, str]
"""Whether an input leads to a record, and what keeps that from being certain."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A record that may answer an operation."""

    name: str
    there: HowSure
    doubt: str
    """Why its result is perhaps not there, where that is not certain."""
    results: frozenset[int]
    way: Callable[[Op, int], _Way]


@dataclass(frozen=True, slots=True)
class _Predicted:
    prediction: Prediction
    reason: str = ""


def predict(coming: Coming, earlier: Sequence[TracedBuild], held: Holdings) -> Build:
    """Return a coming build with what is predicted of each step that can be reused, why it would not be, and old files.

    `earlier` are builds on the same node, the newest first.
    """
    this = coming.traced
    told = [_under(rules, coming, earlier, held) for rules in this.evidence.rules]
    digests = {digest: None for one in told for digest in one}
    found = {digest: agreed(one[digest] for one in told) for digest in digests}
    unsure = _Predicted(Prediction.UNKNOWN, VERSIONS)
    predicted = {digest: one or unsure for digest, one in found.items()}
    steps = tuple(
        replace(step, state=_STATES[predicted[step.digest].prediction]) if step.digest in predicted else step
        for step in this.build.steps
    )
    as_if = TracedBuild(replace(this.build, steps=steps), this.evidence)
    base = nearest(as_if, earlier)
    why = causes(as_if, base)
    return replace(
        this.build,
        steps=tuple(_with(step, predicted.get(step.digest), why) for step in this.build.steps),
        compared_with=base.build.ref if base else "",
        warnings=stale(as_if, earlier),
    )


def _with(step: Step, predicted: _Predicted | None, why: Mapping[str, MissCause]) -> Step:
    if predicted is None:
        return step
    cause = words.unknown(predicted.reason) if predicted.reason else why.get(step.digest)
    return replace(step, prediction=predicted.prediction, cause=cause)


def _under(rules: KeyRules, coming: Coming, earlier: Sequence[TracedBuild], held: Holdings) -> Mapping[str, _Predicted]:
    kept: defaultdict[str, list[_Kept]] = defaultdict(list)
    for number, traced in enumerate(earlier):
        for position, graph in enumerate(traced.evidence.under(rules)):
            _keep(kept, traced, KeyedGraph(graph, rules, f"{number}.{position}"), held)
    found: dict[str, _Predicted] = {}
    for graph in coming.traced.evidence.under(rules):
        found |= _GraphPrediction(coming, graph, rules, kept, held).all()
    return found


def _keep(kept: Mapping[str, list[_Kept]], traced: TracedBuild, graph: KeyedGraph, held: Holdings) -> None:
    steps = step_ops(traced.build.steps, graph.graph)
    for op in graph.ops.values():
        step = steps.get(op.id)
        there, results = (
            (held.has(traced.build, step), held.results(traced.build, step)) if step else (MAYBE, frozenset())
        )
        for key in graph.keys[op.id].known:
            for output in graph.outputs[op.id]:
                kept[record_digest(key, output)].append(_Kept(graph, op, there, results))


class _GraphPrediction:
    """What is predicted of one target, in the order of its operations."""

    def __init__(
        self, coming: Coming, graph: Graph, rules: KeyRules, kept: Mapping[str, list[_Kept]], held: Holdings
    ) -> None:
        self._coming, self._kept, self._held = coming, kept, held
        self._new = KeyedGraph(graph, rules)
        self._cached: Mapping[str, list[CachedRecord]] = defaultdict(list)
        for one in coming.cached:
            self._cached[one.record.digest].append(one)
        self._digests = {one.record.id: one.record.digest for one in coming.cached}
        self._steps = step_ops(coming.traced.build.steps, graph)
        self._anew = {op for op, step in self._steps.items() if step.digest in coming.anew}
        self._found: dict[Edge, dict[str, HowSure]] = {}
        """By what is called so in `KeyedGraph.record`: which records of earlier builds an operation leads to."""
        self._results: dict[str, frozenset[int]] = {}
        """Where the results that answer operations are among the node's records, by operation."""
        self._predicted: dict[str, _Predicted] = {}

    def all(self) -> Mapping[str, _Predicted]:
        for op in self._new.ops.values():
            self._predicted[op.id] = self._judge(op)
        for name in reversed(list(self._new.ops)):
            if self._is_gone(name) and self._is_unneeded(name):
                self._predicted[name] = _Predicted(Prediction.UNKNOWN, NOT_NEEDED)
        return {step.digest: self._predicted[op] for op, step in self._steps.items() if counts(step)}

    def _judge(self, op: Op) -> _Predicted:
        """Find the records that an operation leads to; those it stands on were judged before."""
        if op.id in self._anew:
            return _Predicted(Prediction.MISS)
        best, reasons = NO, list[str]()
        for output, candidate in self._candidates(op):
            ways = [candidate.way(op, number) for number in range(len(op.inputs))]
            match, reason = min(ways, default=(YES, ""))
            if match:
                self._found.setdefault(Edge(op.id, output), {})[candidate.name] = match
            if min(match, candidate.there) == YES:
                self._results[op.id] = self._results.get(op.id, frozenset()) | candidate.results
            best = max(best, min(match, candidate.there))
            reasons += [reason or candidate.doubt] if min(match, candidate.there) == MAYBE else []
        if best == YES:
            return _Predicted(Prediction.HIT)
        reason = next(iter(reasons), "") or self._doubt(op)
        return _Predicted(Prediction.UNKNOWN, reason) if reason else _Predicted(Prediction.MISS)

    def _candidates(self, op: Op) -> Iterator[tuple[int, _Candidate]]:
        """Yield the records with a key of an operation, each with which of its outputs it is of."""
        for output, key in product(self._new.outputs[op.id], self._new.keys[op.id].known):
            digest = record_digest(key, output)
            for kept in self._kept.get(digest, ()):
                name = kept.graph.record(kept.op.id, output)
                yield output, _Candidate(name, kept.there, HELD, kept.results, partial(self._way, kept=kept))
            for one in self._cached.get(digest, ()):
                there = NO if not one.results else MAYBE if one.is_lost else YES
                way = partial(self._way_in_cache, record=one.record)
                yield output, _Candidate(one.record.id, there, LOST, frozenset(), way)

    def _way_in_cache(self, op: Op, number: int, record: KeyedRecord) -> _Way:
        """Tell the same of a record of a cache that the build reads."""
        edge, one = op.inputs[number], self._new.inputs[op.id][number]
        found, links = self._found.get(edge, {}), [link for link in record.links if link.input == number]
        named = (found.get(link.parent, NO) for link in links if link.selector == (one.key.selector or ""))
        by_name = max(named, default=NO)
        by_content = [link for link in links if not link.selector]
        if one.content and any(self._digests[link.parent] == content_record(one.content) for link in by_content):
            return YES, ""
        if by_name == NO and self._is_open(edge.op) and links:
            return MAYBE, SERVER
        if by_name == NO and one.key.taken and not one.content and by_content:
            return MAYBE, COPY if is_local(self._new.ops[edge.op]) else OUTPUT
        return by_name, ABOVE if by_name == MAYBE else ""

    def _way(self, op: Op, number: int, kept: _Kept) -> _Way:
        """Tell whether an input leads to a record of an earlier build, and what keeps that from being certain."""
        edge, one = op.inputs[number], self._new.inputs[op.id][number]
        old_edge, other = kept.op.inputs[number], kept.graph.inputs[kept.op.id][number]
        by_name, why = NO, ""
        if one.key.selector == other.key.selector:
            by_name = self._found.get(edge, {}).get(kept.graph.record(old_edge.op, old_edge.output), NO)
            why = ABOVE if by_name == MAYBE else ""
            if by_name == NO and self._is_open(edge.op) and kept.graph.ops[old_edge.op].kind == "source":
                by_name, why = MAYBE, SERVER
        if by_name == YES or not (one.key.taken and other.key.taken):
            return by_name, why
        if one.content and other.content:
            return (YES, "") if one.content == other.content else (by_name, why)
        local = is_local(self._new.ops[edge.op])
        return MAYBE, why or (COPY if local else OUTPUT)

    def _doubt(self, op: Op) -> str:
        """Return why an operation that no known record answers may be answered all the same."""
        step = self._steps.get(op.id)
        if step is None or not counts(step):
            return ""
        if not self._new.keys[op.id].known:
            return STRANGE
        if any(self._is_new(edge.op) and not key.key.taken for edge, key in self._edges(op)):
            return ""
        if self._held.has_others(op, step.name, self._below(op)):
            return OTHERS
        return IMPORTED if self._coming.imports else ""

    def _edges(self, op: Op) -> Iterable[tuple[Edge, KeyedInput]]:
        return zip(op.inputs, self._new.inputs[op.id], strict=True)

    def _is_new(self, op: str) -> bool:
        """Tell whether an operation will come to what nothing can stand on yet."""
        missed = self._predicted[op].prediction is Prediction.MISS
        found = any(self._found.get(Edge(op, output)) for output in self._new.outputs[op])
        return missed and not found and op in self._steps and counts(self._steps[op])

    def _below(self, op: Op) -> frozenset[int]:
        """Return where the results that an operation's layers would lie on are; none where that is not known."""
        on = stands_on(op)
        if len(on) != 1:
            return frozenset()
        below = self._new.ops[on[0].op]
        if below.kind == "source":
            return self._held.layers(below.body["identifier"].rpartition("@")[2])
        if self._held.has_others(
            below, self._steps[below.id].name if below.id in self._steps else "", self._below(below)
        ):
            return frozenset()
        return self._results.get(below.id, frozenset())

    def _is_open(self, op: str) -> bool:
        """Tell whether an operation may be found by keys that are not known."""
        return not self._new.keys[op].complete

    def _is_gone(self, op: str) -> bool:
        """Tell whether an operation leads to records that are no longer there."""
        return self._predicted[op].prediction is Prediction.MISS and any(
            match == YES for output in self._new.outputs[op] for match in self._found.get(Edge(op, output), {}).values()
        )

    def _is_unneeded(self, op: str) -> bool:
        users = [one.id for one in self._new.ops.values() if any(edge.op == op for edge in one.inputs)]
        return bool(users) and any(self._predicted[one].prediction is not Prediction.MISS for one in users)
