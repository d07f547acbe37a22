"""Why the steps of one target were not reused, compared with an earlier build.

What may have kept a step from being reused is asked for in one order: a flag, another instruction, another image, other
files, another step above it, a result that is gone, and last a step above it that ran.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from dockcache_tui.core.builds.build import BuildStatus, Step, StepState
from dockcache_tui.core.builds.cause import CauseKind, MissCause, MissEvidence
from dockcache_tui.core.builds.names import parse_name
from dockcache_tui.core.explain import cause_words as words
from dockcache_tui.core.explain.content_differences import content_differences
from dockcache_tui.core.explain.differences import cache_mount, differences, sets_mode
from dockcache_tui.core.explain.keyed_graph import KeyedGraph
from dockcache_tui.core.explain.ops import Edge, Op
from dockcache_tui.core.explain.pairing import pair
from dockcache_tui.core.explain.revisions import as_built, revision_changes, taken_from_context
from dockcache_tui.core.explain.rules import rules_of
from dockcache_tui.core.explain.source_differences import address, same_file, source_cause
from dockcache_tui.core.explain.store import RecordStore
from dockcache_tui.core.explain.traced_build import TracedBuild, is_missed, stage_of, step_ops

_KEPT = {StepState.BUILT, StepState.FALSE_HIT, StepState.REUSED}
_UNDONE = {StepState.FAILED, StepState.CANCELED, StepState.WAITING}
_BROKEN_OFF = (BuildStatus.FAILED, BuildStatus.CANCELED)
_SOURCE, _FILES, _CASCADE, _PARENT, _PERHAPS, _UNSURE, _DOUBTFUL = 0, 1, 2, 3, 4, 8, 9
"""How sure it is that an input kept a step from being reused; from `_PERHAPS` on its files may have been equal."""


class GraphCauses:
    """The causes within one target, worked out in the order of its operations."""

    def __init__(
        self, this: TracedBuild, new: KeyedGraph, earlier: TracedBuild, olds: Mapping[str, KeyedGraph]
    ) -> None:
        """Compare with all targets of the earlier build; steps are paired with those of the nearest one."""
        self._this, self._earlier = this, earlier
        self._new, self._olds = new, olds
        self._steps = step_ops(this.build.steps, new.graph)
        self._old_steps = {name: step_ops(earlier.build.steps, old.graph) for name, old in olds.items()}
        self._store = RecordStore(record for old in olds.values() for record in old.records())
        self._old = max(olds.values(), key=self._nearness)
        self._pairs = pair(self._old, new)
        self._found: dict[Edge, frozenset[str]] = {}
        """The records of the earlier build that answer an operation."""
        self._causes: dict[str, MissCause] = {}
        self._gone: dict[str, MissCause] = {}
        """By records of the earlier build that are not here."""

    def all(self) -> Mapping[str, MissCause]:
        """Return the cause of each step that ran, by its digest."""
        for op in self._new.ops.values():
            step = self._steps.get(op.id)
            missed = step is not None and is_missed(step)
            at_once = self._this.cause_at_once(step, self._new.graph) if step is not None and missed else None
            if at_once is None or at_once.kind is not CauseKind.FLAG:  # what a flag made anew is found by nothing
                self._new.find(op, self._store, self._found)
            if step is not None and missed:
                self._causes[op.id] = at_once or self._cause(op, step)
        return {self._steps[op].digest: cause for op, cause in self._causes.items()}

    def _nearness(self, old: KeyedGraph) -> tuple[bool, bool, int]:
        one, other = old.graph, self._new.graph
        return one.target == other.target, one.platform == other.platform, len(old.all_keys & self._new.all_keys)

    def _cause(self, op: Op, step: Step) -> MissCause:
        if not self._new.keys[op.id].known:
            return words.unknown("It does something that is not known here.")
        if answers := self._answers(op.id):
            return self._vanished(op, step, answers)
        old = self._pairs.get(op.id)
        if old is None:
            keys = set(self._new.keys[op.id].known)
            elsewhere = any(keys & old.all_keys for old in self._olds.values() if old is not self._old)
            return words.unknown("Another target of the earlier build has it.") if elsewhere else words.NEW_STEP
        if self._old.keys[old] != self._new.keys[op.id]:
            return self._of_instruction(op, self._old.ops[old])
        return self._of_inputs(op, self._old.ops[old])

    def _answers(self, op: str) -> frozenset[str]:
        return frozenset(one for output in self._new.outputs[op] for one in self._found.get(Edge(op, output), ()))

    def _vanished(self, op: Op, step: Step, answers: frozenset[str]) -> MissCause:
        """Return the cause of a step of which nothing changed."""
        this, earlier = self._this.build, self._earlier.build
        states = self._states(answers)
        if earlier.status in _BROKEN_OFF and states and states <= _UNDONE:
            return self._unfinished(op, failed=StepState.FAILED in states)
        if reason := self._doubt(op, step, answers):
            return words.unknown(reason)
        seen, since = str(earlier.completed_at or earlier.started_at), str(this.started_at)
        names = (earlier.builder, this.builder) if earlier.builder != this.builder else (earlier.node, this.node)
        moved = all(names) and names[0] != names[1]
        only_read = not moved and self._only_read(answers)
        known = bool(this.builder and earlier.builder)
        cause = self._in_a_cache(answers, seen, since, moved=moved, is_gone=known and not (moved or only_read))
        if cause is None and not known:
            return words.unknown("Nothing that it depends on changed. Which builder ran the two builds is not told.")
        if cause is None and only_read:
            return words.unknown(
                "The earlier build had its result from a cache that it read, perhaps without its data."
            )
        if cause is None:
            cause = words.of_elsewhere(names[0]) if moved else words.of_gone(seen, since)
        self._gone |= dict.fromkeys(answers, cause)
        return cause

    def _unfinished(self, op: Op, *, failed: bool) -> MissCause:
        """Return the cause of a step that the earlier build failed at, or did not come to."""
        above = next((edge.op for edge in op.inputs if edge.op in self._causes), None)
        if failed or above is None:
            return words.of_unfinished(failed=failed)
        root = self._causes[above].root or self._steps[above].digest
        return words.of_cascade(root, self._name_of(root))

    def _only_read(self, answers: frozenset[str]) -> bool:
        """Tell whether the earlier build may have read a result from a cache, without its builder keeping it."""
        return self._states(answers) & _KEPT == {StepState.REUSED} and self._earlier.imports

    def _states(self, answers: frozenset[str]) -> set[StepState]:
        """Return what became of steps in the earlier build."""
        return {self._old_steps[graph][op].state for graph, op in _places(answers) if op in self._old_steps[graph]}

    def _in_a_cache(
        self, answers: frozenset[str], seen: str, since: str, *, moved: bool, is_gone: bool
    ) -> MissCause | None:
        """Return the cause of a step whose result the earlier build wrote to a cache, or on another builder read."""
        this, ways = self._new.graph.imports, list[tuple[int, MissCause]]()
        for graph, op in _places(answers):
            for place in self._olds[graph].graph.exports:
                asked = next((one for one in this if one == place), None)
                error = self._this.unreadable(asked, this) if asked else ""
                if not (place.whole or op in self._olds[graph].of_image):
                    ways += [(2, words.of_not_written(place))] if asked else []
                elif asked is None:
                    ways.append((0, words.of_unread(place, is_gone=is_gone)))
                elif error:
                    ways.append((1, words.of_unreadable(place, error)))
                elif not is_gone:  # else it is told what took it from its builder
                    ways.append((3, words.of_gone_there(place, seen, since)))
            read = [place for place in self._olds[graph].graph.imports if place not in this]
            step = self._old_steps[graph].get(op)
            if moved and read and step and step.state is StepState.REUSED:
                ways.append((4, words.of_read_elsewhere(self._earlier.build.builder, read)))
        return min(ways, key=lambda way: way[0])[1] if ways else None

    def _doubt(self, op: Op, step: Step, answers: frozenset[str]) -> str:
        """Return why it is not certain that the builder of the earlier build had a result, as a sentence."""
        this, earlier = self._this, self._earlier
        above = {self._causes[edge.op].kind for edge in op.inputs if edge.op in self._causes}
        moved = earlier.build.builder != this.build.builder
        updated = rules_of(earlier.evidence.version) != rules_of(this.evidence.version)
        may_be_flagged = self._new.graph.request.get("no-cache") and not stage_of(step, self._new.graph)
        doubts = {
            "--no-cache-filter may name its stage, or its result is gone.": may_be_flagged,
            "The data of a step above it was gone from a cache, perhaps its own too.": CauseKind.DEAD_BLOB in above,
            "The earlier build did not need it, so there may never have been a result of it.": not self._states(answers)
            & _KEPT,
            "The builder was updated since, and calls some results by other names now.": updated and not moved,
        }
        return next((reason for reason, is_so in doubts.items() if is_so), "")

    def _of_instruction(self, op: Op, old: Op) -> MissCause:
        """Return the cause of a step that does something else than before."""
        found = differences(old, op, self._new.rules)
        if not found:
            return words.unknown("It does something else than in the earlier build, which is not told in detail.")
        base, old_base = self._new.base(op), self._old.base(old)
        changed = source_cause(self._old, old_base, self._new, base) if base and old_base else None
        reference = address(self._new.ops[base]) if base else ""
        found = tuple(
            (kind, replace(one, name=reference) if kind is CauseKind.PLATFORM else one) for kind, one in found
        )
        command = " ".join(op.body["meta"].get("args") or ()) if op.kind == "exec" else ""
        return words.of_instruction(found, self._new.graph.request, command, changed)

    def _of_inputs(self, op: Op, old: Op) -> MissCause:
        """Return the cause of a step that does the same as before, with something else or on something else."""
        if len(op.inputs) != len(old.inputs):
            return words.unknown("It takes files from more or fewer places than in the earlier build.")
        ways = [way for number in range(len(op.inputs)) if (way := self._way(op, old, number))]
        if not ways:
            return words.unknown("Nothing that it depends on differs from the earlier build.")
        rank, cause = min(ways, key=lambda way: way[0])
        if cause.kind in (CauseKind.CASCADE, CauseKind.PARENT) and (gone := self._gone_below(old)):
            return gone
        if rank >= _PERHAPS and len({(one.kind, one.root) for rank, one in ways if rank != _DOUBTFUL}) > 1:
            return words.unknown("It takes files from several places, of which any may have changed.")
        if rank >= _PERHAPS and cause.kind is CauseKind.CASCADE and self._may_be_gone(cause.root):
            return words.unknown("It takes files of a step that ran: they are others now, or its own result is gone.")
        return cause

    def _may_be_gone(self, root: str) -> bool:
        """Tell whether the result of a step may be gone that takes files of one that ran, and may have made the same.

        A flag alone changes no files, and where some results are gone others may be.
        """
        ended = next(self._causes[op] for op, step in self._steps.items() if step.digest == root)
        return ended.kind is CauseKind.FLAG or any(one.kind is CauseKind.EVICTED for one in self._gone.values())

    def _way(self, op: Op, old: Op, number: int) -> tuple[int, MissCause] | None:
        """Return how an input kept the step from being reused, and how sure that is; None for one that did not."""
        edge, old_edge = op.inputs[number], old.inputs[number]
        one, other = self._new.inputs[op.id][number], self._old.inputs[old.id][number]
        stands_on_same = self._old.record(old_edge.op, old_edge.output) in self._found.get(edge, ())
        if one.key == other.key and (stands_on_same or same_file(self._old, old_edge.op, self._new, edge.op)):
            return None
        if one.content and one.content == other.content:
            return None
        if self._new.has_files(edge.op) and self._old.has_files(old_edge.op):
            return self._of_files(op, old, number)
        if stands_on_same:
            return _FILES, words.of_other_paths(other.key.paths, one.key.paths)
        rank, cause = self._below(op, number, edge, old_edge)
        return (rank + _PERHAPS if one.key.taken and rank < _PERHAPS else rank), cause

    def _below(self, op: Op, number: int, edge: Edge, old_edge: Edge) -> tuple[int, MissCause]:
        """Return why an input is not what it was."""
        source, old_source = edge.op, old_edge.op
        if mount := cache_mount(op, number):
            return _SOURCE, words.of_mount(MissEvidence("option", mount["dest"]))
        if changed := source_cause(self._old, old_source, self._new, source):
            return _UNSURE if changed.kind is CauseKind.UNKNOWN else _SOURCE, changed
        if below := self._causes.get(source):
            root = below.root or self._steps[source].digest
            return _CASCADE, words.of_cascade(root, self._name_of(root))
        if self._pairs.get(source) == old_source:
            if self._old.keys[old_source] != self._new.keys[source]:
                return _SOURCE, self._of_instruction(self._new.ops[source], self._old.ops[old_source])
            return _DOUBTFUL, words.unknown("A step above it was reused, perhaps with the files of another build.")
        above, old_above = self._title(source), self._old_title(old_source)
        return _PARENT, words.of_parent(above, old_above, is_gone=old_source not in self._pairs.values())

    def _of_files(self, op: Op, old: Op, number: int) -> tuple[int, MissCause]:
        """Return how the files of a context differ, or of a text in the Dockerfile."""
        if not (self._new.tree(op.inputs[number].op) and self._old.tree(old.inputs[number].op)):
            return self._of_commits(op, op.inputs[number].op)
        found = content_differences(self._old, old.id, self._new, op.id, number)
        one, other = self._new.inputs[op.id][number], self._old.inputs[old.id][number]
        if one.content and other.content:
            found = found or (MissEvidence("content", one.key.paths, other.content, one.content),)
        else:  # a file that only one of them has may be one that was not seen in the other
            found = tuple(each for each in found if each.what not in ("added", "removed", "renamed"))
        if not found:
            return _UNSURE, words.unknown("Some files were not read, or changed while the build took them.")
        return _FILES, words.of_content(found, sets_mode=sets_mode(op), takes_all=one.key.paths == "/")

    def _of_commits(self, op: Op, context: str) -> tuple[int, MissCause]:
        """Return how the files of a context differ between the commits of the two builds."""
        before, after = self._earlier.files, self._this.files
        if not before or not after or self._new.ops[context].body.get("identifier") != "local://context":
            return _UNSURE, words.unknown("The files that were sent to one of the two builds were not kept.")
        taken = taken_from_context(op, self._new.graph, self._new.rules)
        told = revision_changes(as_built(before, self._old.graph), as_built(after, self._new.graph), taken)
        if not told.changes or before.dirty or after.dirty:
            return _UNSURE, words.unknown(told.unknown[0])
        return _FILES, words.of_content(told.changes, sets_mode=sets_mode(op))

    def _gone_below(self, old: Op) -> MissCause | None:
        """Return the cause of what a step stood on before, where that is not here: then nothing above it is either."""
        return next((self._gone[one] for one in self._old.below(old) if one in self._gone), None)

    def _name_of(self, digest: str) -> str:
        return next(parse_name(step.name).instruction for step in self._steps.values() if step.digest == digest)

    def _title(self, op: str) -> str:
        step = self._steps.get(op)
        return parse_name(step.name).instruction if step else address(self._new.ops[op])

    def _old_title(self, op: str) -> str:
        step = self._old_steps[self._old.name].get(op)
        return parse_name(step.name).instruction if step else address(self._old.ops[op])


def _places(records: Iterable[str]) -> Sequence[tuple[str, str]]:
    """Return the graphs and operations that records are of."""
    return sorted({(graph, op) for graph, op, _ in (record.split(" ") for record in records)})
