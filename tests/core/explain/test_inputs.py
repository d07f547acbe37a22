"""What a step takes from its inputs, and by which selectors it is found."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.explain.sample_ops import copy, op, run
from dockcache_tui.core.explain.go_json import digest
from dockcache_tui.core.explain.inputs import InputKey, Taken, input_keys
from dockcache_tui.core.explain.ops import Op
from dockcache_tui.core.explain.rules import rules_of


def inputs(one: Op, version: str = "v0.34.2") -> tuple[InputKey, ...]:
    """Return how an operation is found through its inputs."""
    rules = rules_of(version)
    assert rules
    return input_keys(one, rules)


def selected(*paths: str) -> str:
    """Return the selector of some paths."""
    return digest("\0".join(paths).encode())


def test_copy() -> None:
    """A COPY is found by what it takes, and on its base by definition."""
    base, context = inputs(copy())
    assert base == InputKey()
    assert context == InputKey(selected("/d/f"), (Taken("/d/f", follows=True),))


def test_several_paths() -> None:
    """Paths are selected in falling order, and hashed in rising order without doubles and what is below another."""
    one = copy({"src": "/b"}, {"src": "/a"}, {"src": "/b/c"}, {"src": "/*.x"}, {"src": "/a"}, {"src": "/bc"})
    key = inputs(one)[1]
    assert key.selector == selected("/bc", "/b/c", "/b", "/a", "/a", "/*.x")
    assert [each.path for each in key.taken] == ["/*.x", "/a", "/b", "/bc"]
    assert [each.wildcard for each in key.taken] == [True, False, False, False]


def test_filters() -> None:
    """Filters and wildcards go along; a backslash takes a wildcard's meaning away, and so does no leave to use them."""
    one = copy(include_patterns=["a"], exclude_patterns=["b"], required_paths=["/c"], followSymlink=False)
    assert inputs(one)[1].taken == (Taken("/d/f", includes=("a",), excludes=("b",), required=("/c",)),)
    assert not inputs(copy(src="/a\\*"))[1].taken[0].wildcard
    assert inputs(copy(src="/a\\\\*"))[1].taken[0].wildcard
    assert not inputs(copy(src="/*", allowWildcard=False))[1].taken[0].wildcard


def test_owner_by_name() -> None:
    """Names of owners are looked up in the base, which counts by definition: they give no selector there."""
    owner = {"user": {"User": {"byName": {"name": "app"}}}, "group": {"User": {"byName": {"name": "app", "input": 2}}}}
    base, _, third = inputs(copy(owner=owner, inputs=3))
    assert base == InputKey()
    assert third == InputKey(selected("/etc/group"), (Taken("/etc/group", follows=True),))


MOUNT: dict[str, Any] = {"dest": "/m", "input": 1}


@pytest.mark.parametrize(
    ("mount", "taken"),
    [
        ({"readonly": True, "selector": "a/../b"}, (Taken("/b", follows=True),)),
        ({"readonly": True}, (Taken("/"),)),
        ({"selector": "/a", "output": -1}, (Taken("/a", follows=True),)),
        ({"selector": "/a"}, ()),
        ({}, (Taken("/"),)),
        ({"readonly": True, "selector": "/a", "contentCache": 2}, ()),
    ],
)
def test_mounts(mount: dict[str, Any], taken: tuple[Taken, ...]) -> None:
    """A mount that can't change its input, or has all of it, counts by content; one that is told not to does not."""
    root, other = inputs(run([MOUNT | mount]))
    assert root == InputKey(selected("/"))
    assert other.taken == taken
    path = taken[0].path if taken else "/a"
    assert other.selector == selected(path)


def test_several_mounts() -> None:
    """Selectors stand in the order of mounts, and whether content counts is up to the last."""
    first, last = MOUNT | {"selector": "/b"}, MOUNT | {"selector": "/a", "readonly": True}
    assert inputs(run([first, last]))[1] == InputKey(
        selected("/b", "/a"), (Taken("/a", follows=True), Taken("/b", follows=True))
    )
    assert inputs(run([last, first]))[1] == InputKey(selected("/a", "/b"))


def test_mounts_without_files() -> None:
    """Secrets, ssh, tmpfs and mounts of nothing take nothing from an input."""
    others = [{"dest": "/s", "mountType": kind, "input": 1} for kind in (1, 2, 4)]
    assert inputs(run([*others, {"dest": "/c", "mountType": 3, "input": -1}]))[1] == InputKey()


def test_content_of_a_root() -> None:
    """A root never counts by content, unless it is told to."""
    for asked, taken in ((0, ()), (1, (Taken("/"),))):
        one = op("exec", {"meta": {}, "mounts": [{"dest": "/", "readonly": True, "contentCache": asked}]}, 1)
        assert inputs(one) == (InputKey(selected("/"), taken),)


def test_mounts_of_0_12() -> None:
    """Before 0.13 a root gave no selector, and one mount that may write kept all from counting by content."""
    root, other = inputs(run([MOUNT | {"readonly": True, "selector": "/a"}]), "v0.12.5")
    assert (root, other) == (InputKey(), InputKey(selected("/a"), (Taken("/a", follows=True),)))
    both = [MOUNT, MOUNT | {"readonly": True, "selector": "/a"}]
    assert inputs(run(both), "v0.12.5")[1] == InputKey(selected("/a"))
    assert inputs(run([MOUNT | {"readonly": True}]), "v0.12.5")[1] == InputKey("", (Taken("/"),))


def test_no_selectors() -> None:
    """A merge is found by its inputs alone; of an operation that we don't know nothing is known."""
    assert inputs(op("merge", {"inputs": [{}, {"input": 1}]}, 2)) == (InputKey(), InputKey())
    assert inputs(op("teleport", {}, 1)) == (InputKey(None),)


@given(st.lists(st.text("ab/", min_size=1, max_size=5), min_size=1, max_size=6, unique=True))
def test_what_lies_below_another_counts_once(sources: list[str]) -> None:
    """Of plain sources those below another are not hashed again."""
    (_, key) = inputs(copy(*({"src": one} for one in sources)))
    above = {one: [other for other in sources if other != one and _lies_in(one, other)] for one in sources}
    assert [one.path for one in key.taken] == sorted(one for one in sources if not above[one])


def _lies_in(path: str, other: str) -> bool:
    return path.startswith(other if other.endswith("/") else f"{other}/")
