"""Who was built on whom."""

from hypothesis import given

from core.record_making import READINGS, key, record
from dockcache_tui.core.records.lineage import Lineage
from dockcache_tui.core.records.record import Record


def test_parents_children_and_descendants() -> None:
    """Parents come in BuildKit's order, children oldest first, what is below a record includes it."""
    lineage = Lineage.of(
        [
            record("a"),
            record("b", created=1),
            record("m", "b", "gone", "a", "b", created=3),
            record("n", "m", "a", created=2),
        ]
    )
    assert [one.id for one in lineage.parents_of(key("m"))] == ["b", "a"]
    assert lineage.missing_of(key("m")) == ("gone",)
    assert [one.id for one in lineage.children_of(key("a"))] == ["n", "m"]
    below = lineage.below([lineage.positions["node0", "b"]])
    assert [lineage.records[one].id for one in sorted(below)] == ["b", "n", "m"]


def test_an_unknown_key_has_no_relations() -> None:
    """A record that is not in the reading, or is on another node, has neither parents nor children."""
    lineage = Lineage.of([record("a"), record("b", "a")])
    for unknown in (key("x"), key("a", "node1")):
        assert lineage.position(unknown) is None
        assert lineage.parents_of(unknown) == lineage.children_of(unknown) == ()
        assert lineage.missing_of(unknown) == ()


def test_of_equal_keys_the_last_stays() -> None:
    """A record given twice is one record, as it was given last."""
    assert [one.size for one in Lineage.of([record("a", size=1), record("a", size=2)]).records] == [2]


@given(READINGS)
def test_children_mirror_parents(records: list[Record]) -> None:
    """A record is among the children of exactly those that are its parents, and a lineage is not made twice."""
    lineage = Lineage.of(records)
    up = {(one.key, parent.key) for one in records for parent in lineage.parents_of(one.key)}
    down = {(child.key, one.key) for one in records for child in lineage.children_of(one.key)}
    assert up == down
    assert Lineage.of(lineage) is lineage
