"""What stands at a path, and its digest."""

from collections.abc import Mapping
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.explain.trees import entries, folder, hashed, tree
from dockcache_tui.core.explain.go_json import digest
from dockcache_tui.core.explain.tree import Entry, PathKind, Tree

LINKS = {"self": "->self", "no": "->gone"}
FILES = {
    "a": None,
    "a/x": "1",
    "a/l": "->x",
    "a!": "2",
    "up": "->..",
    "abs": "->/a/x",
    "self": "->self",
    "no": "->gone",
}


@pytest.mark.parametrize(
    ("path", "follows", "content"),
    [
        (b"/a/x", False, "1"),
        (b"/a/l", False, "->x"),
        (b"/a/l", True, "1"),
        (b"/abs", True, "1"),
        (b"/up/up/up/a/../a/x", False, "1"),
        (b"/a!", True, "2"),
        (b"/self", False, "->self"),
        (b"/self", True, None),
        (b"/self/x", False, None),
        (b"/no", False, "->gone"),
        (b"/no", True, None),
        (b"/a/y", False, None),
    ],
)
def test_paths(path: bytes, follows: bool, content: str | None) -> None:  # noqa: FBT001
    """Links on the way are followed within the tree, the last one when asked; loops and what is missing are nothing."""
    assert tree(FILES).at(path, follows=follows) == (None if content is None else hashed(content))


def test_folders() -> None:
    """A folder is its header and all that is in it by name; links in it are not followed, and the root has no mode."""
    inside = folder(hashed("a"), ("l", hashed("->x")), ("x", hashed("1")))
    assert tree(FILES).at(b"/a", follows=True) == inside
    assert tree({"a": None, "a/x": "1", "a/l": "->x", "b": "2"}).at(b"/", follows=True) == folder(
        hashed(""), ("a", inside), ("b", hashed("2"))
    )
    assert Tree((), root_header="of a stage").at(b"/", follows=True) == folder("of a stage")
    assert tree({"l": "->a", **FILES}).at(b"/l", follows=True) == inside


def test_byte_255() -> None:
    """Names from byte 255 on in a folder count once more in the folder above, as they do in BuildKit."""
    file = hashed("1").encode()
    inside = digest(b"\0" + hashed("a").encode() + b"\0\xff" + file).encode()
    all_of_it = digest(b"\0" + hashed("").encode() + b"\0a" + inside + b"\0a\0\xff" + file)
    assert tree({"a": None, "a/\udcff": "1"}).at(b"/", follows=False) == all_of_it


PATHS = st.lists(st.text(alphabet="ab!\u00e9", min_size=1, max_size=2), min_size=1, max_size=4)


def _with_folders(told: list[tuple[list[str], str]]) -> Mapping[str, str | None]:
    files: dict[str, str | None] = {}
    for parts, content in told:
        for depth in range(1, len(parts)):
            files["/".join(parts[:depth])] = None
        files.setdefault("/".join(parts), f"file {content}")
    return files


ANY_FILES = st.lists(st.tuples(PATHS, st.text(max_size=2)), max_size=8).map(_with_folders)


@given(ANY_FILES, st.randoms())
def test_any_tree(files: Mapping[str, str | None], random: Random) -> None:
    """The order of entries is nothing, every folder has a digest, and a changed file changes those it is in, only."""
    order = list(files)
    random.shuffle(order)
    shuffled, straight = tree({path: files[path] for path in order}), tree(files)
    paths = [b"/", *(f"/{path}".encode() for path in files)]
    assert [shuffled.at(path, follows=False) for path in paths] == [straight.at(path, follows=False) for path in paths]
    for path, kept in files.items():
        if kept is not None:
            changed = tree({**files, path: "changed"})
            differ = {one for one in paths if changed.at(one, follows=False) != straight.at(one, follows=False)}
            parts = path.split("/")
            assert differ == {b"/", *(f"/{'/'.join(parts[:end])}".encode() for end in range(1, len(parts) + 1))}


@given(ANY_FILES, ANY_FILES)
def test_a_tree_made_from_another(files: Mapping[str, str | None], others: Mapping[str, str | None]) -> None:
    """Whatever came, went or changed, and whether or not the other's digests were asked for, it is as one made anew."""
    paths = [b"/", *(f"/{path}".encode() for path in {**files, **others})]
    for asked in (False, True):
        before = tree(files)
        digests = [before.at(path, follows=False) for path in paths] if asked else []
        changed = {path: content for path, content in others.items() if path not in files or files[path] != content}
        made = before.changed(entries(changed), [path.encode() for path in files.keys() - others.keys()])
        assert list(made.keys_from(b"")) == list(tree(others).keys_from(b""))
        assert [made.at(path, follows=False) for path in paths] == [
            tree(others).at(path, follows=False) for path in paths
        ]
        assert not asked or digests == [before.at(path, follows=False) for path in paths]


def test_depth() -> None:
    """A folder may be as deep as a path is long."""
    deep = ["/".join("d" * depth) for depth in range(1, 2048)]
    entries = [Entry(path.encode(), PathKind.FOLDER, "header") for path in deep]
    assert Tree(entries).at(b"/", follows=False) != Tree(entries[:-1]).at(b"/", follows=False)
