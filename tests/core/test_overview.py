"""Totals by place and branch."""

from hypothesis import given
from hypothesis import strategies as st

from core.record_making import IN_USE, build, record, step
from dockcache_tui.core.overview import UNKNOWN_BRANCH, Held, Total, held, overview
from dockcache_tui.core.records.attribution import attribute
from dockcache_tui.core.scope import BranchScope, ScopeFilter

MAIN, FIX = BranchScope.of("main"), BranchScope.of("fix")
THINGS = st.lists(st.tuples(st.integers(0, 2**40), st.sets(st.sampled_from((MAIN, FIX))).map(tuple)))


def test_what_a_builder_keeps() -> None:
    """Records count by type, by branch and, unless in use, as free to go."""
    run = ("regular", "[1/1] RUN x")
    free, used = record("a", size=5, created=1, what=run), record("b", "a", size=7, flags=IN_USE, created=1, what=run)
    late = record("c", size=1, created=100)
    found = overview(
        attribute((free, used, late), [build("one", 0, 2, "main", step("[1/1] RUN x", 0, 2))]), ScopeFilter()
    )
    assert found.held.all == Total("all", 13, 3)
    assert (found.reclaimable.bytes, found.reclaimable.count) == (6, 2)
    assert found.types == (Total("regular", 13, 3),)
    assert found.held.branches == (Total("main", 12, 2), Total(UNKNOWN_BRANCH, 1, 1))


def test_a_scope_narrows_it() -> None:
    """What is of no branch or of another is in no total."""
    things = ((5, (MAIN,)), (7, (FIX, MAIN)), (9, (FIX,)), (11, ()))
    assert held(things, ScopeFilter(MAIN)) == Held(Total("all", 12, 2), (Total("main", 12, 2), Total("fix", 7, 1)))


@given(THINGS)
def test_totals_add_up(things: list[tuple[int, tuple[BranchScope, ...]]]) -> None:
    """Everything is in the whole once, and in each of its branches; the biggest branch comes first."""
    found = held(things, ScopeFilter())
    assert (found.all.bytes, found.all.count) == (sum(size for size, _ in things), len(things))
    assert sum(one.count for one in found.branches) == sum(max(1, len(whose)) for _, whose in things)
    sizes = [one.bytes for one in found.branches]
    assert sizes == sorted(sizes, reverse=True)
