"""The digest of what a step takes: wildcards, filters and lists of them."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.explain.trees import hashed, tree
from dockcache_tui.core.explain.content import content_digest, taken_digest, taken_paths
from dockcache_tui.core.explain.go_json import digest
from dockcache_tui.core.explain.inputs import InputKey, Taken
from dockcache_tui.core.explain.rules import KeyRules, rules_of

FILES = {
    "a.txt": "1",
    "b.txt": "2",
    "d": None,
    "d/a.txt": "3",
    "d/e": None,
    "d/e/f": "4",
    "dl": "->d",
    "l.txt": "->a.txt",
    "x!": "5",
}


def rules(version: str = "v0.34.2") -> KeyRules:
    """Return the rules of a version."""
    found = rules_of(version)
    assert found
    return found


def listed(*paths: tuple[str, str]) -> str:
    """Return the digest of a list of paths and the contents that are hashed for them."""
    return digest("".join(path.replace("/", "\0") + hashed(content) for path, content in paths).encode())


@pytest.mark.parametrize(
    ("taken", "paths"),
    [
        (Taken("/*.txt", follows=True, wildcard=True), [("/a.txt", "1"), ("/b.txt", "2"), ("/l.txt", "1")]),
        (Taken("/*.txt", wildcard=True), [("/a.txt", "1"), ("/b.txt", "2"), ("/l.txt", "->a.txt")]),
        (Taken("/d/*", wildcard=True), [("/a.txt", "3"), ("/e", "d/e"), ("/e/f", "4")]),
        (Taken("/d", excludes=("e",)), [("/", "d"), ("/a.txt", "3")]),
        (Taken("/d", includes=("e/f",)), [("/", "d"), ("/e", "d/e"), ("/e/f", "4")]),
        (
            Taken("/", includes=("d/*", "x!"), excludes=("**/f",)),
            [("/d", "d"), ("/d/a.txt", "3"), ("/d/e", "d/e"), ("/x!", "5")],
        ),
        (
            Taken("/d*", wildcard=True, excludes=("*/f",)),
            [("/d", "d"), ("/d/a.txt", "3"), ("/d/e", "d/e"), ("/dl", "->d")],
        ),
        (Taken("/dl/e/*", wildcard=True, excludes=("z",)), [("/f", "4")]),
    ],
)
def test_lists(taken: Taken, paths: Sequence[tuple[str, str]]) -> None:
    """Each path counts with its content below where the instruction looks; folders count by their headers."""
    expected = [(path if path != "/" else "\0", content) for path, content in paths]
    assert taken_digest(tree(FILES), taken, rules()) == listed(*expected)


@pytest.mark.parametrize(
    ("taken", "content"),
    [
        (Taken("/*/a.txt", wildcard=True), hashed("3")),
        (Taken("/d/a.txt", excludes=("b",)), hashed("3")),
        (Taken("/l.tx?", follows=True, wildcard=True), listed(("/l.txt", "1"))),
        (Taken("/*.go", wildcard=True), digest(b"")),
        (Taken("/gone", excludes=("b",)), digest(b"")),
        (Taken("/d/", excludes=("**",)), digest(b"")),
        (Taken("/a.txt"), hashed("1")),
        (Taken("/gone"), None),
        (Taken("/*", wildcard=True, required=("/gone",)), None),
        (Taken("/*", wildcard=True, includes=("*",)), None),
        (Taken("/d*", wildcard=True, includes=("e",)), listed(("/d", "d"), ("/d/e", "d/e"), ("/d/e/f", "4"))),
        (Taken("/*", wildcard=True, excludes=("a[",)), None),
        (Taken("/a[", wildcard=True), None),
    ],
)
def test_one_or_none(taken: Taken, content: str | None) -> None:
    """One path of the name that was asked for is just that, none is nothing, and a build that fails has no digest."""
    assert taken_digest(tree(FILES), taken, rules()) == content


def test_required_paths() -> None:
    """A path that must be there is there when something in it was let through."""
    taken = Taken("/", includes=("d/e",), required=("/d/e",))
    assert taken_digest(tree(FILES), taken, rules()) == listed(("/d", "d"), ("/d/e", "d/e"), ("/d/e/f", "4"))


def test_broken_link() -> None:
    """A wildcard that meets a link to nothing fails the build where links are followed."""
    files = {**FILES, "z.txt": "->gone"}
    assert taken_digest(tree(files), Taken("/z*", follows=True, wildcard=True), rules()) is None
    assert taken_digest(tree(files), Taken("/z*", wildcard=True), rules()) == listed(("/z.txt", "->gone"))


def test_links_of_older_versions() -> None:
    """Before 0.25 links below a wildcard were followed too; since then only those at the top."""
    files = {"d": None, "d/l": "->/x", "x": "1"}
    taken = Taken("/d*", follows=True, wildcard=True, excludes=("z",))
    base = digest(f"d{hashed('d')}\0l{hashed('->/x')}".encode())
    assert taken_digest(tree(files), taken, rules("v0.25.2")) == base
    assert taken_digest(tree(files), taken, rules("v0.24.0")) == digest(f"d{hashed('d')}\0l{hashed('1')}".encode())
    assert taken_digest(tree(files), taken, rules()) == listed(("/d", "d"), ("/d/l", "->/x"))


def test_all_that_is_taken() -> None:
    """What is taken counts together, one alone as well; what fails makes all fail, and nothing counts for nothing."""
    both = InputKey("", (Taken("/a.txt"), Taken("/b.txt")))
    assert content_digest(tree(FILES), both, rules()) == digest(f"{hashed('1')}\0{hashed('2')}".encode())
    assert content_digest(tree(FILES), InputKey("", (Taken("/a.txt"),)), rules()) == digest(hashed("1").encode())
    assert content_digest(tree(FILES), InputKey("", (Taken("/a.txt"), Taken("/gone"))), rules()) is None
    assert content_digest(tree(FILES), InputKey(), rules()) is None


@given(
    st.sampled_from(["/", "/d", "/*", "/d*/*", "/dl/*"]), st.lists(st.sampled_from(["a.txt", "*", "**/f", "!d", "d/e"]))
)
def test_what_is_left_out_does_not_count(path: str, excludes: list[str]) -> None:
    """A file's content counts exactly when its path counts."""
    taken = Taken(path, wildcard="*" in path, excludes=tuple(excludes or ["none"]))
    plain = taken_digest(tree(FILES), taken, rules())
    for name, content in FILES.items():
        if content and not content.startswith("->"):
            without = {other: told for other, told in FILES.items() if other != name}
            changed = taken_digest(tree({**FILES, name: "changed"}), taken, rules())
            assert (changed == plain) == (taken_digest(tree(without), taken, rules()) == plain)


@given(
    st.sampled_from([path for path, content in FILES.items() if content and not content.startswith("->")]), st.data()
)
def test_what_counts_is_what_is_taken(path: str, data: st.DataObject) -> None:
    """Another content of a file changes the digest of what takes it, and of nothing else."""
    kinds = st.sampled_from(["/", "/d", "/dl", "/*.txt", "/d*", "/d*/*", "/l.txt", "/dl/e", "/a.txt"])
    source = data.draw(kinds)
    filters = data.draw(st.lists(st.sampled_from(["e", "*.txt", "**/f", "!**/a.txt", "d"]), max_size=2))
    taken = Taken(source, follows=data.draw(st.booleans()), wildcard="*" in source, excludes=tuple(filters))
    changed = {**FILES, path: "changed"}
    differs = taken_digest(tree(FILES), taken, rules()) != taken_digest(tree(changed), taken, rules())
    assert differs == (f"/{path}".encode() in taken_paths(tree(FILES), taken).values())
