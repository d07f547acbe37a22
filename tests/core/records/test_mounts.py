"""The ids of cache mounts and the branches they name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.record_making import record
from dockcache_tui.core.records.mounts import CACHE_MOUNT, ScopeIndex, mount_id, sanitised
from dockcache_tui.core.scope import BranchScope


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        ('cached mount /go from exec /bin/sh -c go build with id "/gomod-main"', "/gomod-main"),
        ('cached mount /go from exec echo with id "x" with id "/y"', "/y"),
        (r'cached mount /go from exec a with id "q\"uo\\te\n"', r'q"uo\te\n'),
        ("cached mount /go from exec a", None),
        ('mount / from exec a with id "x"', None),
        ('cached mount /go from exec a with id "x" and more', None),
    ],
)
def test_the_id_is_read_from_the_description(description: str, expected: str | None) -> None:
    """The id is the last thing a cache mount's description says, in Go's quotes."""
    assert mount_id(record("r", what=(CACHE_MOUNT, description))) == expected
    assert mount_id(record("r", what=("regular", description))) is None


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        ("refs/heads/fix/a b", "fix-a-b"),
        ("refs/pull/7/merge", "7-merge"),
        ("refs/tags/v1.2", "v1.2"),
        ("refs/heads/größe", "gr--e"),
    ],
)
def test_a_ref_as_a_cache_scope(ref: str, expected: str) -> None:
    """What a scope can't hold becomes a dash."""
    assert sanitised(BranchScope(ref)) == expected


@pytest.mark.parametrize(
    ("id_", "scope", "branches"),
    [
        ("/gomod-main", "main", ("refs/heads/main",)),
        ("main", "main", ("refs/heads/main",)),
        ("/go-fix-main", "fix-main", ("refs/heads/fix/main", "refs/heads/fix-main")),
        ("/gomod-domain", None, ()),
        ("/gomod-main-2", None, ()),
        ("", None, ()),
    ],
)
def test_the_longest_known_scope_at_the_end_wins(id_: str, scope: str | None, branches: tuple[str, ...]) -> None:
    """A scope counts as a whole word at the end, the longest first, and may be of several branches."""
    index = ScopeIndex(BranchScope(ref) for ref in ("refs/heads/main", "refs/heads/fix/main", "refs/heads/fix-main"))
    assert index.find(id_) == (scope, tuple(sorted(map(BranchScope, branches))))


@given(st.text(min_size=1).map(BranchScope.of).filter(sanitised), st.text())
def test_every_known_branch_is_found_in_its_own_ids(branch: BranchScope, prefix: str) -> None:
    """Whatever stands before it, a mount id that ends in a branch's scope leads back to that branch."""
    assert ScopeIndex([branch]).find(f"{prefix}-{sanitised(branch)}") == (sanitised(branch), (branch,))
