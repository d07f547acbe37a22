"""JSON that any reader takes: ASCII, without lone surrogates."""

import json
import re

_ESCAPE = re.compile(r"\\\\|\\ud[89ab]..\\ud[c-f]..|\\u(d[89a-f]..)")


def json_text(value: object, indent: int | None = None) -> str:
    r"""Return a value as JSON; bytes of names that are no UTF-8 become backslash escapes as text (`\xff`)."""
    return _ESCAPE.sub(_without_lone_surrogate, json.dumps(value, indent=indent))


def _without_lone_surrogate(escape: re.Match[str]) -> str:
    code = escape[1]
    if not code:
        return escape[0]
    return rf"\\x{code[2:]}" if "dc80" <= code <= "dcff" else rf"\\u{code}"
