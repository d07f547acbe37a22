"""Which operation of one build is which of another."""

from hypothesis import given, settings
from hypothesis import strategies as st

from core.explain.sample_builds import VERSION, Builder
from dockcache_tui.core.explain.keyed_graph import KeyedGraph
from dockcache_tui.core.explain.pairing import pair
from dockcache_tui.core.explain.rules import rules_of

LINES = ["RUN a", "RUN b b", "RUN a", "COPY f /f", "COPY f g /f", "WORKDIR /w", "COPY --from=one /x /x"]


def graph(*lines: str) -> KeyedGraph:
    """Return the graph of a Dockerfile with a stage before what is given."""
    rules = rules_of(VERSION)
    assert rules
    text = "\n".join(("FROM other AS one", "RUN one", "FROM base", *lines))
    return KeyedGraph(Builder().build(text, {"f": "f", "g": "g"}).evidence.graphs[0], rules)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(LINES), max_size=8))
def test_itself(lines: list[str]) -> None:
    """A build paired with itself pairs each operation with itself."""
    one = graph(*lines)
    assert pair(one, one) == {op: op for op in one.ops}


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(LINES), max_size=6), st.data())
def test_an_inserted_step(lines: list[str], data: st.DataObject) -> None:
    """A step that is put in is the only one without an old one."""
    at = data.draw(st.integers(0, len(lines)))
    old, new = graph(*lines), graph(*lines[:at], "RUN put in", *lines[at:])
    pairs = pair(old, new)
    assert len(new.ops) - len(pairs) == 1
    assert sorted(pairs.values()) == sorted(old.ops)
    (put_in,) = new.ops.keys() - pairs.keys()
    assert new.ops[put_in].body["meta"]["args"][-1] == "put in"


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(LINES), min_size=1, max_size=6), st.lists(st.sampled_from(LINES), max_size=6))
def test_no_old_one_twice(lines: list[str], others: list[str]) -> None:
    """No old operation is paired with two, and those of one pair are of one kind."""
    old, new = graph(*lines), graph(*others)
    pairs = pair(old, new)
    assert len(set(pairs.values())) == len(pairs)
    assert all(old.ops[one].kind == new.ops[other].kind for other, one in pairs.items())
