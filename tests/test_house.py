"""The shape of the house that lint does not see."""

import ast
from collections import defaultdict
from pathlib import Path

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
