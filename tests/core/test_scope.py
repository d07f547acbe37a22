"""Branch scopes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockcache_tui.core.scope import BranchScope, Project, ScopeFilter, Whose, at_hand_first, restorable

MAIN, FIX, OTHER = BranchScope.of("main"), BranchScope.of("fix"), BranchScope.of("other")


@pytest.mark.parametrize(
    ("short", "ref"),
    [
        ("main", "refs/heads/main"),
        ("a/b", "refs/heads/a/b"),
        ("#7", "refs/pull/7/merge"),
        ("tag v1", "refs/tags/v1"),
        ("#x", "refs/heads/#x"),
        ("refs/notes/x", "refs/notes/x"),
    ],
)
def test_short_form_and_ref(short: str, ref: str) -> None:
    """What people read can be typed, and means the same ref."""
    assert BranchScope.of(short) == BranchScope.of(ref) == BranchScope(ref)
    assert BranchScope(ref).short == short


def test_what_a_run_may_restore() -> None:
    """Its own scope comes first, then its base, then the default branch; each once, never a sibling."""
    assert restorable(FIX, base=OTHER, default=MAIN) == (FIX, OTHER, MAIN)
    assert restorable(FIX, base=MAIN, default=MAIN) == (FIX, MAIN)
    assert restorable(MAIN) == (MAIN,)


def test_the_filter_lets_through() -> None:
    """Nothing picked admits all; a branch admits its own things, and in restorable mode the default's."""
    assert ScopeFilter().admits(())
    assert ScopeFilter(FIX).admits((OTHER, FIX))
    assert not ScopeFilter(FIX, default=MAIN).admits((MAIN,))
    assert not ScopeFilter(FIX).admits(())
    assert ScopeFilter(FIX, restorable=True, default=MAIN).admits((MAIN,))
    assert not ScopeFilter(FIX, restorable=True, base=MAIN).admits((OTHER,))


def test_what_the_header_shows() -> None:
    """The filter's text names the branch and the mode."""
    shown = [str(ScopeFilter()), str(ScopeFilter(FIX)), str(ScopeFilter(FIX, restorable=True))]
    assert shown == ["all branches", "fix", "fix + restorable"]


def test_the_order_of_branches() -> None:
    """The project at hand comes first, its checked-out branch on top; those that have records come before others."""
    here, bare, known, last = (Project(f"/src/{name}") for name in ("web", "a", "b", "c"))
    ordered = [
        (here, MAIN), (here, OTHER), (here, FIX),
        (known, OTHER), (known, FIX), (last, MAIN), (bare, FIX), (None, MAIN), (None, FIX),
    ]  # fmt: skip
    records: dict[Whose, int] = {(here, OTHER): 1, (known, OTHER): 2, (last, MAIN): 9, (bare, FIX): 0, (None, MAIN): 1}
    assert at_hand_first(reversed(ordered), (here, MAIN), records) == ordered


def test_the_order_of_branches_outside_a_project() -> None:
    """Where no project is at hand, those that have records come first, and one that is not known last."""
    one, two = Project("/src/a"), Project("/src/b")
    ordered = [(two, FIX), (one, MAIN), (None, FIX)]
    assert at_hand_first(reversed(ordered), (None, None), {(two, FIX): 1, (None, FIX): 3}) == ordered


@given(st.text())
def test_any_name_is_a_full_ref(name: str) -> None:
    """Whatever is typed becomes a full ref, which reading again leaves alone."""
    scope = BranchScope.of(name)
    assert scope.ref.startswith("refs/")
    assert BranchScope.of(scope.ref) == scope
