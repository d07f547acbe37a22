"""When a record answers a step."""

from hypothesis import given
from hypothesis import strategies as st

from dockcache_tui.core.explain.go_json import digest
from dockcache_tui.core.explain.store import Found, KeyedRecord, Link, RecordStore, content_record, record_digest

KEY, OTHER = "sha256:key", "sha256:other"


def answers(records: list[KeyedRecord], *inputs: Found, keys: tuple[str, ...] = (KEY,), output: int = 0) -> set[str]:
    """Return the ids of the records that answer a step."""
    return set(RecordStore(records).answers(keys, inputs, output))


def record(name: str, *links: Link, key: str = KEY, output: int = 0) -> KeyedRecord:
    """Return a record of a key."""
    return KeyedRecord(name, record_digest(key, output), frozenset(links))


BASE = Found(frozenset({"base"}))


def test_digests() -> None:
    """A record's digest names its key and output, a content's the output before the first."""
    assert record_digest(KEY, 1) == digest(b"sha256:key@1")
    assert content_record(KEY) == digest(b"sha256:key@-1")


def test_source() -> None:
    """A step without inputs is answered by its key and output alone, by any of its keys."""
    assert answers([record("a")]) == {"a"}
    assert answers([record("a", output=1)]) == set()
    assert answers([record("a", output=1)], output=1) == {"a"}
    assert answers([record("a", key=OTHER)], keys=(KEY, OTHER)) == {"a"}
    assert answers([record("a")], keys=()) == set()


def test_selectors() -> None:
    """A link counts with the selector it was made with."""
    records = [record("a", Link(0, "base", "part"))]
    assert answers(records, Found(frozenset({"base"}), "part")) == {"a"}
    assert answers(records, BASE) == set()


def test_every_input_by_one_record() -> None:
    """Records that answer one input each do not answer the step: one has to answer all."""
    one, two = record("one", Link(0, "base"), Link(1, "x")), record("two", Link(0, "y"), Link(1, "other"))
    other = Found(frozenset({"other"}))
    assert answers([one, two], BASE, other) == set()
    both = record("both", Link(0, "base"), Link(1, "other"))
    assert answers([one, two, both], BASE, other) == {"both"}


def test_content() -> None:
    """An input is answered by its content where what made it is unknown, without a selector."""
    stored = KeyedRecord("c", content_record("sha256:content"))
    records = [stored, record("a", Link(0, "gone", "part"), Link(0, "c"))]
    assert answers(records, Found(selector="part", content="sha256:content")) == {"a"}
    assert answers(records, Found(selector="part", content="sha256:changed")) == set()
    assert answers(records, Found(selector="part")) == set()


RECORDS = st.lists(
    st.builds(
        lambda name, links: record(name, *links),
        st.sampled_from("abcd"),
        st.lists(st.builds(Link, st.integers(0, 1), st.sampled_from("xyz"))),
    )
)
INPUTS = st.tuples(*[st.builds(Found, st.frozensets(st.sampled_from("xyz")))] * 2)


@given(RECORDS, INPUTS, INPUTS)
def test_more_finds_more(records: list[KeyedRecord], some: tuple[Found, Found], more: tuple[Found, Found]) -> None:
    """What more of the inputs came to never takes an answer away, and inputs that came to nothing have none."""
    both = [Found(one.records | other.records) for one, other in zip(some, more, strict=True)]
    assert answers(records, *some) <= answers(records, *both)
    assert answers(records, Found(), some[1]) == set()
