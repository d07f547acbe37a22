"""Text and bytes from outside, made safe to show: every character visible, none acted upon."""

import re
import unicodedata
from functools import lru_cache

_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_CONTROLS = {code: chr(0x2400 + code) for code in range(0x20)} | {0x7F: "␡"}
# A presentation selector right after a symbol changes its width from terminal to terminal and says nothing.
_PRESENTATION = re.compile("(?<=[\u203c-\u3299\U0001f000-\U0001faff])[\ufe0e\ufe0f]")
PER_LINE = 16
MAX_LINES = 4_000
"""Lines shown of a file."""


def literal(text: str) -> str:
    """Return the text with controls as control pictures and other unseen characters as backslash escapes.

    The result is printable, holds no line break, bidi control, zero-width joiner or lone surrogate, and can be encoded.
    """
    if text.isascii() and text.isprintable():
        return text
    shown = _PRESENTATION.sub("", text).translate(_Pictures())
    return f"◌{shown}" if unicodedata.category(shown[0]).startswith("M") else shown


class _Pictures:
    """A translation table worked out one character at a time."""

    def __getitem__(self, code: int) -> str:
        return _picture(code)


@lru_cache(maxsize=4096)
def _picture(code: int) -> str:
    character = chr(code)
    if character.isprintable() and not _INVISIBLE.match(character):
        return character
    return _CONTROLS.get(code) or character.encode("unicode_escape").decode("ascii")


def is_text(content: bytes) -> bool:
    """Tell whether bytes read as text: UTF-8 without NUL, a character cut at the end forgiven."""
    if b"\0" in content:
        return False
    try:
        content.decode()
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data" and error.start > len(content) - 4
    return True


def text_lines(content: bytes) -> list[str]:
    """Return the lines, every character visible; bytes that are no UTF-8 as backslash escapes."""
    lines = content.decode("utf-8", "backslashreplace").split("\n")[:MAX_LINES]
    return [literal(line.removesuffix("\r").expandtabs(4)) for line in lines]


def hex_lines(content: bytes) -> list[str]:
    """Return offset, bytes in hex and as ASCII, sixteen a line."""
    return [_hex_line(content, at) for at in range(0, min(len(content), MAX_LINES * PER_LINE), PER_LINE)]


def _hex_line(content: bytes, at: int) -> str:
    part = content[at : at + PER_LINE]
    shown = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in part)
    return f"{at:08x}  {part.hex(' '):<{PER_LINE * 3 - 1}}  {shown}"
