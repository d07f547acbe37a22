"""Columns share the width and texts fit their cells."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from dockcache_tui.ui.table import Column
from dockcache_tui.ui.table.cells import ASCII, UNICODE, Glyphs, fit, glyphs_for, matcher, measure, split_matches
from dockcache_tui.ui.table.columns import lay_out

ANYTHING = st.text(st.characters(codec=None, categories=None), max_size=80) | st.text("日本📦é a\u0301", max_size=80)


def columns() -> list[Column[str]]:
    """Return one fixed, two measured and one flexible column."""
    return [
        Column(id="id", title="ID", text=str, width=12, priority=2),
        Column(id="size", title="Size", text=str, justify="right"),
        Column(id="age", title="Age", text=str, priority=3, max_width=10),
        Column(id="text", title="Description", text=str, weight=1, min_width=20, priority=1),
    ]


def widths(room: int, natural: dict[str, int] | None = None) -> dict[str, int]:
    """Lay the columns out and return their widths."""
    return {place.column.id: place.width for place in lay_out(columns(), natural or {"size": 9, "age": 30}, room, 2)}


def test_columns_fill_the_width_there_is() -> None:
    """The flexible column takes what fixed and measured ones leave, and a measured one stops at its maximum."""
    assert widths(116) == {"id": 12, "size": 9, "age": 10, "text": 79}


@pytest.mark.parametrize(
    ("room", "kept"),
    [(57, ["id", "size", "age", "text"]), (56, ["id", "size", "text"]), (44, ["size", "text"]), (30, ["size"])],
)
def test_columns_drop_by_priority(room: int, kept: list[str]) -> None:
    """The least important column goes first, one at a time, and the most important is left."""
    assert list(widths(room)) == kept


@given(st.integers(1, 200), st.integers(0, 80), st.integers(0, 80))
def test_columns_never_pass_the_edge(room: int, size: int, age: int) -> None:
    """Whatever the room, what is placed fits in it and does not overlap."""
    placed = lay_out(columns(), {"size": size, "age": age}, room, 2)
    assert placed[-1].left + placed[-1].width <= room
    assert all(a.left + a.width + 2 == b.left for a, b in pairwise(placed))


def test_weights_share_in_proportion() -> None:
    """A column of weight 3 gets three times the spare cells of a column of weight 1, up to a maximum."""
    pair = [Column(id=name, title="", text=str, weight=weight) for name, weight in (("a", 1), ("b", 3))]
    assert [place.width for place in lay_out(pair, {}, 44, 2)] == [11, 31]
    capped = [Column(id="a", title="", text=str, weight=1, max_width=5), pair[1]]
    assert [place.width for place in lay_out(capped, {}, 44, 2)] == [5, 37]


@given(ANYTHING, st.integers(1, 30), st.integers(0, 60), st.sampled_from([UNICODE, ASCII]))
def test_a_text_never_passes_its_cell(text: str, width: int, pan: int, glyphs: Glyphs) -> None:
    """Any text, panned or not, takes at most its width and only characters the terminal has."""
    shown = fit(text, width, glyphs, pan)
    assert cell_len(shown) <= width
    assert shown.isprintable()
    assert shown.isascii() or not glyphs.ascii_only


@given(ANYTHING)
def test_a_measured_width_is_enough(text: str) -> None:
    """A text is whole in the width it was measured at."""
    width = measure(text, 1000, UNICODE)
    assert fit(text, max(1, width), UNICODE) == UNICODE.shown(text)


def test_fit_examples() -> None:
    """A cut ends in a sign, a wide character is never halved, and panning stops at the end of the text."""
    assert fit("mount / from exec", 8, UNICODE) == "mount /…"
    assert fit("日本語", 4, UNICODE) == "日 …"
    assert fit("mount / from exec", 8, UNICODE, pan=4) == "… / fro…"
    assert fit("mount / from exec", 8, UNICODE, pan=400) == "…om exec"
    assert fit("short", 8, UNICODE, pan=4) == "short"
    assert fit("x" * 10_000, 8, UNICODE) == "xxxxxxx…"
    assert fit("a" + "\u0301" * 10_000, 8, UNICODE).endswith("…")
    assert fit("├─ é", 8, ASCII) == "|- \\xe9"


def test_glyphs_follow_the_encoding() -> None:
    """UTF-8 by any name has the signs, anything else plain ASCII."""
    assert glyphs_for("UTF8") is UNICODE
    assert glyphs_for("ANSI_X3.4-1968") is ASCII
    assert glyphs_for("iso8859-1") is ASCII


def test_matches_ignore_case_and_are_literal() -> None:
    """Every occurrence of every highlight is found, the longer one first, and nothing in it is a pattern."""
    pattern = matcher(("npm", "npm ci", "a.c", ""), UNICODE)
    assert list(split_matches("RUN NPM ci abc a.C", pattern)) == [
        ("RUN ", False),
        ("NPM ci", True),
        (" abc ", False),
        ("a.C", True),
    ]
    assert list(split_matches("plain", matcher((), UNICODE))) == [("plain", False)]


@given(ANYTHING, st.lists(ANYTHING, max_size=3))
def test_matching_loses_no_text(text: str, highlights: list[str]) -> None:
    """The pieces put together are the text."""
    pattern = matcher(highlights, UNICODE)
    assert "".join(piece for piece, _ in split_matches(text, pattern)) == text
