"""What importing the core and the command line may bring along, seen in fresh interpreters."""

import subprocess
import sys
from pathlib import Path

import pytest

import dockcache_tui

PACKAGE = Path(dockcache_tui.__file__).parent
HEAVY = {"docker", "grpc", "python_on_whales", "requests", "textual"}
LOOK = """
import importlib, sys
banned = set(sys.argv[2:])
importlib.import_module(sys.argv[1])
print(*sorted(banned & set(sys.modules)))
"""


def modules(room: str) -> list[str]:
    """Name every module of a room."""
    files = sorted((PACKAGE / room).rglob("*.py"))
    return [".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts) for file in files]


def brought_along(module: str, banned: set[str]) -> list[str]:
    """Import a module in a fresh interpreter and name the banned ones that came with it."""
    command = [sys.executable, "-c", LOOK, module, *banned]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.split()


@pytest.mark.parametrize("module", modules("core"))
def test_a_core_module_draws_nothing_and_reaches_nothing(module: str) -> None:
    """The core runs where neither a terminal library nor a client of anything is installed."""
    assert brought_along(module, HEAVY | {"rich"}) == []


@pytest.mark.parametrize("module", modules("cli"))
def test_a_command_is_quick_to_start(module: str) -> None:
    """The command line imports Textual and the clients inside the command that needs them, so that help is quick."""
    assert brought_along(module, HEAVY) == []


def test_the_look_finds_what_it_looks_for() -> None:
    """A module that does import Textual is seen to."""
    assert brought_along("dockcache_tui.ui.app", {"textual"}) == ["textual"]
