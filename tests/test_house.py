"""The shape of the house that lint does not see."""

import ast
import inspect
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from textwrap import dedent

from textual.events import Mount
from textual.geometry import Size
from textual.widget import Widget

import dockcache_tui

PACKAGE = Path(dockcache_tui.__file__).parent


def test_no_two_classes_have_one_name() -> None:
    """Whoever reads a class's name knows which one is meant."""
    homes = defaultdict(list)
    for file in sorted(PACKAGE.rglob("*.py")):
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(file.relative_to(PACKAGE).as_posix())
    assert {"Record", "RecordsTable", "DockcacheApp"} <= set(homes)
    assert {name: files for name, files in homes.items() if len(files) > 1} == {}


@cache
def private_names(of: type) -> set[str]:
    """Return the names with one underscore that a class's source defines, or sets on itself."""
    try:
        (tree,) = ast.parse(dedent(inspect.getsource(of))).body
    except (OSError, TypeError):  # written in C, or made while it runs
        return set()
    assert isinstance(tree, ast.ClassDef)
    found = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == "self":
            found.add(node.attr)
    return {name for name in found if re.match("_[^_]", name)}


def taken_over(of: type) -> Iterator[str]:
    """Name the private parts of a library's class that a class of ours defines anew."""
    for base in of.__mro__[1:-1]:
        if base.__module__.partition(".")[0] not in ("dockcache_tui", "builtins", "typing", "abc", "enum"):
            yield from sorted(f"{of.__name__}.{name}" for name in private_names(of) & private_names(base))


def test_no_class_takes_over_what_is_private_to_a_library() -> None:
    """A library may change what it keeps to itself; ruff sees who reads it, and this who overrides it unawares."""

    class Odd(Widget):
        def _on_mount(self, event: Mount) -> None:
            self._size = Size(event.time > 0, 1)

    assert {"Odd._on_mount", "Odd._size"} <= set(taken_over(Odd))
    names = [file.relative_to(PACKAGE.parent).with_suffix("") for file in sorted(PACKAGE.rglob("*.py"))]
    modules = [import_module(".".join(name.parts)) for name in names if not name.name.endswith("_pb2")]
    ours = [one for module in modules for one in vars(module).values() if inspect.isclass(one)]
    assert [name for one in ours if one.__module__.startswith("dockcache_tui.") for name in taken_over(one)] == []
