"""Text from outside is shown, never acted upon."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dockcache_tui.core.literal import MAX_LINES, hex_lines, is_text, literal, text_lines

ANYTHING = st.text(st.characters(codec=None, categories=None))
VISIBLE = st.text(st.characters(categories=("Lu", "Ll", "Nd", "Po", "Sm", "So")))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[builder 2/5] RUN go build", "[builder 2/5] RUN go build"),
        ("\x1b[31mred\x1b[0m", "␛[31mred␛[0m"),
        ("one\ntwo\tthree\r\x00\x7f", "one␊two␉three␍␀␡"),
        ("invoice\u202egnp.exe", "invoice\\u202egnp.exe"),
        ("main\u200b", "main\\u200b"),
        ("\x9b31m", "\\x9b31m"),
        ("bad \udcff byte", "bad \\udcff byte"),
        ("a\u2028b", "a\\u2028b"),
        ("👨\u200d👩", "👨\\u200d👩"),
        ("⚠\ufe0f slow", "⚠ slow"),
        ("main\ufe0f", "main\\ufe0f"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("日本語 e\u0301", "日本語 e\u0301"),
        ("\u0301a", "◌\u0301a"),
    ],
)
def test_literal_examples(text: str, shown: str) -> None:
    """Controls become pictures, unseen characters escapes, and ordinary text of any script stays as it is."""
    assert literal(text) == shown


@given(ANYTHING)
@example("\ufe0f")
@example("❤\ufe0f\ufe0f")
@example("\u2066\ufe0f")
def test_literal_is_harmless(text: str) -> None:
    """Whatever comes in, what goes out is printable, encodable, on one line and starts with a character of its own."""
    shown = literal(text)
    assert shown.isprintable()
    assert len(shown.splitlines()) <= 1
    assert not unicodedata.category((shown or " ")[0]).startswith("M")
    shown.encode("utf-8")


@given(ANYTHING)
def test_literal_settles_at_once(text: str) -> None:
    """Showing shown text changes nothing more."""
    assert literal(literal(text)) == literal(text)


@given(st.text(st.characters(categories=("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))))
def test_literal_loses_nothing(text: str) -> None:
    """Each unseen character leaves a sign of its own."""
    assert all(literal(character) != "" for character in text)
    assert literal(text) == "".join(map(literal, text))


@given(VISIBLE)
def test_literal_leaves_plain_text_alone(text: str) -> None:
    """Letters, digits, punctuation and symbols of any script come back unchanged."""
    assert literal(text) == text


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
