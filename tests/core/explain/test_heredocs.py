"""Files that a Dockerfile holds itself."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import pytest

from core.explain.sample_ops import op
from core.explain.trees import folder
from dockcache_tui.core.explain.go_json import digest
from dockcache_tui.core.explain.heredocs import heredoc_tree
from dockcache_tui.core.explain.ops import Op

ONE = {"mkfile": {"path": "/one", "mode": 0o644, "data": b64encode(b"1\n").decode(), "timestamp": -1}}


def made(*actions: Mapping[str, Any], inputs: int = 0) -> Op:
    """Return an operation of some actions."""
    indexes = {"input": -1, "secondaryInput": -1, "output": 0}
    return op("file", {"actions": [{**indexes, "Action": one} for one in actions]}, inputs)


def test_files() -> None:
    """Each file has its mode and its text, and the folder that they are in is everybody's to read."""
    tree = heredoc_tree(made(ONE, {"mkfile": {"path": "/d/../two", "mode": 0o755}}))
    assert tree
    told = "namemode{}uid0gid0size{}typeflag0linknameunamegnamedevmajor0devminor0{}"
    assert tree.at(b"/one", follows=True) == digest(told.format(0o644, 2, "1\n").encode())
    assert tree.at(b"/two", follows=True) == digest(told.format(0o755, 0, "").encode())
    root = digest(told.format(0o755, 0, "").replace("typeflag0", "typeflag5").encode())
    inside = (
        ("one", digest(told.format(0o644, 2, "1\n").encode())),
        ("two", digest(told.format(0o755, 0, "").encode())),
    )
    assert tree.at(b"/", follows=True) == folder(root, *inside)


@pytest.mark.parametrize(
    "other",
    [
        made(ONE, {"mkdir": {"path": "/d"}}),
        made({"mkfile": {**ONE["mkfile"], "owner": {"user": {"User": {"byId": 1}}}}}),
        made(ONE, inputs=1),
        op("merge", {"inputs": []}),
    ],
)
def test_others(other: Op) -> None:
    """What takes anything from elsewhere, or makes more than files, is not known this way."""
    assert heredoc_tree(other) is None
