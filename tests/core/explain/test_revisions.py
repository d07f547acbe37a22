"""What of a commit a build took, by its operations."""

import json

import pytest

from core.explain.sample_ops import op
from dockcache_tui.core.builds.cause import MissEvidence
from dockcache_tui.core.explain.evidence import Graph
from dockcache_tui.core.explain.inputs import Taken
from dockcache_tui.core.explain.ops import read_ops
from dockcache_tui.core.explain.revisions import (
    GitFile,
    RevisionFiles,
    as_built,
    revision_changes,
    taken_from_context,
)
from dockcache_tui.core.explain.rules import rules_of

ALL = Taken("/", follows=True)


def graph(excludes: str | None, *identifiers: str) -> Graph:
    """Return the operations of a COPY from each of some sources."""
    attributes = {} if excludes is None else {"attrs": {"local.excludepatterns": excludes}}
    copy = {"src": "/d", "dest": "/", "followSymlink": True}
    steps: list[dict[str, object]] = []
    for number, identifier in enumerate(identifiers):
        source = {"source": {"identifier": identifier, **(attributes if "local" in identifier else {})}}
        action = {"input": -1, "secondaryInput": 0, "output": 0, "Action": {"copy": copy}}
        steps.append({"id": f"source{number}", "op": {"Op": source}})
        steps.append(
            {"id": f"copy{number}", "op": {"Op": {"file": {"actions": [action]}}}, "inputs": [f"source{number}:0"]}
        )
    return Graph(ops=read_ops(json.dumps({"buildConfig": {"llbDefinition": steps}})))


def test_what_the_build_left_out() -> None:
    """A build's own operations say what of its context it left out, whatever the commit's .dockerignore says."""
    before, after = (RevisionFiles((GitFile(b"d/a", 0o100644, text), GitFile(b"d/b", 0o100644, text))) for text in "12")
    assert {one.name for one in revision_changes(before, after, [ALL]).changes} == {"d/a", "d/b"}
    told = graph('["d/b"]', "local://context")
    changes = revision_changes(as_built(before, told), as_built(after, told), [ALL]).changes
    assert changes == (MissEvidence("content", "d/a", "git 1", "git 2"),)


@pytest.mark.parametrize(
    "excludes",
    ["", "5", "{}", "[1]", '["["]', "[" * 99999],
    ids=["nothing", "number", "object", "of numbers", "open bracket", "deep"],
)
def test_what_is_no_pattern(excludes: str) -> None:
    """Patterns that no BuildKit writes change nothing."""
    files = RevisionFiles((GitFile(b"a", 0o100644, "1"),))
    assert as_built(files, graph(excludes, "local://context")).ignore == ()


def test_what_is_taken_from_the_context() -> None:
    """Only what an operation takes from the build's own context counts, or from the repository it was."""
    rules = rules_of("v0.34.2")
    assert rules
    told = graph(None, "local://context", "local://named", "git://h/r.git", "docker-image://a")
    assert told.ops is not None
    copies = [one for one in told.ops.ops if one.kind == "file"]
    local = [taken_from_context(one, told, rules) for one in copies]
    assert local == [(Taken("/d", follows=True),), (), (), ()]
    by_git = [taken_from_context(one, told, rules, by_git=True) for one in copies]
    assert by_git == [(), (), (Taken("/d", follows=True),), ()]
    assert taken_from_context(op("exec", {"meta": {}}), told, rules) == ()
