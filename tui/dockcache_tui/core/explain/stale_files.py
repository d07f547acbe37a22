"""Which files a build took as they had been before, since its builder saw no difference."""

import stat
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from os import fsdecode

from dockcache_tui.core.builds.build import Build, Step, StepState
from dockcache_tui.core.builds.cause import HitKind, HitWarning, MissEvidence
from dockcache_tui.core.builds.names import identity
from dockcache_tui.core.explain.content import taken_paths
from dockcache_tui.core.explain.content_differences import file_changes
from dockcache_tui.core.explain.context import Context, SentFile
from dockcache_tui.core.explain.evidence import Graph
from dockcache_tui.core.explain.hit_warnings import instruction, named, quoted
from dockcache_tui.core.explain.inputs import Taken, clean, taken_by
from dockcache_tui.core.explain.keyed_graph import context_name
from dockcache_tui.core.explain.ops import Ops
from dockcache_tui.core.explain.path_match import path_match
from dockcache_tui.core.explain.traced_build import TracedBuild, is_missed, step_ops
from dockcache_tui.core.wording import count

_TOOK_NOTHING = (StepState.WAITING, StepState.CANCELED)


def stale(this: TracedBuild, earlier: Sequence[TracedBuild] = ()) -> tuple[HitWarning, ...]:
    """Return which files a build took as they had been before, since its builder saw no difference.

    `earlier` are builds of its project, the newest first, that tell when a folder had which mode. Before a build it
    tells the same of the next: of the steps of the last one, with the contexts as they will be.
    """
    changes: dict[str, Sequence[MissEvidence]] = {}
    taking: dict[str, set[str]] = {}
    for graph in this.evidence.graphs:
        for name, found, step in _old_files(this.build, graph, earlier):
            changes[name] = found
            taking.setdefault(name, set()).add(step)
    steps = dict.fromkeys(instruction(step) for step in this.build.steps)
    alike = [[name for name in sorted(changes) if name.endswith("/") is is_folder] for is_folder in (False, True)]
    return tuple(
        _of_stale(
            {name: changes[name] for name in names},
            [one for one in steps if any(one in taking[name] for name in names)],
        )
        for names in alike
        if names
    )


def asks_earlier(this: TracedBuild) -> bool:
    """Tell whether earlier builds may tell of more: the operations of one that failed, or the mode of a folder."""
    kept = [(graph, file) for graph in this.evidence.graphs for context in graph.contexts for file in context.kept]
    return any(graph.ops is None or stat.S_ISDIR(file.mode) for graph, file in kept)


def with_operations(this: TracedBuild, earlier: TracedBuild) -> TracedBuild:
    """Return a build that failed with the operations that steps of the same names were in an earlier build."""
    graphs = tuple(
        graph if graph.ops else replace(graph, ops=_same_operations(this, graph, earlier))
        for graph in this.evidence.graphs
    )
    return TracedBuild(this.build, replace(this.evidence, graphs=graphs))


def _same_operations(this: TracedBuild, graph: Graph, earlier: TracedBuild) -> Ops | None:
    names = {identity(step.name): step.digest for step in this.build.steps}
    for old in earlier.evidence.graphs:
        if old.ops and (old.target, old.platform) == (graph.target, graph.platform):
            same = ((identity(step.name), op) for op, step in step_ops(earlier.build.steps, old).items())
            return Ops(old.ops.ops, {names[name]: op for name, op in same if name in names})
    return None


def stale_files(context: Context) -> Mapping[bytes, tuple[SentFile, SentFile]]:
    """Return the files that a builder surely has otherwise than they are, each as it has it and as it is."""
    now = {file.path: file for file in context.files}
    pairs = ((old, now[old.path]) for old in context.kept if old.path in now and old.path not in context.unsure)
    return {old.path: (old, new) for old, new in pairs if old.digest and new.digest}


@dataclass(frozen=True, slots=True)
class _Taking:
    """What a step took from a context: its files as the builder has them, by their paths."""

    step: Step
    context: str
    files: Mapping[bytes, SentFile]
    made: frozenset[bytes]
    """Those of them that are folders which a copy makes itself: of what it copies a folder's contents to."""

    @property
    def digests(self) -> Mapping[bytes, str]:
        return {path: file.digest for path, file in self.files.items()}


def _takings(build: Build, graph: Graph, names: Container[str]) -> Iterator[_Taking]:
    """Yield what each step took from contexts of these names."""
    contexts = {context.name: context for context in graph.contexts if context.name in names}
    trees = {name: context.tree for name, context in contexts.items()}
    ops = {op.id: op for op in graph.ops.ops} if graph.ops else {}
    for op, step in step_ops(build.steps, graph).items() if contexts else ():
        for number, edge in enumerate(ops[op].inputs):
            name = context_name(ops[edge.op])
            if name in contexts and step.state not in _TOOK_NOTHING:
                places: dict[bytes, bool] = {}
                for one in taken_by(ops[op], number):
                    for path, place in taken_paths(trees[name], one).items():
                        is_made = ops[op].kind == "file" and _is_top(path, one)
                        places[place.strip(b"/")] = places.get(place.strip(b"/"), True) and is_made
                files = {file.path: file for file in (*contexts[name].files, *contexts[name].kept)}
                found = {path: files[path] for path in places if path in files}
                yield _Taking(step, name, found, frozenset(path for path, is_made in places.items() if is_made))


def _is_top(path: bytes, taken: Taken) -> bool:
    """Tell whether a path is a folder that a copy names."""
    folder, named = fsdecode(path.rstrip(b"/")), clean(taken.path)
    return path.endswith(b"/") and (folder == named or (taken.wildcard and path_match(named, folder)))


def _old_files(
    build: Build, graph: Graph, earlier: Sequence[TracedBuild]
) -> Iterator[tuple[str, tuple[MissEvidence, ...], str]]:
    """Yield each file that a step took as it had been before: its name, how it differs, and the step."""
    stale = {context.name: files for context in graph.contexts if (files := stale_files(context))}
    for taking in _takings(build, graph, stale):
        for path in sorted(stale[taking.context].keys() & taking.files.keys() - taking.made):
            old, new = stale[taking.context][path]
            if old.mode != new.mode and old.mode != _mode_then(path, taking, build, earlier):
                continue
            name = fsdecode(path) + "/" * stat.S_ISDIR(old.mode)
            yield name, tuple(file_changes(name, old, new)), instruction(taking.step)


def _mode_then(folder: bytes, taking: _Taking, build: Build, earlier: Iterable[TracedBuild]) -> int | None:
    """Return the mode that a folder had when the result was made that a step was reused from, None for unknown.

    A builder gives its copy of a folder each new mode, so that a step that runs takes that; only its keys stay.
    """
    reused = None
    for one in earlier if taking.step.cached else ():
        for graph in one.evidence.graphs if one.build.builder == build.builder else ():
            for other in _takings(one.build, graph, (taking.context,)):
                if (other.step.name, other.context, other.digests) == (
                    taking.step.name,
                    taking.context,
                    taking.digests,
                ):
                    there = (file for each in graph.contexts if each.name == other.context for file in each.files)
                    mode = next((file.mode for file in there if file.path == folder), None)
                    if is_missed(other.step):
                        return mode
                    if mode == taking.files[folder].mode:  # then it was reused rightly
                        reused = mode
    return reused


def _of_stale(changes: Mapping[str, Sequence[MissEvidence]], steps: Sequence[str]) -> HitWarning:
    (first, found), *others = changes.items()
    is_folder = first.endswith("/")
    more = f" and {count(len(others), 'more folder' if is_folder else 'more file')}" if others else ""
    its, it = ("their", "them") if others else ("its", "it")
    take = "take" if steps[1:] else "takes"
    if is_folder:
        mode = next((one for one in found if one.what == "mode"), None)
        what = "The mode of" if mode else "The extended attributes of"
        was = f" from {mode.old} to {mode.new}" if mode and not others else ""
        text = (
            f"{what} {first}{more} changed{was}, but a builder that has a folder does not look at that:"
            f" {quoted(steps)} {take} the old one. Remove what it has of your files with `docker buildx prune --filter"
            " type=source.local`, and build again."
        )
    else:
        text = (
            f"{first}{more} changed, but {its} size and time did not, so the builder does not notice:"
            f" {quoted(steps)} {take} {its} old content. Touch {it}, and build again."
        )
    differences = (one for each in changes.values() for one in each)
    return HitWarning(HitKind.STALE, text, (*differences, *named(steps)))
