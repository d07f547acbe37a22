"""Plan and outcome agree to the byte, or the difference is explained."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.record_making import IN_USE, READINGS, SHARED, key, record
from dockcache_tui.core.records.outcome import Cause, Difference, compare
from dockcache_tui.core.records.prune import plan
from dockcache_tui.core.records.record import Pruned, PruneOutcome, Record

PLAN = plan([record("a", size=1), record("b", size=10)], [key("a"), key("b")])


def test_an_outcome_as_planned_agrees() -> None:
    """When every record freed its bytes there is nothing to explain."""
    what = compare(PLAN, PruneOutcome((Pruned(key("a"), 1), Pruned(key("b"), 10))))
    assert what.agrees
    assert (what.planned, what.freed) == (11, 11)


@pytest.mark.parametrize(
    ("after", "cause"),
    [
        (None, Cause.UNKNOWN),
        ([], Cause.GONE),
        ([record("b", flags=IN_USE)], Cause.USED),
        ([record("b", flags=SHARED)], Cause.SHARED),
        ([record("b"), record("new", "b")], Cause.BUILT_UPON),
        ([record("b")], Cause.STAYED),
    ],
)
def test_why_a_record_stayed(after: list[Record] | None, cause: Cause) -> None:
    """The reading after the prune tells why a record freed nothing."""
    what = compare(PLAN, PruneOutcome((Pruned(key("a"), 1),)), after)
    assert what.differences == (Difference(key("b"), 10, 0, cause),)


def test_the_builders_own_reason_comes_first() -> None:
    """What the builder refused is told in its own words."""
    what = compare(PLAN, PruneOutcome((Pruned(key("a"), 1),), ((key("b"), "locked"),)), [])
    assert what.differences == (Difference(key("b"), 10, 0, Cause.REFUSED, "locked"),)


@pytest.mark.parametrize(
    ("after", "unread", "cause", "word"),
    [
        (None, (), Cause.UNANSWERED, "unknown"),
        ([], (), Cause.UNANSWERED_GONE, "gone"),
        ([], ("node0",), Cause.UNANSWERED, "unknown"),
        ([record("b")], (), Cause.STAYED, "stayed"),
    ],
)
def test_a_lost_answer_is_settled_by_the_next_reading(
    after: list[Record] | None, unread: tuple[str, ...], cause: Cause, word: str
) -> None:
    """A record that no answer told of is unknown until a reading of its node shows whether it is there."""
    outcome = PruneOutcome((Pruned(key("a"), 1),), unknown=((key("b"), "lost"),))
    what = compare(PLAN, outcome, after, unread)
    assert what.differences == (Difference(key("b"), 10, 0, cause, "lost"),)
    assert (what.differences[0].cause.outcome, what.untried) == (word, False)


def test_a_node_that_can_not_be_read_again_tells_nothing() -> None:
    """A record that stayed without a reason is not called gone because its node is down after it."""
    what = compare(PLAN, PruneOutcome((Pruned(key("a"), 1),), ((key("b"), ""),)), [], ("node0",))
    assert [one.cause for one in what.differences] == [Cause.UNKNOWN]


def test_nothing_tried() -> None:
    """Only when every record of the plan was never asked for, nothing could be tried."""
    left = ((key("a"), "down"), (key("b"), "down"))
    assert compare(PLAN, PruneOutcome((), not_tried=left)).untried
    assert not compare(PLAN, PruneOutcome((), ((key("b"), "locked"),), not_tried=left[:1])).untried
    assert not compare(PLAN, PruneOutcome((Pruned(key("a"), 1),), not_tried=left[1:])).untried


def test_a_resized_and_an_unplanned_record() -> None:
    """Other bytes than planned, and records that went along, are told with both sizes."""
    freed = (Pruned(key("a"), 1), Pruned(key("b"), 12), Pruned(key("z"), 3))
    assert compare(PLAN, PruneOutcome(freed)).differences == (
        Difference(key("b"), 10, 12, Cause.RESIZED),
        Difference(key("z"), 0, 3, Cause.UNPLANNED),
    )


@given(READINGS, st.lists(st.tuples(st.integers(0, 15), st.integers(0, 10**9))))
def test_differences_account_for_every_byte(records: list[Record], freed: list[tuple[int, int]]) -> None:
    """Whatever was freed, the differences add up to what lies between plan and outcome."""
    outcome = PruneOutcome(tuple(Pruned(key(f"r{number}"), size) for number, size in freed))
    what = compare(plan(records, [one.key for one in records]), outcome, records)
    assert sum(one.freed - one.planned for one in what.differences) == what.freed - what.planned
