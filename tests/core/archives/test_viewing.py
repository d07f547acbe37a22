"""A file's bytes as lines that are safe to show."""

from hypothesis import given
from hypothesis import strategies as st

from dockcache_tui.core.archives.viewing import MAX_LINES, hex_lines, is_text, text_lines


@given(st.binary(max_size=2000))
def test_hex_shows_every_byte(content: bytes) -> None:
    """The hex column gives the bytes back, and every line is printable."""
    lines = hex_lines(content)
    assert bytes.fromhex("".join(line[10:57] for line in lines)) == content
    assert all(line.isascii() and line.isprintable() for line in lines)
    assert [int(line[:8], 16) for line in lines] == list(range(0, len(content), 16))


@given(st.binary(max_size=2000))
def test_text_lines_are_printable(content: bytes) -> None:
    """Whatever the bytes are, no line holds a control, an escape or a line break."""
    assert all(line.isprintable() for line in text_lines(content))


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1))
def test_text_cut_anywhere_is_text(text: str) -> None:
    """UTF-8 that is cut inside its last character still reads as text."""
    content = text.encode()
    assert all(is_text(content[:end]) for end in range(len(content) + 1))


def test_what_is_no_text() -> None:
    """NUL bytes and broken UTF-8 are no text."""
    assert not is_text(b"\x7fELF\0")
    assert not is_text(b"caf\xe9 au lait")
    assert not is_text(b"\xff\xfe" + b"a" * 20)


def test_a_long_file_is_bounded() -> None:
    """No more lines than can be scrolled through are made."""
    assert len(text_lines(b"\n" * 10 * MAX_LINES)) == MAX_LINES
    assert len(hex_lines(b"a" * 20 * MAX_LINES)) == MAX_LINES
