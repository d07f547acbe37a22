"""A file's bytes as lines that are safe to show."""

from dockcache_tui.core.literal import literal

PER_LINE = 16
MAX_LINES = 4_000
"""Lines shown of a file."""


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
