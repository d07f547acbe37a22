"""The table in a real app: what is on the screen, and what it tells the app."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot

from dockcache_tui.ui.table import Column, RecordTable, Sort
from dockcache_tui.ui.table.cells import ASCII, UNICODE, Glyphs

NARROW, WIDE = (80, 24), (120, 40)


@dataclass(frozen=True, slots=True)
class Record:
    """What a builder might hold."""

    id: str
    size: int | None
    text: str
    guide: str = ""


COLUMNS: tuple[Column[Record], ...] = (
    Column(id="id", title="ID", text=lambda r: r.id, sort_key=lambda r: r.id, width=8, priority=1),
    Column(
        id="size",
        title="Size",
        text=lambda r: "-" if r.size is None else str(r.size),
        sort_key=lambda r: r.size,
        justify="right",
        style=lambda r: "record-table--warning" if r.size and r.size > 900 else "",
    ),
    Column(id="note", title="Note", text=lambda _: "seen " * 6, priority=2),
    Column(id="text", title="Description", text=lambda r: r.text, prefix=lambda r: r.guide, weight=1, min_width=30),
)


def records(count: int) -> list[Record]:
    """Return numbered records whose sizes are scattered."""
    return [Record(f"r{at:05}", at * 7919 % 1009, f"[builder {at % 5}/5] RUN step {at}") for at in range(count)]


def containing(words: str) -> Callable[[Record], bool]:
    """Return a filter on the description."""
    return lambda record: words in record.text


class TableApp(App[None]):
    """Nothing but a table."""

    def __init__(self, rows: list[Record], glyphs: Glyphs, columns: tuple[Column[Record], ...]) -> None:
        super().__init__()
        self.table = RecordTable(columns, lambda r: r.id, glyphs=glyphs, placeholder="Nothing [here] yet.")
        self.table.set_rows(rows)

    def compose(self) -> ComposeResult:
        """Show the table."""
        yield self.table


@dataclass(frozen=True, slots=True)
class Bench:
    """A running app with its table, its pilot and every message sent."""

    table: RecordTable[Record]
    pilot: Pilot[None]
    messages: list[Message]

    def lines(self) -> list[str]:
        """Return the text of each line of the table."""
        return [self.table.render_line(y).text for y in range(self.table.size.height)]

    def ids(self) -> list[str]:
        """Return the ids in sight, from top to bottom."""
        return [line[3:11].strip() for line in self.lines()[1:] if line.strip()]

    def keys_of(self, kind: type[RecordTable.Highlighted] | type[RecordTable.Selected]) -> list[object]:
        """Return the keys of the messages of a kind, in order."""
        return [message.key for message in self.messages if isinstance(message, kind)]

    async def press(self, *keys: str) -> None:
        """Press keys and let them act."""
        await self.pilot.press(*keys)

    async def settle(self) -> None:
        """Wait until the table shows what was asked of it."""
        await self.pilot.pause()
        while self.table.arranging:
            await self.pilot.pause()


@asynccontextmanager
async def bench(
    rows: list[Record],
    size: tuple[int, int] = NARROW,
    glyphs: Glyphs = UNICODE,
    columns: tuple[Column[Record], ...] = COLUMNS,
) -> AsyncIterator[Bench]:
    """Run an app with these rows."""
    app, messages = TableApp(rows, glyphs, columns), list[Message]()

    def keep(message: Message) -> None:
        if not any(message is known for known in messages[-50:]):
            messages.append(message)

    async with app.run_test(size=size, message_hook=keep) as pilot:
        test = Bench(app.table, pilot, messages)
        await test.settle()
        yield test


async def test_columns_fit_the_screen() -> None:
    """At 120 columns all are there; at 80 the least important has gone, and each line is as wide as the table."""
    async with bench(records(100), WIDE) as wide:
        assert wide.lines()[0].split() == ["ID", "Size", "Note", "Description"]
        assert "seen seen" in wide.lines()[1]
    async with bench(records(100), NARROW) as narrow:
        assert narrow.lines()[0].split() == ["ID", "Size", "Description"]
        assert narrow.lines()[1].rstrip() == "▶  r00000         0  [builder 0/5] RUN step 0"
        assert {narrow.table.render_line(y).cell_length for y in range(24)} == {80}


async def test_columns_follow_a_resize() -> None:
    """Growing the terminal brings a column back, shrinking it keeps the cursor in sight."""
    async with bench(records(100)) as test:
        test.table.action_last()
        await test.pilot.resize_terminal(120, 12)
        await test.pilot.pause()
        assert "Note" in test.lines()[0]
        assert test.lines()[-1].startswith("▶  r00099")


async def test_every_move_key() -> None:
    """Arrows, letters, pages and ends move the cursor to the row they promise and keep it on the screen."""
    steps = {
        "down": 1, "j": 2, "up": 1, "k": 0, "pagedown": 23, "ctrl+d": 34, "ctrl+u": 23, "pageup": 0,
        "end": 199, "home": 0, "G": 199, "g": 0,
    }  # fmt: skip
    async with bench(records(200)) as test:
        for key, row in steps.items():
            await test.press(key)
            assert test.table.cursor_key == f"r{row:05}", key
            assert sum(line.startswith("▶") for line in test.lines()) == 1
    assert test.keys_of(RecordTable.Highlighted)[:3] == ["r00000", "r00001", "r00002"]


async def test_enter_selects() -> None:
    """Enter tells the app the key under the cursor, and nothing when there is no row."""
    async with bench(records(3)) as test:
        await test.press("j", "enter")
        test.table.filter(lambda _: False)
        await test.press("enter")
    assert test.keys_of(RecordTable.Selected) == ["r00001"]


async def test_marks_by_key() -> None:
    """Space marks and moves on, v marks a range that follows the cursor both ways, u takes all away."""
    async with bench(records(50)) as test:
        await test.press("space", "space")
        assert test.table.marks.keys == {"r00000", "r00001"}
        assert [line[:2] for line in test.lines()[1:5]] == [" ●", " ●", "▶ ", "  "]
        await test.press("j", "v", "j", "j", "k")
        assert [row.id for row in test.table.marked_rows] == ["r00000", "r00001", "r00003", "r00004"]
        await test.press("v", "j", "j")
        assert len(test.table.marks.keys) == 4
        await test.press("u")
        assert test.table.marked_rows == []
    assert [m.keys for m in test.messages if isinstance(m, RecordTable.Marked)][-1] == frozenset()


async def test_a_range_in_shown_order() -> None:
    """A range marks what lies between on the screen, not what lies between in the data."""
    rows = [Record("a", 3, "x"), Record("b", 1, "y"), Record("c", 2, "x"), Record("d", 4, "x")]
    async with bench(rows) as test:
        test.table.sort_by("size")
        test.table.filter(lambda r: r.text == "x")
        await test.press("g", "v", "j")
        assert test.table.marks.keys == {"c", "a"}


async def test_a_refresh_keeps_cursor_line_marks_filter_and_sort() -> None:
    """With rows added above and taken away, the cursor's row stays on its line and gone marks are forgotten."""
    async with bench(records(300)) as test:
        test.table.move_to("r00150")
        await test.press("space", "space")
        line = next(y for y, text in enumerate(test.lines()) if text.startswith("▶"))
        fresh = [Record(f"new{at}", at, "new") for at in range(40)] + [r for r in records(300) if r.id != "r00150"]
        test.table.set_rows(fresh)
        await test.settle()
        assert test.table.cursor_key == "r00152"
        assert test.lines()[line].startswith("▶  r00152")
        assert test.table.marks.keys == {"r00151"}
        assert test.table.total == 339


async def test_a_refresh_at_the_top_shows_what_is_new() -> None:
    """A list that was at its top stays there, so that new rows come into sight; the cursor keeps its row."""
    async with bench(records(100)) as test:
        test.table.set_rows([Record("new", 1, "new"), *records(100)])
        await test.settle()
        assert test.ids()[:2] == ["new", "r00000"]
        assert test.table.cursor_key == "r00000"


async def test_a_vanished_cursor_lands_nearby_and_an_emptied_table_remembers_it() -> None:
    """Without its row the cursor keeps its position; through an empty spell it keeps its key."""
    async with bench(records(10)) as test:
        test.table.move_to("r00009")
        test.table.set_rows(records(5))
        assert test.table.cursor_key == "r00004"
        test.table.set_rows([])
        assert test.table.cursor_key is None
        test.table.set_rows(records(10))
        assert test.table.cursor_key == "r00004"
        await test.pilot.pause()
    assert test.keys_of(RecordTable.Highlighted)[-3:] == ["r00004", None, "r00004"]


async def test_filter_is_live_counted_and_highlighted() -> None:
    """Only matching rows are shown, the app learns n of N, and each match is set apart on the screen."""
    async with bench(records(100)) as test:
        test.table.filter(lambda r: "step 1" in r.text, ("STEP 1",))
        await test.settle()
        assert (test.table.shown, test.table.total) == (11, 100)
        matched = [s.text for s in test.table.render_line(2) if s.style and s.style.underline]
        assert matched == ["step 1"]
        test.table.filter(None)
        assert test.table.shown == 100
        assert not any(s.style and s.style.underline for s in test.table.render_line(2))
    arranged = [m for m in test.messages if isinstance(m, RecordTable.Arranged)]
    assert [(m.shown, m.total) for m in arranged][-2:] == [(11, 100), (100, 100)]


async def test_the_newest_filter_wins() -> None:
    """Of filters asked for faster than they can be answered only the last is shown, and the loop stays free."""
    async with bench(records(60_000)) as test:
        for words in ("step 1", "step 12", "step 123"):
            test.table.filter(containing(words))
        assert test.table.arranging
        await test.settle()
        assert test.table.shown == 111
    counts = [m.shown for m in test.messages if isinstance(m, RecordTable.Arranged)]
    assert counts[-1] == 111
    assert len(counts) == 2


async def test_move_to_waits_for_rows_under_way() -> None:
    """A key asked for while its rows are still being arranged has the cursor when they are shown."""
    async with bench([]) as test:
        assert not test.table.move_to("r50000")
        test.table.set_rows(records(60_000))
        assert not test.table.move_to("r50000")
        await test.settle()
        assert test.table.cursor_key == "r50000"
        assert sum(line.startswith("▶  r50000") for line in test.lines()) == 1


async def test_sort_keys_and_arrow() -> None:
    """Key s tries each column that sorts, then natural order; S turns the order; unknown values stay last."""
    rows = [Record("b", 5, ""), Record("a", None, ""), Record("c", 1, "")]
    async with bench(rows) as test:
        await test.press("s")
        assert test.ids() == ["a", "b", "c"]
        assert "ID ▲" in test.lines()[0]
        await test.press("s")
        assert test.ids() == ["c", "b", "a"]
        await test.press("S")
        assert test.ids() == ["b", "c", "a"]
        assert "Size ▼" in test.lines()[0]
        await test.press("s")
        assert (test.ids(), test.table.sort) == (["b", "a", "c"], None)
        with pytest.raises(KeyError):
            test.table.sort_by("note")


async def test_the_mouse() -> None:
    """A title sorts up, down and back; a row takes the cursor and opens on the next click; the gutter marks."""
    async with bench(records(30)) as test:
        for sort in (Sort("id"), Sort("id", reverse=True), None):
            await test.pilot.click(RecordTable, offset=(4, 0))
            assert test.table.sort == sort
        await test.pilot.click(RecordTable, offset=(30, 5))
        assert test.table.cursor_key == "r00004"
        await test.pilot.click(RecordTable, offset=(30, 5))
        await test.pilot.click(RecordTable, offset=(1, 3))
        assert test.table.marks.keys == {"r00002"}
        await test.pilot.pause()
    assert test.keys_of(RecordTable.Selected) == ["r00004"]


async def test_the_wheel_scrolls_without_the_cursor() -> None:
    """Scrolling leaves the cursor on its row; the next key brings it back into sight."""
    async with bench(records(300)) as test:
        test.table.scroll_to(y=100, animate=False)
        await test.pilot.pause()
        assert test.ids()[0] == "r00100"
        assert test.table.cursor_key == "r00000"
        await test.press("j")
        assert test.lines()[1].startswith("▶  r00001")


async def test_columns_widen_for_what_comes_into_sight() -> None:
    """A value longer than any sampled one is shown whole once it is scrolled to."""
    rows = records(2000)
    rows[1501] = Record("r01501", 123_456_789_012, "long")
    async with bench(rows) as test:
        test.table.move_to("r01501")
        assert any("123456789012" in line for line in test.lines())


async def test_tree_guides_in_natural_order_only() -> None:
    """Guides stand before the text, make way for a sort, and never take more than half the column."""
    rows = [Record("a", 2, "parent"), Record("b", 1, "child", "├─ "), Record("c", 3, "deep", "│  " * 60 + "└─ ")]
    async with bench(rows) as test:
        assert test.lines()[2].rstrip().endswith("  ├─ child")
        assert "…" in test.lines()[3]
        assert test.lines()[3].rstrip().endswith("│  └─ deep")
        test.table.sort_by("size")
        assert not any("─" in line for line in test.lines())


async def test_long_texts_pan() -> None:
    """Key l shows what a long text has further right, up to its end, and h goes back; short ones stay."""
    rows = [Record("a", 1, "start " + "x" * 200 + " end", "└─ "), Record("b", 2, "short")]
    async with bench(rows) as test:
        assert test.lines()[1].rstrip().endswith("…")
        await test.press("l")
        assert "start" not in test.lines()[1]
        assert "short" in test.lines()[2]
        for _ in range(40):
            test.table.action_pan_right()
        assert test.lines()[1].rstrip().endswith("x end")
        assert "└─ …x" in test.lines()[1]
        for _ in range(40):
            test.table.action_pan_left()
        assert "start x" in test.lines()[1]


@pytest.mark.parametrize(
    "text",
    [
        "[internal] load [/] build [/red] definition",
        "\x1b[2J\x1b[31mred\x07",
        "two\nlines\r\tand \u2028 more",
        "invoice\u202egnp.exe \u2066x",
        "日本語のビルド 📦 " * 9,
        "👨\u200d👩\u200d👧 ⚠\ufe0f e\u0301\u0301 \u0e33",
        "\udcff\udc80 \ud800",
        "x" * 10_000,
        "a" + "\u0301" * 10_000,
        "\u0301" * 3,
    ],
    ids=["markup", "escapes", "line breaks", "bidi", "wide", "joined", "surrogates", "long", "stacked", "bare marks"],
)
async def test_hostile_texts_stay_in_their_line(text: str) -> None:
    """Whatever a description holds, its line is as wide as the others, printable, and ends where it should."""
    async with bench([Record("a", 1, text), Record("b", 2, "tame")]) as test:
        strip = test.table.render_line(1)
        assert sum(segment.cell_length for segment in strip) == strip.cell_length == 80
        assert strip.text.isprintable()
        assert strip.text.startswith("▶  a")
        assert "tame" in test.lines()[2]
        test.pilot.app.export_screenshot()


async def test_markup_is_shown_as_it_is() -> None:
    """BuildKit's bracketed names are whole."""
    async with bench([Record("a", 1, "[internal] load [/x] build")]) as test:
        assert "[internal] load [/x] build" in test.lines()[1]


async def test_ascii_terminals() -> None:
    """Without UTF-8 every sign and every text is ASCII, and cursor, marks, sort and guides still show."""
    rows = [Record("a", 1, "日本 …"), Record("b", 2, "child", "└─ ")]
    async with bench(rows, glyphs=ASCII) as test:
        await test.press("space")
        assert test.lines()[1].startswith(" *")
        assert test.lines()[2].startswith("> ")
        assert "`- child" in test.lines()[2]
        await test.press("s", "S")
        assert "ID v" in test.lines()[0]
        assert all(line.isascii() for line in test.lines())


async def test_no_colour_and_light_themes_lose_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The text of the screen, signs and all, is the same without colours and in every theme."""

    async def screen(theme: str) -> list[str]:
        async with bench(records(20)) as test:
            test.pilot.app.theme = theme
            await test.press("j", "space", "s", "S")
            return test.lines()

    dark = await screen("textual-dark")
    assert [line[:2] for line in dark if "▶" in line or "●" in line] == ["▶ ", " ●"]
    assert await screen("textual-light") == dark
    monkeypatch.setenv("NO_COLOR", "1")
    assert await screen("textual-dark") == dark


async def test_styles_follow_theme_and_focus() -> None:
    """A change of theme or focus repaints cached lines."""
    async with bench(records(5)) as test:

        def style() -> object:
            return [segment.style for segment in test.table.render_line(1)]

        first = style()
        test.pilot.app.theme = "textual-light"
        await test.pilot.pause()
        light = style()
        test.table.blur()
        await test.pilot.pause()
        assert len({str(first), str(light), str(style())}) == 3


async def test_placeholder() -> None:
    """A table with no row to show says so, literally, and stops saying so when there is one."""
    async with bench([]) as test:
        assert test.lines()[1].strip() == "Nothing [here] yet."
        test.table.placeholder = "No record matches \x1b."
        assert test.lines()[1].strip() == "No record matches ␛."
        test.table.set_rows(records(1))
        assert test.ids() == ["r00000"]


async def test_texts_that_change_with_time() -> None:
    """A repaint asks for every text in sight again and widens for it."""
    clock = ["9 s"]
    age: Column[Record] = Column(id="age", title="", text=lambda _: clock[0])
    async with bench(records(2), columns=(COLUMNS[0], age)) as test:
        clock[0] = "10 min ago"
        assert "9 s" in test.lines()[1]
        test.table.repaint()
        assert "10 min ago" in test.lines()[1]


@pytest.mark.parametrize("size", [(1, 1), (4, 2), (12, 3)])
async def test_tiny_screens(size: tuple[int, int]) -> None:
    """A terminal too small for anything breaks nothing."""
    async with bench(records(9), size) as test:
        await test.press("G", "space", "s", "l", "pageup")
        assert all(test.table.render_line(y).cell_length == test.table.size.width for y in range(size[1]))


async def test_every_action_on_an_empty_table() -> None:
    """With no row every key is harmless."""
    async with bench([]) as test:
        for key in ("down", "up", "G", "g", "pagedown", "ctrl+d", "l", "h", "space", "v", "u", "s", "S", "enter"):
            await test.press(key)
        assert test.table.cursor_row is None
    assert test.keys_of(RecordTable.Selected) == []
