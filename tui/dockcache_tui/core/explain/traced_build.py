"""A build with its evidence, and what follows for a step without looking at another build."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from dockcache_tui.core.builds.build import Build, Step, StepState
from dockcache_tui.core.builds.cache_places import CachePlace, places_of
from dockcache_tui.core.builds.cause import MissCause
from dockcache_tui.core.builds.names import StepKind, parse_name
from dockcache_tui.core.explain import cause_words as words
from dockcache_tui.core.explain.evidence import Evidence, Graph
from dockcache_tui.core.explain.keyed_graph import is_local
from dockcache_tui.core.explain.revisions import RevisionFiles

_RAN = {StepState.BUILT, StepState.FALSE_HIT, StepState.FAILED}
_TYPES = {"gha scope": "gha", "folder": "local"}
"""How BuildKit calls caches that it does not name."""
_IMPORTING = "importing cache manifest from "
_LOST = re.compile("(?:content|descriptor|blob) (sha256:[0-9a-f]{64})[^\n]*not found")
"""How BuildKit tells that a cache has no data of what it names; some versions then run the step, some fail."""


@dataclass(frozen=True, slots=True)
class TracedBuild:
    """A build and what is known of it beside its steps."""

    build: Build
    evidence: Evidence
    files: RevisionFiles | None = None
    """What its commit has of its context; None where nobody looked, or that can't be read."""

    @property
    def imports(self) -> bool:
        """Tell whether it read a cache from elsewhere."""
        return any(parse_name(step.name).instruction.startswith(_IMPORTING) for step in self.build.steps)

    def unreadable(self, place: CachePlace, told: Collection[CachePlace]) -> str:
        """Return why a cache could not be read, of all that it was told to read; empty where it could.

        BuildKit names images only: caches of other kinds are known to be unreadable where all of their kind are.
        """
        if not place.is_there:
            return "there is no cache in it"
        failed = [step for step in self.build.steps if step.state is StepState.FAILED and _IMPORTING in step.name]
        if place.kind == "registry":
            mine = [one for one in failed if places_of([one.name.partition(_IMPORTING)[2]], "") == (place,)]
            return mine[0].error if mine else ""
        mine = [
            one
            for one in failed
            if one.name.partition(_IMPORTING)[2].startswith(f"{_TYPES.get(place.kind, place.kind)}:")
        ]
        alike = [one for one in told if one.kind == place.kind and one.is_there]
        return mine[0].error if mine and len(mine) == len(alike) else ""

    @property
    def lacks_files(self) -> bool:
        """Tell whether a folder that it was sent was not kept."""
        graphs = [graph for graph in self.evidence.graphs if graph.ops and not graph.contexts]
        return any(is_local(op) for graph in graphs if graph.ops for op in graph.ops.ops)

    def cause_at_once(self, step: Step, graph: Graph) -> MissCause | None:
        """Return the cause of a step whose result was named but not there, or that a flag kept from being reused."""
        lost = lost_blob(step, self.build)
        if lost is not None:
            read = [place for place in graph.imports if not self.unreadable(place, graph.imports)]
            return words.of_dead_blob(lost, read)
        stages = graph.request.get("no-cache")
        if stages is None or parse_name(step.name).instruction.startswith("WORKDIR "):  # which is never meant
            return None
        return words.of_flag(stages) if not stages or stage_of(step, graph) in stages.lower().split(",") else None


def lost_blob(step: Step, build: Build) -> str | None:
    """Return the digest of the data that a cache named for a step and did not have, empty where it is not told.

    None for a step that was not lost so.
    """
    lost = _LOST.search(step.lost or step.error or build.error)
    if step.state is StepState.FALSE_HIT or (step.state is StepState.FAILED and lost):
        return lost[1] if lost else ""
    return None


def step_ops(steps: Iterable[Step], graph: Graph) -> Mapping[str, Step]:
    """Return the steps that are known to be of a graph, by their operations."""
    vertexes = graph.ops.vertexes if graph.ops else {}
    return {vertexes[step.digest]: step for step in steps if step.digest in vertexes}


def is_missed(step: Step) -> bool:
    """Tell whether a step could have been reused and ran."""
    return step.state in _RAN and counts(step)


def counts(step: Step) -> bool:
    """Tell whether a step can be reused; a fetch that has the name of a copy can't."""
    return step.cacheable or parse_name(step.name).kind is StepKind.MERGE


def stage_of(step: Step, graph: Graph) -> str:
    """Return the stage of a step, empty where neither its name nor what was asked for tells it."""
    return (parse_name(step.name).stage or graph.request.get("target", "")).lower()
