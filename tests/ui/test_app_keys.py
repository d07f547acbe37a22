"""One registry makes bindings, footer, help, palette and the README's key table."""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from itertools import chain
from pathlib import Path

import pytest
from textual.binding import Binding
from textual.dom import DOMNode

from core.record_making import record
from dockcache_tui import ui
from dockcache_tui.ui.actions import ACTIONS, APP, IN_SIGHT, TABLE, Action, Place, key_table, shown_key
from dockcache_tui.ui.app import DockcacheApp
from dockcache_tui.ui.builder import workers
from dockcache_tui.ui.table import RecordTable
from ui.bench import NARROW, bench
from ui.house import Cache, House

README = Path(__file__).parents[2] / "README.md"
UI = Path(next(iter(ui.__path__)))
OF_TABLE = {
    name: binding.action
    for binding in RecordTable.BINDINGS
    if isinstance(binding, Binding)
    for name in binding.key.split(",")
}
MOVEMENT = {*"hjklgG", "up", "down", "left", "right", "home", "end", "pageup", "pagedown", "ctrl+u", "ctrl+d"}
MOVES = {
    *("cursor_up", "cursor_down", "pan_left", "pan_right", "first", "last"),
    *("page_up", "page_down", "half_page_up", "half_page_down"),
    *("scroll_up", "scroll_down", "scroll_home", "scroll_end"),
}
FOOTER = [action for action in ACTIONS if action.footer and action.where == frozenset(Place)]


def names(action: Action) -> list[str]:
    """Return the keys of an action."""
    return action.key.split(",")


def _ours(base: type[DOMNode]) -> Iterator[type[DOMNode]]:
    """Yield the app's own classes below one of Textual's."""
    for one in base.__subclasses__():
        if one.__module__.startswith("dockcache_tui."):
            yield one
        yield from _ours(one)


def test_every_action_has_keys_of_its_own() -> None:
    """No key and no id stands twice, nor a key of the table's for another action."""
    keys = list(chain.from_iterable(map(names, ACTIONS)))
    assert len(set(keys)) == len(keys)
    assert len({action.id for action in ACTIONS}) == len(ACTIONS)
    others = chain.from_iterable(names(action) for action in ACTIONS if action.of != TABLE)
    assert OF_TABLE.keys().isdisjoint(others)


def test_a_movement_key_only_moves() -> None:
    """No action of the registry has a movement key, and whatever in the app binds one moves by it."""
    assert [action.id for action in ACTIONS if MOVEMENT.intersection(names(action))] == []
    for file in UI.rglob("*.py"):
        import_module(".".join(("dockcache_tui.ui", *file.relative_to(UI).with_suffix("").parts)))
    bound = {
        (owner.__name__, key): binding.action
        for owner in _ours(DOMNode)
        for binding in owner.__dict__.get("BINDINGS", ())
        if isinstance(binding, Binding)
        for key in binding.key.split(",")
    }
    assert {("RecordTable", "l"), ("DockcacheApp", "I")} <= bound.keys()
    assert {action for (_, key), action in bound.items() if key in MOVEMENT} <= MOVES


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_every_action_does_something(action: Action) -> None:
    """Whom the registry names for it, in each place where it applies, has a method for it; it says what that does."""
    method = f"action_{action.name or action.id}"
    if action.of == TABLE:
        assert {f"action_{OF_TABLE[name]}" for name in names(action)} == {method}
        doing: list[object] = [RecordTable]
    else:
        app = DockcacheApp(House())
        areas = {place: area for area in app.areas for place in area.places}
        places = action.where if action.of == IN_SIGHT else [action.of]
        doing = [app] if action.of == APP else [areas[Place(place)] for place in places]
    assert doing
    assert all(callable(getattr(one, method)) for one in doing)
    assert action.label
    assert action.tooltip
    assert action.where


def test_the_readme_lists_the_keys() -> None:
    """The README's key table is the registry's."""
    before, table, after = README.read_text().partition("<!-- keys -->")[2].partition("<!-- /keys -->")
    assert (table, bool(after)) == ("<!-- /keys -->", True)
    assert before.strip() == key_table()


@pytest.mark.parametrize("key", ["1", "2", "3", "4", "5", "L"])
async def test_a_narrow_footer_cuts_no_key(key: str) -> None:
    """At 80 columns every view shows the keys that matter most, whole."""
    async with bench(House(Cache(records=[record("a")])), NARROW) as app:
        await app.press("1", key)
        await app.see(*(f"{'[?]' if one.id == 'help' else shown_key(one)} {one.label}" for one in FOOTER))


async def test_the_path_names_the_inner_tab(monkeypatch: pytest.MonkeyPatch) -> None:
    """The path follows `]` and `[` at once, also where there is nothing to show."""
    monkeypatch.setattr(workers, "BEAT", 600)
    async with bench(House()) as app:
        await app.see("no cache yet")
        await app.press("3")
        await app.see("Which repository", " caches$")
        await app.press("right_square_bracket")
        await app.see(" forecast$")
        await app.press("left_square_bracket")
        await app.see(" caches$")


async def test_help_lists_every_key() -> None:
    """`?` tells every action of the registry, whatever the view."""
    async with bench(House(), (120, 90)) as app:
        await app.press("question_mark")
        screen = await app.see("esc closes")
        assert [action.id for action in ACTIONS if f"  {action.label}  " not in screen] == []


async def test_a_narrow_help_leaves_its_room_to_the_sentences() -> None:
    """At 80 columns the keys take only what the longest of them needs."""
    async with bench(House(), NARROW) as app:
        await app.press("question_mark")
        screen = await app.see("esc closes")
        assert re.search(r"│ 1 {6}Overview ", screen), screen


async def test_the_palette_knows_every_action() -> None:
    """The palette has each action that applies to the view by its name, and typing a name offers it."""
    async with bench(House(Cache(records=[record("a")]))) as app:
        await app.see("▶ ")
        known = {command.title for command in app.app.get_system_commands(app.app.screen)}
        here = {action.label for action in ACTIONS if Place.BUILDER in action.where and action.of != TABLE}
        assert here - {"Palette"} <= known
        await app.press("colon")
        await app.type("Build again")
        await app.see("Build the project again as last time")


def test_no_text_is_markup() -> None:
    """Whatever shows a text as a label, a notice or a static is told that it is no markup."""
    wrong = []
    for file in UI.rglob("*.py"):
        for call in (node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            markup = [ast.unparse(word.value) for word in call.keywords if word.arg == "markup"]
            if name in ("Static", "Label", "notify") and markup != ["False"]:
                wrong.append(f"{file.name}:{call.lineno} {ast.unparse(call)}")
    assert wrong == []
