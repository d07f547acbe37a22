"""Puts the evidence of a build of ours together: what its builder tells of it, and the folders that it sent."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from dockcache_tui.core.builds.build import Build, BuildSpec, BuildStatus, Step, StepState
from dockcache_tui.core.builds.cache_places import CachePlace, option_values, places_of
from dockcache_tui.core.explain.context import Context, SentFile
from dockcache_tui.core.explain.copies import bytes_received, kept_files, sent_files
from dockcache_tui.core.explain.evidence import Evidence, Graph
from dockcache_tui.core.explain.provenance import NO_FILES, NO_REVISION
from dockcache_tui.sources.build_context import MAIN, SentFolder, is_load

CHANGED = "Some files changed while they were read and sent: what the builder has of them is not known."
UNREAD = "Some files could not be read, or not before the build was over."
NO_REF = "The builder did not say what it calls the build, and so can't be asked about it."

_EXPORTS = {
    "registry": "exporting cache to registry",
    "gha scope": "exporting to GitHub Actions Cache",
    "folder": "exporting cache to client directory",
}
"""What BuildKit calls the step that writes a cache; a build may go on when it fails."""

Place = tuple[str, str, str]
"""Of a builder's copy of a folder: builder, node and the copy's name."""
Folders = Sequence[tuple[SentFolder, Context]]


@dataclass(slots=True)
class EvidenceOfOurs:
    """The evidence of one build with its contexts, and what its builder's copies of folders are after it."""

    build: Build
    told: Evidence
    folders: Folders
    targets: Mapping[str, str]
    """The target of a bake file that each ref of BuildKit's is of."""
    copy: Callable[[Place], tuple[SentFile, ...] | None]
    """Returns what a builder's copy was before, None where that is not known."""
    spec: BuildSpec
    """What was built."""
    earlier: Callable[[], Iterable[Evidence]] = tuple
    """Returns the evidence of some earlier builds, asked for where a build does not tell what it took."""
    copies: dict[Place, tuple[SentFile, ...] | None] = field(default_factory=dict)
    """What they are now; None where that is not known."""

    def put_together(self) -> Evidence:
        """Return the evidence; `copies` is filled with it."""
        graphs = tuple(self._with_contexts(graph) for graph in self.told.graphs)
        for _, context in () if graphs else self.folders:
            self._of_builder(context, None)
        contexts = [context for graph in graphs for context in graph.contexts]
        missing = [one for one in self.told.missing if not contexts or one not in (NO_FILES, NO_REVISION)]
        missing += [CHANGED] if any(context.unsure for context in contexts) else []
        missing += [UNREAD] if any(file.error for context in contexts for file in context.files) else []
        return replace(self.told, graphs=graphs, missing=tuple(missing))

    def _with_contexts(self, graph: Graph) -> Graph:
        taken = sent_paths(graph)
        target = self.targets.get(graph.ref, "")
        contexts = [
            self._of_builder(context, None if taken is None else taken[context.name])
            for folder, context in self.folders
            if folder.target in ("", target) and (taken is None or context.name in taken)
        ]
        mine = [folder for folder, _ in self.folders if folder.target in ("", target)]
        path = next((str(folder.dockerfile) for folder in mine if folder.dockerfile), "")
        imports, exports = _read(self.spec, graph), _written(self.spec, self.build, mine)
        return replace(graph, contexts=tuple(contexts), dockerfile_path=path, imports=imports, exports=exports)

    def _of_builder(self, context: Context, follow: Sequence[str] | None) -> Context:
        """Return a context with what the builder kept of its copy; `follow` is None where it is not known."""
        loads = [step for step in self.build.steps if _loads(step, context.name)]
        place = copy_place(self.build, context.name)
        if not any(step.completed_at for step in loads):  # its copy is what it was
            return context
        before = (self.build.node and self.copy(place)) or ()
        sent = self._sent(context, loads, before) if follow is None else sent_files(context.files, follow)
        if sent is None or not self.build.node:
            self.copies[place] = None
            return context
        kept, unsure = kept_files(before, sent), context.unsure
        if kept and len(loads) == 1 and loads[0].bytes_moved >= bytes_received(sent):
            kept = ()  # all was sent: the builder had no copy any more
        elif kept and not _has_copy(loads, context, sent, before):
            unsure, kept = (*unsure, *(file.path for file in kept)), ()
        unknown = {*unsure, *(file.path for file in sent if file.error)}
        after = {file.path: file for file in (*sent, *kept)}
        self.copies[place] = tuple(
            replace(file, digest="") if path in unknown else file for path, file in sorted(after.items())
        )
        if (kept, unsure) == (context.kept, context.unsure):
            return context
        return replace(context, kept=kept, unsure=unsure)

    def _sent(self, context: Context, loads: Sequence[Step], before: Sequence[SentFile]) -> tuple[SentFile, ...] | None:
        """Return the files that were sent, None where that is not known.

        They are all, or what an earlier build took, if that is as many bytes as the builder received.
        """
        told = (sent_paths(graph) or {} for evidence in self.earlier() for graph in evidence.graphs)
        likely = ((), *(tuple(taken[context.name]) for taken in told if context.name in taken))
        moved = {step.bytes_moved for step in loads}
        for sent in (sent_files(context.files, follow) for follow in dict.fromkeys(likely)):
            if not context.unsure and moved in ({bytes_received(sent, before)}, {bytes_received(sent)}):
                return sent
        return None


def _read(spec: BuildSpec, graph: Graph) -> tuple[CachePlace, ...]:
    """Return the caches that a build was told to read; buildx leaves out folders without a cache."""
    asked = places_of((*spec.cache_from, *option_values(spec.extra, "--cache-from")), spec.project)
    told = [
        replace(one, name=str(Path(spec.project, one.name))) if one.kind == "folder" else one for one in graph.imports
    ]
    asked = tuple(replace(one, is_there=one.kind != "folder" or one in told) for one in asked)
    return tuple(dict.fromkeys((*asked, *told)))


def _written(spec: BuildSpec, build: Build, folders: Iterable[SentFolder]) -> tuple[CachePlace, ...]:
    """Return the caches that a build wrote; a bake file's hold where nothing else was asked for."""
    asked = (*spec.cache_to, *option_values(spec.extra, "--cache-to"))
    specs = asked or tuple(dict.fromkeys(cache for folder in folders for cache in folder.cache_to))
    found = places_of(specs, spec.project, option_values(spec.extra, "-t", "--tag"))
    failed = {step.name for step in build.steps if step.state is not StepState.BUILT}
    done = build.status is BuildStatus.SUCCEEDED
    return tuple(place for place in found if done and _EXPORTS.get(place.kind, "") not in failed)


def sent_paths(graph: Graph) -> dict[str, Sequence[str]] | None:
    """Return the names of the contexts that operations take, each with the paths that are sent; None for unknown."""
    if graph.ops is None:
        return None
    found: dict[str, Sequence[str]] = {}
    for op in graph.ops.ops:
        if op.kind == "source" and op.body["identifier"].startswith("local://"):
            follow = (op.body.get("attrs") or {}).get("local.followpaths", "[]")
            found[op.body["identifier"].removeprefix("local://")] = json.loads(follow)
    return found


def _has_copy(loads: Sequence[Step], context: Context, sent: Sequence[SentFile], copy: Sequence[SentFile]) -> bool:
    """Tell whether the copy that a builder has is ours: it received once what one with that copy asks for."""
    return len(loads) == 1 and (bool(context.unsure) or loads[0].bytes_moved == bytes_received(sent, copy))


def _loads(step: Step, name: str) -> bool:
    if not is_load(step):
        return False
    named = step.name.removeprefix("[context ").partition("]")[0]
    return name == (MAIN if named == step.name.partition("]")[0] else named.partition("::")[0])


def copy_place(build: Build, name: str) -> Place:
    """Return where a builder has its copy of a folder; it finds it by the name of the folder that a build is given."""
    return (build.builder, build.node, f"{name}:{build.context.rpartition('/')[2]}")
