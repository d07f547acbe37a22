"""The forest of records: every record once in full, whatever the parents say."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from core.record_making import READINGS, key, record
from dockcache_tui.core.records.forest import GUIDE_LEVELS, ForestRow, forest
from dockcache_tui.core.records.lineage import Lineage
from dockcache_tui.core.records.record import Record, RecordKey


def shown(rows: tuple[ForestRow, ...]) -> list[str]:
    """Return rows as they are read: guide and id."""
    return [f"{row.guide}{row.record.id}" for row in rows]


def test_a_tree_is_drawn_in_build_order() -> None:
    """Children stand under what they were built on, the oldest first, with guides."""
    records = [record("c", "a", created=3), record("a"), record("b", "a", created=2), record("d", "b", created=4)]
    assert shown(forest(records)) == ["a", "├─b", "│ └─d", "└─c"]


def test_a_shared_child_is_shown_once_and_linked() -> None:
    """A record with two parents is in full under the first and a link, not unfolded, under the second."""
    records = [record("a"), record("b", created=1), record("m", "b", "a", created=2), record("n", "m", created=3)]
    rows = forest(records)
    assert shown(rows) == ["a", "└─↪ m", "b", "└─m", "  └─n"]
    assert [row.link for row in rows] == [False, True, False, False, False]
    assert rows[1].key == (key("m"), key("a"))
    assert rows[3].key == (key("m"), None)


def test_missing_parents_are_named() -> None:
    """A child of a parent that is gone becomes a root that names it, or stands under the parent that is there."""
    rows = forest([record("lost", "gone"), record("a", created=1), record("half", "gone", "a", created=2)])
    assert [(row.record.id, row.depth, row.missing) for row in rows] == [
        ("lost", 0, ("gone",)),
        ("a", 0, ()),
        ("half", 1, ("gone",)),
    ]


def test_a_cycle_is_cut_above_its_oldest_record() -> None:
    """Records that are each other's ancestors are all shown, from the oldest down to a link back to it."""
    rows = forest([record("a", "c"), record("b", "a", created=1), record("c", "b", created=2)])
    assert shown(rows) == ["a", "└─b", "  └─c", "    └─↪ a"]
    entered_late = [
        record("x", "c", created=-1),
        record("a", "c"),
        record("b", "a", created=1),
        record("c", "b", created=2),
    ]
    assert shown(forest(entered_late)) == ["a", "└─b", "  └─c", "    ├─x", "    └─↪ a"]


def test_a_parent_of_itself_survives() -> None:
    """A record that names itself as parent is a root with a link to itself."""
    assert shown(forest([record("a", "a")])) == ["a", "└─↪ a"]


def test_ids_belong_to_a_node() -> None:
    """Equal ids on two nodes are two records, and nobody is the child of the other node's."""
    rows = forest([record("a"), record("a", node="node1"), record("b", "a", node="node1", created=1)])
    assert [(row.record.node, row.record.id, row.depth) for row in rows] == [
        ("node0", "a", 0),
        ("node1", "a", 0),
        ("node1", "b", 1),
    ]


def test_totals_count_every_record_once() -> None:
    """A record's total is its bytes and those in full under it, so that the roots' totals are the whole."""
    rows = forest([record("a", size=1), record("b", size=10, created=1), record("m", "a", "b", size=100, created=2)])
    assert [(row.record.id, row.link, row.total, row.count) for row in rows] == [
        ("a", False, 101, 2),
        ("m", False, 100, 1),
        ("b", False, 10, 1),
        ("m", True, 100, 1),
    ]


def test_folding_hides_what_is_below() -> None:
    """Nothing under a collapsed record is shown, and its row says so and keeps its total."""
    rows = forest([record("a"), record("b", "a"), record("c", "b")], collapsed={key("b"), key("c"), key("unknown")})
    assert [(row.record.id, row.expandable, row.collapsed, row.total) for row in rows] == [
        ("a", True, False, 3),
        ("b", True, True, 2),
    ]


def test_a_filter_keeps_ancestors_as_context() -> None:
    """Matches are shown with all their ancestors, which are marked as context, and nothing else is."""
    records = [record("a"), record("b", "a", created=1), record("c", "b", created=2), record("d", "a", created=3)]
    rows = forest(records, matching={key("b")})
    assert [(row.guide + row.record.id, row.context, row.expandable) for row in rows] == [
        ("a", True, True),
        ("└─b", False, False),
    ]
    assert forest(records, matching=()) == ()


def test_a_chain_of_100_000_needs_no_recursion() -> None:
    """A chain as long as that is shown whole, and its guides stay narrow."""
    chain = [
        record(f"{number:06}", *([f"{number - 1:06}"] if number else []), created=number) for number in range(100_000)
    ]
    rows = forest(chain)
    assert len(rows) == 100_000
    assert rows[-1].depth == 99_999
    assert rows[0].total == 100_000
    assert len(rows[-1].guide) == 2 + 2 * GUIDE_LEVELS
    assert rows[-1].guide.startswith("… ")


@given(READINGS)
def test_each_record_is_in_full_exactly_once(records: list[Record]) -> None:
    """Whatever the parents, every record has one full row, every row its own key, and every known parent its row."""
    rows = forest(records)
    assert Counter(row.record.key for row in rows if not row.link) == Counter(one.key for one in records)
    assert len({row.key for row in rows}) == len(rows)
    known = {one.key for one in records}
    edges = {(one.key, key(parent, one.node)) for one in records for parent in one.parents} & {
        (child, parent) for child in known for parent in known
    }
    assert {(row.record.key, row.above.key) for row in rows if row.above} == edges
    assert sum(row.total for row in rows if not row.depth) == sum(one.size for one in records)


@given(READINGS, st.data())
def test_order_of_the_input_does_not_matter(records: list[Record], data: st.DataObject) -> None:
    """The same records in any order give the same rows."""
    assert forest(data.draw(st.permutations(records))) == forest(records)


@given(READINGS, st.data())
def test_filtering_shows_every_match_and_only_what_leads_to_one(records: list[Record], data: st.DataObject) -> None:
    """The full rows of a filtered forest are the matches and their ancestors, of which the latter are context."""
    matching = {one.key for one in records if data.draw(st.booleans())}
    rows = [row for row in forest(records, matching=matching) if not row.link]
    lineage = Lineage.of(records)
    above: set[RecordKey] = set()
    todo = list(matching)
    while todo:
        fresh = {one.key for one in lineage.parents_of(todo.pop())} - above
        above |= fresh
        todo += fresh
    leading = above - matching
    assert {row.record.key for row in rows if not row.context} == matching
    assert {row.record.key for row in rows if row.context} == leading
