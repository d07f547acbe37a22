"""Cells of CSV that a spreadsheet shows as they are."""

import pytest

from dockcache_tui.core.csv_cell import csv_cell


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
