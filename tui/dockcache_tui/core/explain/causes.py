"""Why the steps of a build were not reused, from its evidence and that of an earlier build."""

from collections.abc import Mapping
from dataclasses import replace

from dockcache_tui.core.builds.build import Build, Step
from dockcache_tui.core.builds.cause import MissCause
from dockcache_tui.core.explain import cause_words as words
from dockcache_tui.core.explain.fixes import with_patches
from dockcache_tui.core.explain.graph_causes import GraphCauses
from dockcache_tui.core.explain.keyed_graph import KeyedGraph
from dockcache_tui.core.explain.rules import KeyRules
from dockcache_tui.core.explain.traced_build import TracedBuild, is_missed, step_ops


def with_causes(build: Build, found: Mapping[str, MissCause]) -> Build:
    """Return a build whose steps have these causes, by their digests, and no others."""
    return replace(build, steps=tuple(replace(step, cause=found.get(step.digest)) for step in build.steps))


def causes(this: TracedBuild, earlier: TracedBuild | None) -> Mapping[str, MissCause]:
    """Return the cause of each step that could have been reused and ran, by its digest.

    `earlier` is the build to compare with, None where none is known of this project.
    """
    missed = [step for step in this.build.steps if is_missed(step)]
    told = [_compared(this, earlier, rules) for rules in this.evidence.rules] if earlier else []
    found = {step.digest: _agreed([one[step.digest] for one in told if step.digest in one]) for step in missed}
    return with_patches(this, {step.digest: found[step.digest] or _alone(this, earlier, step) for step in missed})


def _agreed(told: list[MissCause]) -> MissCause | None:
    if len({(cause.kind, cause.differences, cause.root) for cause in told}) > 1:
        return words.unknown("The builder does not tell its version, and versions differ in this.")
    return told[0] if told else None


def _compared(this: TracedBuild, earlier: TracedBuild, rules: KeyRules) -> Mapping[str, MissCause]:
    graphs = this.evidence.under(rules)
    like = [context for graph in graphs for context in graph.contexts]
    olds = {
        str(number): KeyedGraph(graph, rules, str(number), like)
        for number, graph in enumerate(earlier.evidence.under(rules))
    }
    found: dict[str, MissCause] = {}
    for graph in graphs:
        if olds:
            found = {**GraphCauses(this, KeyedGraph(graph, rules), earlier, olds).all(), **found}
    return found


def _alone(this: TracedBuild, earlier: TracedBuild | None, step: Step) -> MissCause:
    """Return the cause of a step that can't be compared in detail."""
    graphs = [graph for graph in this.evidence.graphs if step in step_ops(this.build.steps, graph).values()]
    for graph in graphs or this.evidence.graphs:
        if cause := this.cause_at_once(step, graph):
            return cause
    if earlier is None:
        return words.FIRST_BUILD
    missing = this.evidence.missing or earlier.evidence.missing or ("What its steps do in detail was not kept.",)
    return words.unknown(missing[0])
