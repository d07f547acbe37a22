"""Values as JSON that any reader takes (ASCII, without lone surrogates), and as the cells of CSV."""

import json
import re

from dockcache_tui.core.literal import literal

_ESCAPE = re.compile(r"\\\\|\\ud[89ab]..\\ud[c-f]..|\\u(d[89a-f]..)")
_RUN = ("=", "+", "-", "@", "\t", "\r")
"""What a text begins with that a spreadsheet would work out instead of showing it."""


def json_text(value: object, indent: int | None = None) -> str:
    r"""Return a value as JSON; bytes of names that are no UTF-8 become backslash escapes as text (`\xff`)."""
    return _ESCAPE.sub(_without_lone_surrogate, json.dumps(value, indent=indent))


def _without_lone_surrogate(escape: re.Match[str]) -> str:
    code = escape[1]
    if not code:
        return escape[0]
    return rf"\\x{code[2:]}" if "dc80" <= code <= "dcff" else rf"\\u{code}"


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
