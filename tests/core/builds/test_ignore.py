"""What .dockerignore leaves out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockcache_tui.core.builds.ignore import IgnoreVerdict, judge, may_take_in, parse_ignore, parse_patterns
from dockcache_tui.core.errors import UsageError


def ignored(text: str, path: str) -> bool:
    """Tell whether a path is left out, deciding about each folder above it first."""
    rules, verdict, above = parse_ignore(text), IgnoreVerdict(), ""
    for part in path.split("/"):
        above = f"{above}/{part}" if above else part
        verdict = judge(rules, above, verdict)
    return verdict.ignored


@pytest.mark.parametrize(
    ("text", "left_out", "let_through"),
    [
        ("*.log", "a.log", "d/a.log"),
        ("**/*.log", "d/e/a.log", "a.logs"),
        ("/a", "a/b/c", "b/a"),
        ("a/", "a/b", "ab"),
        ("*\n!keep", "other", "keep"),
        ("d\n!d/keep", "d/x", "d/keep"),
        ("*\n!d/**/x", "d/e/y", "d/e/f/x"),
        ("!a\na", "a", "b"),
        ("**", "a/b", ""),
        ("a?c", "abc", "a/c"),
        ("[a-c]x", "bx", "dx"),
        ("[^a]x", "bx", "ax"),
        ("a\\*b", "a*b", "axb"),
        ("**foo", "d/barfoo", "fo"),
        ("a/**/b", "a/x/y/b", "a/x"),
        ("./a/../b", "b", "a"),
        ("  spaced  ", "spaced", "  spaced"),
        ("#no\n\n", "", "#no"),
        (" #yes", "#yes", "yes"),
        ("a+b(c){d}|$^.", "a+b(c){d}|$^.", "aab"),
        ("*/a^b", "", "d/a^b"),
        ("src\\bin", "", "srcbin"),
        ("\\d*", "1a", "da"),
        ("a[*]b", "a[]b", "a*b"),
        ("*/**/z", "a/b/z", "a/b\nc/z"),
        ("**/z", "a/b\nc/z", "az"),
        ("[]a]x", "]x", "bx"),
        ("[!--]x", "#x", "ax"),
    ],
)
def test_rules(text: str, left_out: str, let_through: str) -> None:
    """Each form of pattern leaves out the one path and lets the other through."""
    assert not left_out or ignored(text, left_out)
    assert not ignored(text, let_through) or not let_through


def test_a_folder_nobody_asked_about() -> None:
    """A pattern that matches a folder above holds for a path below it, also where the folder was not asked about."""
    assert judge(parse_patterns(["a"]), "a/b/c", IgnoreVerdict()).ignored
    assert not judge(parse_patterns(["a", "!a/b"]), "a/b/c", IgnoreVerdict()).ignored


@pytest.mark.parametrize(
    ("pattern", "path", "ignored"),
    [(" a/../b ", "b", True), ("/b", "b", False), ("!./b", "b", False), ("#b", "#b", True), ("", "", False)],
)
def test_patterns_of_instructions(pattern: str, path: str, ignored: bool) -> None:  # noqa: FBT001
    """Patterns of COPY are read otherwise than .dockerignore: a slash before counts, and # begins no comment."""
    assert judge(parse_patterns([pattern]), path, IgnoreVerdict()).ignored is ignored
    with pytest.raises(UsageError, match="bad pattern"):
        parse_patterns(["a["])


@pytest.mark.parametrize("text", ["!", "a[", "[z-a]", "*\\q", "a*\\"])
def test_refused(text: str) -> None:
    """What Docker refuses is refused with the line."""
    with pytest.raises(UsageError, match=r"\.dockerignore"):
        parse_ignore(text)


@given(st.text(alphabet="ab*?/!#[]\\. \n-^&|", max_size=12), st.text(alphabet="ab/.", min_size=1, max_size=6))
def test_any_text_is_read_or_refused(text: str, path: str) -> None:
    """No .dockerignore breaks us, and an empty one leaves out nothing."""
    try:
        ignored(text, path)
    except UsageError:
        return
    assert not ignored("", path)


def test_folders_that_need_no_search() -> None:
    """A folder left out is only searched where a rule may take in again something below it."""
    rules = parse_ignore("*\n!src/app/**\n!docs\n")
    assert [may_take_in(rules, folder) for folder in ("src", "src/app", "src/app/x", "docs/a")] == [True] * 4
    assert not any(may_take_in(rules, folder) for folder in ("node_modules", "src/lib", "doc"))
    assert may_take_in(parse_ignore("*\n!**/a"), "node_modules")


@given(st.text(alphabet="ab*?/!\n", max_size=16), st.text(alphabet="ab/", min_size=3, max_size=8))
def test_what_needs_no_search_holds_nothing(text: str, path: str) -> None:
    """Nothing is let through below a folder left out that no rule may take in again."""
    path = "/".join(filter(None, path.split("/"))) or "a"
    folders = [path[:end] for end, one in enumerate(path) if one == "/"]
    try:
        rules = parse_ignore(text)
        if any(ignored(text, folder) and not may_take_in(rules, folder) for folder in folders):
            assert ignored(text, path)
    except UsageError:
        return
