"""What the keys say of a build before it runs is what docker's own engine, whose version tells nothing, then does."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dockcache_tui.core.builds.build import BuildStatus, StepState
from dockcache_tui.core.explain.evidence import Graph
from dockcache_tui.core.explain.keyed_graph import KeyedGraph
from dockcache_tui.core.explain.rules import agreed, possible_rules
from dockcache_tui.core.explain.source_keys import Resolved
from dockcache_tui.sources.buildkit.builder import open_builder
from why.case import Case, all_cases, judged
from why.docker_images import docker_images
from why.keys import Rule, Says
from why.running import Ran, run_case
from why.surroundings import Surroundings, busybox
from why.tracing import contexts

VERDICTS = {StepState.REUSED: Says.HIT, StepState.BUILT: Says.MISS, StepState.FALSE_HIT: Says.MISS}
FRONTENDS = ("172-", "174-")
"""Their Dockerfiles name frontends in a registry that docker's engine can't be led to."""


@pytest.fixture(scope="module")
def docker_around(around: Surroundings, docker_builder: str) -> Iterator[Surroundings]:
    """The same surroundings with docker's own builder."""
    with docker_images(around.registry, around.docker, busybox(around.engine)) as images:
        yield replace(around, version="", builder=docker_builder, registry=images, flags=("--network=none",))


def test_a_telling_case(docker_around: Surroundings, tmp_path: Path) -> None:
    """Each step of a build after an edit, before which and below which others hit, is foretold."""
    alone = replace(docker_around, prunes=False)  # other tests build here too
    counts, wrong = of_case("004-content-edit-cut-by-content", alone, tmp_path)
    assert (counts["foretold"] > 0, wrong) == (True, [])


@pytest.mark.matrix
def test_all_cases(docker_around: Surroundings, tmp_path: Path) -> None:
    """No step of any case that runs on docker's engine does what was not foretold; the counts are printed."""
    if not docker_around.engine.owned:
        pytest.skip("the cache of this engine is not ours to prune")
    left_out = {name: reason for name in all_cases() if (reason := why_left_out(Case.named(name)))}
    names = [name for name in all_cases() if name not in left_out]
    counts, wrong = judged(names, tmp_path, lambda name, folder: of_case(name, docker_around, folder))
    counts.update(left_out.values())
    print(f"docker's engine: {dict(counts)}, {len(wrong)} wrong")  # noqa: T201 - the count
    assert (counts["foretold"] > 300, wrong) == (True, [])


def why_left_out(case: Case) -> str:
    """Return why the first build of a case does not tell the second; empty where it does."""
    if case.folder.name.startswith(FRONTENDS):
        return "with another frontend"
    if any(what != "tag" for what, *_ in case.told["between"]):
        return "with something gone from the cache"
    if "STALE HIT" in case.told["why"]:
        return "with an old copy of the context"
    return "with a flag of the cache" if any("cache" in one for one in case.told["flags_after"]) else ""


def of_case(name: str, around: Surroundings, folder: Path) -> tuple[Counter[str], list[str]]:
    """Return the counts of a case, and the steps of its second build that were not as foretold."""
    case = Case.named(name)
    built: list[tuple[Ran, Graph]] = []

    def look(ran: Ran, work: Path) -> None:
        if ran.build.status is BuildStatus.SUCCEEDED:
            built.append((ran, told(around, ran.build.ref, work)))

    run_case(case, around, folder, look)
    if len(built) < 2:
        return Counter({"cases that do not build": 1}), []
    (_, first), (second, after) = built
    counts, wrong = Counter({"cases": 1}), []
    says = foretold(first, after)
    for step in second.build.steps:
        said = says.get(step.digest)
        if said and step.state in VERDICTS:
            counts["unknown" if said is Says.UNKNOWN else "foretold"] += 1
            counts[step.state.value] += 1
            if said not in (Says.UNKNOWN, VERDICTS[step.state]):
                wrong.append(f"{step.name} was {step.state}, the keys say {said.value}")
    return counts, wrong


def told(around: Surroundings, ref: str, work: Path) -> Graph:
    """Return what docker's history tells of a build, with the files of its contexts and the layers of its images."""
    builder = open_builder(around.docker, around.builder)
    try:
        (graph,) = builder.evidence("", ref).graphs
    finally:
        builder.close()
    assert graph.ops is not None
    images = {
        op.id: Resolved(diff_ids=around.registry.diff_ids(reference, op.platform["Architecture"]))
        for op in graph.ops.ops
        if op.kind == "source"
        for scheme, _, reference in (op.body["identifier"].partition("://"),)
        if scheme == "docker-image"
    }
    return replace(graph, contexts=contexts(graph.ops, work), sources={**graph.sources, **images})


def foretold(first: Graph, second: Graph) -> dict[str, Says]:
    """Return what all rules that may hold say of the steps of a build that follows another."""
    assert first.ops is not None
    assert second.ops is not None
    by_rules = []
    for rules in possible_rules("", first.ops.ops):
        before, after = KeyedGraph(first, rules, "first"), KeyedGraph(second, rules)
        rule = Rule(second.ops.vertexes, before.records())
        for op in after.ops.values():
            inputs = after.inputs[op.id]
            rule.add(op, after.keys[op.id], [one.key for one in inputs], [one.content for one in inputs])
        by_rules.append(rule.says)
    return {step: agreed(says[step] for says in by_rules) or Says.UNKNOWN for step in by_rules[0]}
