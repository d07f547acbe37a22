"""A builder's own account of a build that is over, asked for beside other work."""

from collections import Counter
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import replace
from threading import Thread

from dockcache_tui.core.builds.build import BuildSpec
from dockcache_tui.core.builds.frontend_options import frontend_options
from dockcache_tui.core.builds.names import StepKind, parse_name
from dockcache_tui.core.errors import DockcacheError
from dockcache_tui.core.explain.evidence import Evidence, Graph
from dockcache_tui.core.explain.ops import Ops
from dockcache_tui.core.explain.provenance import NOT_FINISHED, joined, without_secrets
from dockcache_tui.sources.bake_files import is_remote
from dockcache_tui.sources.build_context import sent_folders
from dockcache_tui.sources.buildkit.builder import BuildKitBuilder, open_builder
from dockcache_tui.sources.buildkit.definition import Planned
from dockcache_tui.sources.buildx_files import BuildRefs
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.predictions import question

_PATIENCE = 5.0
"""Seconds that a builder may take to tell of a build that is over."""


class HistoryReading:
    """What a builder tells of a build of ours."""

    def __init__(self, docker: Docker, refs: BuildRefs, spec: BuildSpec) -> None:
        """Ask at once."""
        self._docker, self._refs, self._spec = docker, refs, spec
        self._evidence, self._problem = Evidence(), "The builder did not tell of the build in time."
        self._thread = Thread(target=self._run, name="evidence", daemon=True)
        self._thread.start()

    def evidence(self) -> Evidence:
        """Return it; what is missing of it says why where it could not be had."""
        self._thread.join(_PATIENCE)
        return replace(self._evidence, missing=self._evidence.missing or tuple(filter(None, (self._problem,))))

    def _run(self) -> None:
        try:
            with closing(open_builder(self._docker, self._refs.builder)) as builder:
                told = joined(builder.evidence(self._refs.node, ref) for ref in self._refs.refs)
                self._evidence, self._problem = told, ""
                if NOT_FINISHED in told.missing:
                    with suppress(DockcacheError):  # then its steps stay known by their texts only
                        self._evidence = self._with_operations(told, builder)
        except DockcacheError as error:
            self._problem = f"The builder does not tell of the build: {error}."

    def _with_operations(self, told: Evidence, builder: BuildKitBuilder) -> Evidence:
        """Return the evidence of a build that did not succeed with what its Dockerfile asks for, as far as that is it.

        Raises DockcacheError where the builder can't be asked.
        """
        spec = self._spec
        if spec.kind != "dockerfile" or is_remote(spec.context) or is_remote(spec.file) or len(told.graphs) != 1:
            return told
        asked = frontend_options(spec, self._docker.environment, builder.driver)
        about = question(spec, asked, sent_folders(spec, self._docker))
        graph = replace(told.graphs[0], dockerfile=about.dockerfile.decode(errors="backslashreplace"))
        graphs = [_with_plan(graph, one) for one in builder.plan(self._refs.node, about)]
        return _whole(told, graphs)


def _with_plan(graph: Graph, planned: Planned) -> Graph:
    """Return a graph with the operations of a plan, each that of the step of its name."""
    names = {step.name: op for op, step in planned.steps.items()}
    counts = Counter(step.name for step in planned.steps.values()) + Counter(one.name for one in graph.statements)
    vertexes = {one.vertex: names[one.name] for one in graph.statements if counts[one.name] == 2 and one.name in names}
    ops = Ops(tuple(map(without_secrets, planned.ops.ops)), vertexes)
    return replace(graph, platform=planned.platform, ops=ops)


def _whole(told: Evidence, graphs: Sequence[Graph]) -> Evidence:
    """Return evidence with graphs that have all its steps; as it is where they lack one: the Dockerfile has changed."""
    known = {vertex for graph in graphs if graph.ops for vertex in graph.ops.vertexes}
    steps = [one.vertex for one in told.graphs[0].statements if parse_name(one.name).kind is StepKind.OPERATION]
    if not known.issuperset(steps):
        return told
    return replace(told, graphs=tuple(graphs), missing=tuple(one for one in told.missing if one != NOT_FINISHED))
