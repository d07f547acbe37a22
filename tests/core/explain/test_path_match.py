"""Wildcards match as Go's path.Match does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockcache_tui.core.explain.path_match import path_match


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("abc", "abc", True),
        ("*", "abc", True),
        ("*", "a/b", False),
        ("*c", "abc", True),
        ("a*", "ab/c", False),
        ("a*/b", "abc/b", True),
        ("a*b*c*d*e*/f", "axbxcxdxe/f", True),
        ("a*b*c*d*e*/f", "axbxcxdxe/xxx/f", False),
        ("a*b?c*x", "abxbbxdbxebxczzx", True),
        ("a*b?c*x", "abxbbxdbxebxczzy", False),
        ("ab[c]", "abc", True),
        ("ab[b-d]", "abc", True),
        ("ab[e-g]", "abc", False),
        ("ab[^c]", "abc", False),
        ("ab[^e-g]", "abc", True),
        ("a\\*b", "a*b", True),
        ("a\\*b", "ab", False),
        ("a?b", "a☺b", True),
        ("a???b", "a☺b", False),
        ("[a-ζ]*", "α", True),
        ("*[a-ζ]", "A", False),
        ("a?b", "a/b", False),
        ("a[^x]b", "a/b", True),
        ("[\\]a]", "]", True),
        ("[x\\-]", "-", True),
        ("[\\-x]", "z", False),
        ("*x", "xxx", True),
        ("**", "ab", True),
        ("[b-a]", "a", False),
        ("[^b-a]", "a", True),
        ("*[^a]*y", "b/xy", False),
        ("", "", True),
        ("", "a", False),
    ],
)
def test_forms(pattern: str, name: str, matches: bool) -> None:  # noqa: FBT001
    """Each form matches what Go says, a slash in a range and no way back over a star among it."""
    assert path_match(pattern, name) is matches


@pytest.mark.parametrize("pattern", ["[]a]", "[-]", "[x-]", "[-x]", "a[", "[^", "\\", "[a-b-c]", "[^]", "a\\"])
def test_refused(pattern: str) -> None:
    """What Go refuses is refused."""
    with pytest.raises(ValueError, match="bad"):
        path_match(pattern, "a")


@given(st.text(alphabet="ab/", max_size=8))
def test_a_path_matches_itself(name: str) -> None:
    """A path without wildcards matches itself and nothing longer."""
    assert path_match(name, name)
    assert not path_match(name, f"{name}a")
