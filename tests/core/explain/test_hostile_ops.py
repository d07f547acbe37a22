"""Whatever a provenance holds, reading it and computing keys from it ends well."""

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.explain.sample_ops import copy, op, run
from dockcache_tui.core.explain.heredocs import heredoc_tree
from dockcache_tui.core.explain.inputs import input_keys
from dockcache_tui.core.explain.op_keys import op_keys
from dockcache_tui.core.explain.ops import read_ops
from dockcache_tui.core.explain.rules import possible_rules

SAMPLE = json.loads((Path(__file__).parent / "samples" / "provenance.json").read_text())
STEPS = SAMPLE["buildDefinition"]["internalParameters"]["buildConfig"]["llbDefinition"]
MORE = [
    run([{"dest": "/c", "mountType": 3, "input": -1, "cacheOpt": {"ID": "x"}}], extraHosts=[{"Host": "h", "IP": "1"}]),
    copy(owner={"user": {"User": {"byName": {"name": "app"}}}}, exclude_patterns=["*.md"]),
    op("source", {"identifier": "http://h/f", "attrs": {"http.filename": "f", "http.perm": "0600"}}),
    op("source", {"identifier": "docker-image://a@sha256:" + "a" * 64, "attrs": {"image.layerlimit": "1"}}),
    op(
        "file",
        {
            "actions": [
                {"Action": {"mkfile": {"path": "/f", "data": "eA=="}}, "input": -1, "secondaryInput": -1, "output": 0}
            ]
        },
    ),
]
STEPS += [
    {"id": f"more{number}", "op": {"Op": {one.kind: one.body}, "platform": one.platform}}
    for number, one in enumerate(MORE)
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside, max_size=3),
    max_leaves=5,
)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each place in a document: what holds it, and its name or number there."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in inside:
        yield value, name
        yield from places(one)


@given(st.data())
def test_anything_in_any_place(data: st.DataObject) -> None:
    """With anything in place of anything else a document is refused, or its keys are computed or not known."""
    document = deepcopy(SAMPLE)
    for holder, name in data.draw(st.lists(st.sampled_from(list(places(document))), min_size=1, max_size=3)):
        holder[name] = data.draw(JSON)
    try:
        read = read_ops(json.dumps(document))
    except ValueError:
        return
    for rules in possible_rules("", read.ops):
        for one in read.ops:
            op_keys(one, rules)
            assert len(input_keys(one, rules)) == len(one.inputs)
            heredoc_tree(one)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"buildConfig": ' * 50_000,
        "1" * 10_000,
        '{"buildConfig": {"llbDefinition": [{"id": "a", "op": {}, "inputs": ["a:0"]}]}}',
        '{"buildConfig": {"llbDefinition": [{"id": "a", "op": {}}, {"id": "a", "op": {}}]}}',
    ],
    ids=["deep list", "deep object", "long number", "stands on itself", "twice"],
)
def test_refused(text: str) -> None:
    """A document that is deeper than any, or whose steps stand on nothing, is refused."""
    with pytest.raises(ValueError, match=r"provenance|Expecting|Exceeds"):
        read_ops(text)


def test_very_many_mounts() -> None:
    """An operation with more mounts than any Dockerfile has is done with at once."""
    mounts = [
        {"input": 1, "dest": f"/{number}", "selector": f"/{number}", "readonly": True} for number in range(30_000)
    ]
    (rules,) = possible_rules("v0.34.2", ())
    assert len(input_keys(run(mounts), rules)[1].taken) == 30_000


def test_a_lone_half_of_a_character_is_not_known() -> None:
    """An operation that holds what no BuildKit writes has no key."""
    assert op("exec", {"meta": {"args": ["\ud800"]}}).kind == ""
