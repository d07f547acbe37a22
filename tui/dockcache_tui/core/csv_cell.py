"""A value as a cell of CSV, which people open in a spreadsheet."""

from dockcache_tui.core.json_text import json_text
from dockcache_tui.core.literal import literal

_RUN = ("=", "+", "-", "@", "\t", "\r")
"""What a text begins with that a spreadsheet would work out instead of showing it."""


def csv_cell(value: object) -> str:
    """Return a value as text: lists joined by blanks, objects as JSON, null empty, text literal and never a formula."""
    text = _plain(value)
    number = isinstance(value, int | float)
    return f"'{literal(text)}" if text.startswith(_RUN) and not number else literal(text)


def _plain(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return json_text(value)
    if isinstance(value, list | tuple):
        return " ".join(map(_plain, value))
    return str(value)
