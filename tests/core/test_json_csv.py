"""JSON without lone surrogates."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockcache_tui.core.json_csv import csv_cell, json_text


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a\udcffb", r"a\xffb"),
        ("\udc80", r"\x80"),
        ("\ud800", r"\ud800"),
        ("\udc7f", r"\udc7f"),
        ("📦\udcff", r"📦\xff"),
        (r"\udcff", r"\udcff"),
        ("\\\udcff", r"\\xff"),
        ("é\0\n", "é\0\n"),
    ],
)
def test_a_byte_that_is_no_utf8_is_an_escape(text: str, read: str) -> None:
    """Lone surrogates are spelled out, and nothing else is."""
    assert json.loads(json_text({text: [text]})) == {read: [read]}


@given(st.text(st.characters(codec="utf-8")))
def test_unicode_stays(text: str) -> None:
    """Whatever is Unicode is read back as it was."""
    assert json.loads(json_text(text)) == text


@given(st.text(st.characters()))
def test_any_text_is_ascii_and_read_back_as_unicode(text: str) -> None:
    """The JSON is ASCII, and what a reader makes of it can be encoded."""
    written = json_text(text, 2)
    assert written.isascii()
    json.loads(written).encode()


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'␉=1"),
        ("\r=1", "'␍=1"),
        (["=1", "b"], "'=1 b"),
        (("a", "=1"), "a =1"),
        ("a=1", "a=1"),
        ("", ""),
        (-1, "-1"),
        (-1.5, "-1.5"),
        ([-1, 2], "'-1 2"),
        (None, ""),
        (True, "true"),
    ],
)
def test_a_cell(value: object, cell: str) -> None:
    """A text that a spreadsheet would run gets an apostrophe; a number never; a list is a text."""
    assert csv_cell(value) == cell
