"""What importing the core and the command line may bring along, seen in a fresh interpreter a room."""

import subprocess
import sys
from pathlib import Path

import pytest

import dockcache_tui

PACKAGE = Path(dockcache_tui.__file__).parent
HEAVY = {"docker", "grpc", "python_on_whales", "requests", "textual"}
LOOK = """
import importlib, sys
banned = set(sys.argv[1].split(","))
for module in sys.argv[2:]:
    importlib.import_module(module)
    if brought := banned & set(sys.modules):
        print(module, *sorted(brought))
        break
"""


def modules(room: str) -> list[str]:
    """Name every module of a room."""
    files = sorted((PACKAGE / room).rglob("*.py"))
    return [".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts) for file in files]


def brought_along(modules: list[str], banned: set[str]) -> str:
    """Import modules in a fresh interpreter; name the first that brings banned ones, and these."""
    command = [sys.executable, "-c", LOOK, ",".join(banned), *modules]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()


@pytest.mark.parametrize(("room", "banned"), [("core", HEAVY | {"rich"}), ("cli", HEAVY)])
def test_a_room_brings_nothing_heavy_along(room: str, banned: set[str]) -> None:
    """The core draws and reaches nothing; a command imports Textual and the clients only when it needs them."""
    assert brought_along(modules(room), banned) == ""


def test_the_look_finds_what_it_looks_for() -> None:
    """A module that does import Textual is named."""
    assert (
        brought_along(["dockcache_tui.core.scope", "dockcache_tui.ui.app"], {"textual"})
        == "dockcache_tui.ui.app textual"
    )
