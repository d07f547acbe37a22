"""Prune plans: leaf first, to the byte, with a reason for whatever stays."""

from hypothesis import given
from hypothesis import strategies as st

from core.record_making import IN_USE, READINGS, SHARED, Flags, key, record
from dockcache_tui.core.records.prune import KeepReason, frees, plan
from dockcache_tui.core.records.record import Record, RecordKey

CHAIN = [record("a", size=1), record("b", "a", size=10, created=1), record("c", "b", size=100, created=2)]


def ids(records: tuple[Record, ...]) -> list[str]:
    """Return the records' ids."""
    return [one.id for one in records]


def daemon(records: list[Record], order: tuple[RecordKey, ...]) -> list[Record]:
    """Prune one by one as BuildKit does: pass over what is in use, shared or has children; return what was freed."""
    left = {one.key: one for one in records}
    freed = []
    for wanted in order:
        one = left[wanted]
        children = any(one.id in other.parents and other.node == one.node for other in left.values())
        if not (one.in_use or one.shared or children):
            freed.append(left.pop(wanted))
    return freed


def test_children_go_before_parents() -> None:
    """A marked chain is pruned from its leaf up, and its bytes are the sum."""
    what = plan(CHAIN, [key("a"), key("b"), key("c")])
    assert what.keys == (key("c"), key("b"), key("a"))
    assert what.bytes == 111
    assert not what.kept
    assert not what.unmarked
    assert what.deep_bytes == 111


def test_a_parent_of_an_unmarked_child_stays() -> None:
    """BuildKit frees nothing of a record with children; the plan says so and offers to take them too."""
    what = plan(CHAIN, [key("a")])
    assert what.freed == ()
    assert [(one.key, one.reason, one.children) for one in what.kept] == [
        (key("a"), KeepReason.HAS_CHILDREN, (key("b"),)),
    ]
    assert ids(what.unmarked) == ["b", "c"]
    assert ids(what.deep) == ["c", "b", "a"]
    assert (what.bytes, what.deep_bytes) == (0, 111)


def test_reasons() -> None:
    """What is in use, shared, under either, or gone stays, each with its own reason."""
    records = [
        record("used", flags=IN_USE),
        record("image", flags=SHARED),
        record("both", flags=Flags(in_use=True, shared=True)),
        record("base"),
        record("held", "base", flags=IN_USE),
        record("mount", flags=Flags(mutable=True), size=7),
    ]
    what = plan(records, [key(one.id) for one in records] + [key("gone"), key("mount", "node1")])
    assert {one.key: one.reason for one in what.kept} == {
        key("used"): KeepReason.IN_USE,
        key("image"): KeepReason.SHARED,
        key("both"): KeepReason.IN_USE,
        key("base"): KeepReason.HAS_CHILDREN,
        key("held"): KeepReason.IN_USE,
        key("gone"): KeepReason.MISSING,
        key("mount", "node1"): KeepReason.MISSING,
    }
    assert (ids(what.freed), what.bytes) == (["mount"], 7)


def test_a_cycle_stays() -> None:
    """Records that hold each other have no leaf to begin with, so all of them stay; what is beside them goes."""
    records = [record("a", "b"), record("b", "a"), record("top"), record("c", "a", "top")]
    what = plan(records, [key(one.id) for one in records])
    assert ids(what.freed) == ["c", "top"]
    assert {one.key.id: one.reason for one in what.kept} == dict.fromkeys("ab", KeepReason.HAS_CHILDREN)
    assert [one.key.id for one in frees(records, key("a")).blocked_by] == ["a", "b"]


def test_what_pruning_one_record_frees() -> None:
    """One record frees itself and all its descendants, also those with another parent."""
    merged = [*CHAIN, record("other", size=1000), record("m", "b", "other", size=10_000, created=3)]
    assert (ids(frees(merged, key("b")).records), frees(merged, key("b")).bytes) == (["m", "c", "b"], 10_110)
    assert frees(merged, key("c")).bytes == 100


def test_a_blocked_descendant_blocks_the_record() -> None:
    """When a descendant is in use, a record frees nothing, and that descendant is named, not what is between."""
    what = frees([*CHAIN, record("d", "c", flags=IN_USE)], key("a"))
    assert (what.bytes, what.records) == (0, ())
    assert [(one.key, one.reason) for one in what.blocked_by] == [(key("d"), KeepReason.IN_USE)]
    assert [one.reason for one in frees(CHAIN, key("x")).blocked_by] == [KeepReason.MISSING]


@given(READINGS, st.data())
def test_a_daemon_frees_exactly_the_plan(records: list[Record], data: st.DataObject) -> None:
    """BuildKit's own rule, applied in the plan's order, frees all of the plan, and nothing of what stays."""
    marked = [one.key for one in records if data.draw(st.booleans())]
    what = plan(records, marked)
    assert tuple(daemon(records, what.keys)) == what.freed
    left = [one for one in records if one not in what.freed]
    staying = tuple(one.key for one in what.kept)
    assert daemon(left, staying) == []
    assert {*what.keys, *staying} == set(marked)


@given(READINGS, st.data())
def test_the_deep_plan_is_the_plan_of_all_descendants(records: list[Record], data: st.DataObject) -> None:
    """Marking the unmarked descendants too gives what the plan promised for them."""
    marked = [one.key for one in records if data.draw(st.booleans())]
    what = plan(records, marked)
    wider = plan(records, [*marked, *(one.key for one in what.unmarked)])
    assert (wider.freed, wider.unmarked) == (what.deep, ())


@given(READINGS)
def test_frees_agrees_with_the_plan(records: list[Record]) -> None:
    """A record frees what the plan of it and its descendants frees, or nothing when that plan leaves it."""
    for one in records:
        what, deep = frees(records, one.key), plan(records, [one.key]).deep
        assert what.records == (deep if one in deep else ())
        assert bool(what.blocked_by) == (one not in deep)
