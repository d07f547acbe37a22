"""Steps stand below what they need."""

from hypothesis import given
from hypothesis import strategies as st

from dockcache_tui.core.builds.progress import Progress, VertexUpdate
from dockcache_tui.core.builds.reducer import LiveBuild, needs_first

GRAPHS = st.dictionaries(st.sampled_from("abcdefgh"), st.lists(st.sampled_from("abcdefghz"), max_size=4))


@given(GRAPHS)
def test_every_key_comes_once(inputs: dict[str, list[str]]) -> None:
    """Whatever the graph, with cycles and unknown inputs, each key is there once."""
    assert sorted(needs_first(inputs)) == sorted(inputs)


@given(st.lists(st.lists(st.integers(0, 30), max_size=4), max_size=30))
def test_inputs_come_first(edges: list[list[int]]) -> None:
    """Without a cycle, each key comes after all its inputs."""
    inputs = {str(key): [str(one) for one in needs if one > key] for key, needs in enumerate(edges)}
    place = {key: at for at, key in enumerate(needs_first(inputs))}
    assert all(place[one] < place[key] for key, needs in inputs.items() for one in needs if one in place)


def test_a_deep_chain_needs_no_recursion() -> None:
    """A chain of 100,000 is turned round."""
    inputs = {str(key): [str(key + 1)] for key in range(100_000)}
    assert needs_first(inputs)[0] == "99999"


def test_steps_are_shown_below_what_they_need() -> None:
    """BuildKit tells the last step first; the live build turns that round."""
    live = LiveBuild()
    live.apply(
        Progress((VertexUpdate("c", "COPY", ("b",)), VertexUpdate("b", "RUN", ("a",)), VertexUpdate("a", "FROM")))
    )
    assert [step.digest for step in live.snapshot()] == ["a", "b", "c"]
