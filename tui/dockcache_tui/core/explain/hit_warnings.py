"""What is wrong with what a build reused: old files, data that was gone, empty mounts, and equal steps that differ."""

import re
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from os import fsdecode

from dockcache_tui.core.builds.build import Build, Step, StepState
from dockcache_tui.core.builds.cause import HitKind, HitWarning, MissEvidence
from dockcache_tui.core.builds.names import identity, parse_name
from dockcache_tui.core.explain.content import taken_paths
from dockcache_tui.core.explain.content_differences import file_changes
from dockcache_tui.core.explain.context import Context, SentFile
from dockcache_tui.core.explain.evidence import Graph
from dockcache_tui.core.explain.inputs import taken_by
from dockcache_tui.core.explain.keyed_graph import context_name
from dockcache_tui.core.explain.ops import Ops
from dockcache_tui.core.explain.traced_build import TracedBuild, is_missed, lost_blob, step_ops
from dockcache_tui.core.records.record import Record
from dockcache_tui.core.records.steps import StepKey, cache_mounts, keys_of_record, mount_target
from dockcache_tui.core.wording import count, cut

_MAX_NAME = 60
_IMPORT, _LOCAL = "importing cache manifest from ", re.compile(r"local:\d+")
CLOCKS_NS = 20_000_000
"""What the clocks of two cores may differ by."""
_TOOK_NOTHING = (StepState.WAITING, StepState.CANCELED)


def stale(this: TracedBuild) -> tuple[HitWarning, ...]:
    """Return which files a build took as they had been before, since its builder saw no difference.

    Before a build it tells that of the next: with the steps of the last one, and the contexts as they will be.
    """
    changes: dict[str, Sequence[MissEvidence]] = {}
    taking: dict[str, set[str]] = {}
    for graph in this.evidence.graphs:
        for name, found, step in _old_files(this.build, graph):
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


def false_hits(build: Build) -> tuple[HitWarning, ...]:
    """Return which steps were said to be reused though the data of them was gone."""
    imports = (instruction(step) for step in build.steps)
    caches = [_LOCAL.sub("a cache folder", one.removeprefix(_IMPORT)) for one in imports if one.startswith(_IMPORT)]
    lost = ((step, lost_blob(step, build)) for step in build.steps)
    return tuple(_of_false_hit(step, blob, caches) for step, blob in lost if blob is not None)


def empty_mounts(build: Build, records: Iterable[Record]) -> tuple[HitWarning, ...]:
    """Return which steps ran with cache mounts that were empty, since a step above that has them was reused.

    The times of the steps are by the clock of the build's node, of which the records are, read after the build.
    """
    made = [(keys_of_record(record), record.created_at.ns) for record in records if record.node == build.node]
    empty: dict[str, tuple[Step, Step, list[str]]] = {}
    for key, (reused, ran) in mount_users(build).items():
        moments = [created for keys, created in made if key in keys]
        began = ran.started_at.ns - CLOCKS_NS if ran.started_at else None
        if began is not None and moments and min(moments) >= began:
            empty.setdefault(ran.digest, (reused, ran, []))[2].append(mount_target(cache_mounts(ran)[key]))
    return tuple(_of_empty_mounts(*found) for found in empty.values())


def instruction(step: Step) -> str:
    """Return what a step does, as it is told."""
    return parse_name(step.name).instruction


def quoted(steps: Sequence[str]) -> str:
    """Return the first of some steps for a sentence, and how many others there are."""
    more = f" and {count(len(steps) - 1, 'more step')}" if len(steps) > 1 else ""
    return f"“{cut(steps[0], _MAX_NAME)}”{more}"


def named(steps: Iterable[str]) -> tuple[MissEvidence, ...]:
    """Return steps as what shows a warning."""
    return tuple(MissEvidence("step", step) for step in steps)


def _old_files(build: Build, graph: Graph) -> Iterator[tuple[str, tuple[MissEvidence, ...], str]]:
    """Yield each file that a step took as it had been before: its name, how it differs, and the step."""
    stale = {context.name: files for context in graph.contexts if (files := stale_files(context))}
    trees = {context.name: context.tree for context in graph.contexts if context.name in stale}
    ops = {op.id: op for op in graph.ops.ops} if graph.ops and stale else {}
    for op, step in step_ops(build.steps, graph).items() if ops else ():
        for number, edge in enumerate(ops[op].inputs):
            context = context_name(ops[edge.op])
            if context in stale and step.state not in _TOOK_NOTHING:
                taken = (taken_paths(trees[context], one).values() for one in taken_by(ops[op], number))
                for path in sorted(stale[context].keys() & {path.strip(b"/") for some in taken for path in some}):
                    old, new = stale[context][path]
                    name = fsdecode(path) + "/" * stat.S_ISDIR(old.mode)
                    yield name, tuple(file_changes(name, old, new)), instruction(step)


def _of_stale(changes: Mapping[str, Sequence[MissEvidence]], steps: Sequence[str]) -> HitWarning:
    (first, found), *others = changes.items()
    is_folder = first.endswith("/")
    more = f" and {count(len(others), 'more folder' if is_folder else 'more file')}" if others else ""
    its, it = ("their", "them") if others else ("its", "it")
    if is_folder:
        mode = next((one for one in found if one.what == "mode"), None)
        what = "The mode of" if mode else "The extended attributes of"
        was = f" from {mode.old} to {mode.new}" if mode and not others else ""
        text = (
            f"{what} {first}{more} changed{was}, but a builder that has a folder does not look at that:"
            f" {quoted(steps)} took the old one. Remove what it has of your files with `docker buildx prune --filter"
            " type=source.local`, and build again."
        )
    else:
        text = (
            f"{first}{more} changed, but {its} size and time did not, so the builder did not notice:"
            f" {quoted(steps)} took {its} old content. Touch {it}, and build again."
        )
    differences = (one for each in changes.values() for one in each)
    return HitWarning(HitKind.STALE, text, (*differences, *named(steps)))


def _of_false_hit(step: Step, blob: str, caches: Sequence[str]) -> HitWarning:
    of_cache = f"from {' or '.join(caches)}" if caches else "from the builder"
    end = "the build failed" if step.state is StepState.FAILED else "it ran after all"
    text = (
        f"{quoted([instruction(step)])} was said to be reused, but its data was gone {of_cache}: {end}."
        " Write the cache anew with --cache-to."
    )
    where = tuple(MissEvidence("cache", cache) for cache in caches)
    blobs = (MissEvidence("blob", blob),) if blob else ()
    return HitWarning(HitKind.FALSE, text, (*blobs, *where, *named([instruction(step)])))


def mount_users(build: Build) -> Mapping[StepKey, tuple[Step, Step]]:
    """Return of each cache mount the first step that ran with it, where one above that was reused, and that one."""
    users: dict[StepKey, list[Step]] = {}
    for step in build.steps:
        for key, mount in cache_mounts(step).items():
            if "from" not in mount:  # such a one is never empty
                users.setdefault(key, []).append(step)
    found = {}
    for key, steps in users.items():
        began = {step.started_at: step for step in steps if is_missed(step) and step.started_at}
        ran = began[min(began)] if began else None
        reused = next((step for step in steps[: steps.index(ran)] if step.cached), None) if ran else None
        if ran and reused:
            found[key] = reused, ran
    return found


def _of_empty_mounts(reused: Step, ran: Step, targets: Sequence[str]) -> HitWarning:
    places = " and ".join(filter(None, targets))
    what = f"an empty cache mount at {places}" if len(targets) == 1 else f"empty cache mounts at {places}"
    stage = parse_name(reused.name).stage
    flag = f"--no-cache-filter={stage}" if stage else "--no-cache"
    text = (
        f"{quoted([instruction(ran)])} ran with {what}: the builder had none, and {quoted([instruction(reused)])},"
        f" which has it too, was reused and put nothing in. If it needs what should be there, build with {flag} once."
    )
    mounts = tuple(MissEvidence("mount", target) for target in targets)
    return HitWarning(HitKind.MOUNT_TRAP, text, (*mounts, *named(map(instruction, (reused, ran)))))
