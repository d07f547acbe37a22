"""What a build of a folder would reuse from its builder now, without building."""

import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

from dockcache_tui.core.builds.build import Build, BuildSpec, BuildStatus, Step, StepState
from dockcache_tui.core.builds.cache_places import places_of
from dockcache_tui.core.builds.frontend_options import FrontendOptions, frontend_options
from dockcache_tui.core.builds.names import StepKind, parse_name
from dockcache_tui.core.errors import SourceError, UsageError
from dockcache_tui.core.explain.cache_config import CachedRecord
from dockcache_tui.core.explain.context import Context, SentFile
from dockcache_tui.core.explain.copies import kept_files, sent_files
from dockcache_tui.core.explain.evidence import Evidence, Graph
from dockcache_tui.core.explain.holdings import Holdings
from dockcache_tui.core.explain.ops import Ops
from dockcache_tui.core.explain.prediction import Coming, predict
from dockcache_tui.core.explain.provenance import without_credentials, without_secrets
from dockcache_tui.core.explain.traced_build import TracedBuild
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.record import Record
from dockcache_tui.core.records.steps import name_key
from dockcache_tui.sources.bake_files import is_remote
from dockcache_tui.sources.build_context import MAIN, SentFolder, sent_folders
from dockcache_tui.sources.build_evidence import copy_place, sent_paths
from dockcache_tui.sources.buildkit.builder import BuildKitBuilder, open_builder
from dockcache_tui.sources.buildkit.definition import Planned
from dockcache_tui.sources.buildkit.gateway import Question
from dockcache_tui.sources.cache_folder import read_cache_folder
from dockcache_tui.sources.context_reader import ContextReader
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.docker_config import proxy_arguments, registry_login
from dockcache_tui.sources.git import read_checkout
from dockcache_tui.sources.journal import Journal

_MAX_BUILDS = 200
"""Builds of the journal that are looked through for those on the node."""
_MAX_EARLIER = 12
"""Builds whose steps' keys are computed."""


class Predictions:
    """Predicts builds by what their builder and the journal tell."""

    def __init__(self, docker: Docker, journal: Journal) -> None:
        """Take what knows of builds."""
        self._docker, self._journal = docker, journal

    def predict(self, spec: BuildSpec) -> Build:
        """Return a build that has not run, with what is predicted of its steps.

        Raises UsageError for what can't be predicted, SourceError where the builder or a registry does not answer.
        """
        _check(spec)
        with closing(open_builder(self._docker, spec.builder)) as builder:
            return _Prediction(self._docker, self._journal, spec, builder).made()


class _Prediction:
    def __init__(self, docker: Docker, journal: Journal, spec: BuildSpec, builder: BuildKitBuilder) -> None:
        self._docker, self._journal, self._spec, self._builder = docker, journal, spec, builder
        checkout = read_checkout(Path(spec.project), docker.environment)
        self._build = Build(
            ref="",
            builder=builder.name,
            started_at=Instant.now(),
            status=BuildStatus.RUNNING,
            folder=spec.project,
            context=str(Path(spec.project, spec.context).resolve()),
            target=spec.target,
            project=checkout.project,
            branch=checkout.branch,
            revision=checkout.revision,
        )
        before = [build for build in journal.builds(limit=_MAX_BUILDS) if build.builder == builder.name]
        self._build = replace(self._build, node=self._node(before))
        self._before = [build for build in before if build.node == self._build.node]

    def made(self) -> Build:
        node = self._build.node
        environment = self._docker.environment
        asked = frontend_options(self._spec, environment, self._builder.driver, proxy_arguments(environment))
        folders = sent_folders(self._spec, self._docker)
        sign_in = partial(registry_login, environment)
        planned = self._builder.plan(node, question(self._spec, asked, folders), sign_in)
        snapshot = self._builder.snapshot()
        self._records = [record for record in snapshot.records if record.node == node]
        status = next(one for one in snapshot.nodes if one.name == node)
        if status.error:  # what it has is not known then
            raise SourceError(status.error, hint=status.error_hint)
        graphs = tuple(self._graph(one, asked, folders) for one in planned)
        steps = tuple({step.digest: step for one in planned for step in _steps(one)}.values())
        earlier = list(self._earlier(steps))
        caches = [_read_cache(spec, self._spec.project) for spec in asked.cache_from]
        coming = Coming(
            TracedBuild(replace(self._build, steps=steps), Evidence(status.buildkit_version, graphs)),
            anew=frozenset(digest for one in planned for digest in _anew(one)),
            imports=None in caches,
            cached=tuple(record for cache in caches for record in cache or ()),
        )
        known = {one.build.ref for one in earlier if any(graph.ops for graph in one.evidence.graphs)}
        return predict(coming, earlier, Holdings(self._records, self._before, known))

    def _node(self, before: Sequence[Build]) -> str:
        """Return the node that a build would run on: the only one, or that of this project's last build."""
        names = [node.name for node in self._builder.nodes]
        last = next((build.node for build in before if build.folder == self._spec.project and build.node), "")
        if len(names) > 1 and last not in names:
            raise UsageError(
                f"{self._builder.name} has several nodes, and it is not known which one would build",
                title="Can't predict this build",
                hint="Build it once, or name a builder of one node with --builder.",
            )
        return last if last in names else names[0]

    def _graph(self, planned: Planned, asked: FrontendOptions, folders: Sequence[SentFolder]) -> Graph:
        ops = Ops(tuple(map(without_secrets, planned.ops.ops)), planned.ops.vertexes)
        graph = Graph(
            target=asked.options.get("target", ""),
            platform=planned.platform,
            ops=ops,
            request=without_credentials(asked.options),
        )
        taken = sent_paths(graph) or {}
        contexts = (self._context(folder, taken[folder.name]) for folder in folders if folder.name in taken)
        return replace(graph, contexts=tuple(contexts))

    def _context(self, folder: SentFolder, follow: Sequence[str]) -> Context:
        """Return a folder as the builder would have it."""
        root = str(folder.root).encode("utf-8", "surrogateescape")
        reader = ContextReader(folder.root, folder.dockerfile, self._journal.stamps.known(root))
        files = reader.read()
        if reader.is_news:
            self._journal.stamps.keep(reader.root, reader.known)
        copy, is_sure = self._copy(folder)
        kept = kept_files(copy, sent_files(files, follow))
        unsure = tuple(file.path for file in files if file.error)
        if not is_sure:
            unsure, kept = (*unsure, *(file.path for file in kept)), ()
        return Context(folder.name, str(folder.root), files, kept, unsure, reader.ignore)

    def _copy(self, folder: SentFolder) -> tuple[Sequence[SentFile], bool]:
        """Return what the builder has of a folder from before, and whether it is sure that it still has that."""
        there = [record for record in self._records if record.description == f"local source for {folder.name}"]
        if not there:
            return (), True
        place = copy_place(self._build, folder.name)
        sent = [build for build in self._before if copy_place(build, folder.name) == place]
        copy = self._journal.copy(place)
        if copy is not None and sent and any(_is_of(record, sent[0]) for record in there):
            return copy, True
        return copy or next(self._contexts(sent, folder.name), ()), False

    def _contexts(self, builds: Sequence[Build], name: str) -> Iterator[Sequence[SentFile]]:
        """Yield the files of a folder that builds sent."""
        for build in builds:
            evidence = self._journal.evidence(build.ref) or Evidence()
            yield from (one.files for graph in evidence.graphs for one in graph.contexts if one.name == name)

    def _earlier(self, steps: Sequence[Step]) -> Iterator[TracedBuild]:
        """Yield the newest builds that had one of the steps, those of this folder first."""
        names = {name_key(step.name) for step in steps}
        here = sorted(self._before, key=lambda build: build.folder != self._spec.project)
        found = 0
        for build in here:
            if found < _MAX_EARLIER and any(name_key(step.name) in names for step in build.steps):
                evidence = self._journal.evidence(build.ref)
                if evidence:
                    found += 1
                    yield TracedBuild(build, evidence)


def question(spec: BuildSpec, asked: FrontendOptions, folders: Sequence[SentFolder]) -> Question:
    """Return what a builder's frontend is asked of a build; raises UsageError for what is not there."""
    main = next(folder for folder in folders if folder.name == MAIN)
    dockerfile = Path(spec.project, spec.file)
    try:
        text = dockerfile.read_bytes()
    except OSError as error:
        raise UsageError(f"{dockerfile} can't be read: {error.strerror}") from error
    ignore = ContextReader(main.root, main.dockerfile).ignore.text.encode("utf-8", "surrogateescape")
    named = tuple(folder.name for folder in folders if folder.name != MAIN)
    if absent := asked.folders - {*named}:
        raise UsageError(f"the context {min(absent)} is no folder", title="Can't predict this build")
    return Question(text, ignore, asked.options, named)


def _read_cache(spec: str, project: str) -> tuple[CachedRecord, ...] | None:
    """Return what a cache has, None for one that can't be looked into."""
    place = next(iter(places_of([spec], project)), None)
    if place is None or place.kind != "folder" or re.search(r"\b(tag|digest)=", spec):
        return None
    try:
        return read_cache_folder(Path(place.name)) or ()
    except ValueError:  # then the build says why
        return None


def _check(spec: BuildSpec) -> None:
    reason = ""
    if spec.kind != "dockerfile":
        reason = f"{spec.kind} files can't be predicted yet"
    elif is_remote(spec.context) or is_remote(spec.file):
        reason = "only a Dockerfile and a folder on this machine can be predicted"
    elif not Path(spec.project, spec.context).is_dir():
        reason = f"{spec.context} is no folder"
    if reason:
        raise UsageError(reason, title="Can't predict this build", hint="Name a Dockerfile with --file.")


def _is_of(record: Record, build: Build) -> bool:
    """Tell whether a builder's copy of a folder was there before a build ended, and was used by it or later."""
    ended = build.completed_at or build.started_at
    used = record.last_used_at or record.created_at
    return record.created_at <= ended and used >= build.started_at


def _steps(planned: Planned) -> Iterator[Step]:
    ops = {op.id: op for op in planned.ops.ops}
    for digest, name in planned.ops.vertexes.items():
        told = planned.steps.get(name)
        if told and told.name:
            parsed = parse_name(told.name)
            cacheable = parsed.kind is StepKind.OPERATION and bool(ops[name].inputs)
            yield Step(digest, told.name, StepState.WAITING, cacheable, stage=parsed.stage, line=told.line)


def _anew(planned: Planned) -> Iterator[str]:
    return (
        digest
        for digest, name in planned.ops.vertexes.items()
        if name in planned.steps and planned.steps[name].ignores_cache
    )
