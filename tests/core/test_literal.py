"""Text from outside is shown, never acted upon."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dockcache_tui.core.literal import literal

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
