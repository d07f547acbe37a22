"""What the journal keeps of a build is enough to compute its keys, which are those in the daemon's own key store."""

from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from dockcache_tui.core.builds.build import BuildStatus
from dockcache_tui.core.explain.evidence import Evidence
from dockcache_tui.core.explain.keyed_graph import KeyedGraph, is_local
from dockcache_tui.core.explain.ops import Op
from dockcache_tui.core.explain.rules import rules_of
from dockcache_tui.core.explain.store import content_record, record_digest
from dockcache_tui.sources.journal import Journal
from why.case import Case, all_cases, judged
from why.key_store import KeyStore, read_store
from why.running import Ran, run_case
from why.surroundings import Surroundings

TELLING = ("012-directory-mode-fresh-builder", "034-same-size-same-mtime", "160-named-context-unread-file")


@pytest.mark.parametrize("name", TELLING)
def test_telling_cases(name: str, around: Surroundings, tmp_path: Path) -> None:
    """The keys of both builds are computed from the journal alone, also where the builder kept an old file."""
    counts, wrong = of_case(name, around, tmp_path)
    assert (counts["contents"] > 0, wrong) == (True, [])


@pytest.mark.matrix
@pytest.mark.parametrize("version", ["around", "around_older"])
def test_all_cases(version: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """The same of all cases, on both versions; the counts are printed."""
    around: Surroundings = request.getfixturevalue(version)
    around.push_frontends()
    counts, wrong = judged(all_cases(), tmp_path, lambda name, folder: of_case(name, around, folder))
    print(f"BuildKit {around.version}: {dict(counts)}, {len(wrong)} wrong")  # noqa: T201 - the count
    assert (counts["unsure"], wrong) == (0, [])


def of_case(name: str, around: Surroundings, folder: Path) -> tuple[Counter[str], list[str]]:
    """Compare the keys of both builds of a case."""
    counts: Counter[str] = Counter()
    wrong: list[str] = []

    def look(ran: Ran, work: Path) -> None:
        with closing(Journal(folder / "journal")) as journal:
            evidence = journal.evidence(ran.build.ref)
        if ran.build.status is not BuildStatus.SUCCEEDED:
            return
        assert evidence
        assert evidence.version == around.version
        assert {context.root for graph in evidence.graphs for context in graph.contexts} <= {
            str(work),
            str(work / "x2"),
        }
        wrong.extend(compare(evidence, read_store(around.debug), counts))

    run_case(Case.named(name), around, folder, look)
    return counts, wrong


def compare(evidence: Evidence, store: KeyStore, counts: Counter[str]) -> list[str]:
    """Return which keys of a build are not the daemon's."""
    wrong = []
    rules = rules_of(evidence.version)
    assert rules
    counts["builds"] += 1
    for graph in evidence.graphs:
        keyed = KeyedGraph(graph, rules)
        counts["kept by the builder"] += sum(len(context.kept) for context in graph.contexts)
        counts["unsure"] += sum(len(context.unsure) for context in graph.contexts)
        there = {key.record for key in store.keys} | store.roots
        for op in keyed.ops.values():
            named = {record_digest(key, out) for key in keyed.keys[op.id].known for out in keyed.outputs[op.id]}
            if not named:
                counts["contexts" if is_local(op) else "keys that only the source knows"] += 1
                continue
            if named.isdisjoint(there):
                if keyed.keys[op.id].complete:
                    wrong.append(f"no such key: {op}")
                else:
                    counts["images found by their layers, which are not kept"] += 1
                continue
            counts["keys"] += 1
            wrong += compare_inputs(keyed, op, named, store, counts)
    return wrong


def compare_inputs(keyed: KeyedGraph, op: Op, named: set[str], store: KeyStore, counts: Counter[str]) -> list[str]:
    """Return which selectors and contents of an operation's inputs are not the daemon's."""
    wrong = []
    for number, one in enumerate(keyed.inputs[op.id]):
        stored = {key for key in store.keys if key.record in named and key.input == number}
        counts["selectors"] += bool(one.key.selector)
        if one.key.selector not in {key.selector for key in stored}:
            wrong.append(f"no such selector: {one}, but {stored}")
        if one.content:
            counts["contents"] += 1
            if content_record(one.content) not in {key.parent for key in stored if not key.selector}:
                wrong.append(f"no such content: {one}, but {stored}")
        elif one.key.taken:
            made = not keyed.has_files(op.inputs[number].op)
            counts["contents of stages" if made else "unknown contents"] += 1
    return wrong
