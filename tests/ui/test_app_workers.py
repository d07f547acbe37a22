"""Work off the event loop costs the event loop nothing."""

import ast
from pathlib import Path

from dockcache_tui import ui

UI = Path(next(iter(ui.__path__)))


def test_workers_are_described() -> None:
    """Every `@work` has a description: Textual's own prints all arguments, a whole reading, on the event loop."""
    decorated = [
        (file.name, node.name, decorator)
        for file in UI.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for decorator in node.decorator_list
        if ast.unparse(decorator).partition("(")[0] == "work"
    ]
    assert decorated
    without = [
        (file, name)
        for file, name, decorator in decorated
        if not (isinstance(decorator, ast.Call) and any(word.arg == "description" for word in decorator.keywords))
    ]
    assert without == []
