"""Sizes and times as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockcache_tui.core.filter.units import integer, nanoseconds, percent, size


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0),
        ("5b", 5),
        ("5k", 5000),
        ("5kB", 5000),
        ("5KiB", 5120),
        ("1.5m", 1_500_000),
        ("1.5MiB", 1_572_864),
        ("4.1kB", 4100),
        ("2g", 2 * 10**9),
        ("2GiB", 2**31),
        ("1tib", 2**40),
        ("0.3GB", 300_000_000),
    ],
)
def test_sizes(text: str, expected: int) -> None:
    """MB is 10^6, MiB is 2^20, and decimals are exact."""
    assert size(text) == expected


@pytest.mark.parametrize("text", ["", "k", "5 k", "-5", "5.", ".5", "5kk", "5x", "1ib", "1e3", "٣", "9" * 16, "5k\n"])
def test_no_sizes(text: str) -> None:
    """Anything else is no size."""
    assert size(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [("90s", 90), ("1.5h", 5400), ("1d12h", 129_600), ("2W", 1_209_600), ("1m1m", 120), ("0.000000001s", 1e-9)],
)
def test_times(text: str, expected: float) -> None:
    """Times add up from their parts, to the nanosecond."""
    assert nanoseconds(text) == round(expected * 10**9)


@pytest.mark.parametrize("text", ["", "7", "d", "7d3", "1y", "-1d", "1d 2h"])
def test_no_times(text: str) -> None:
    """A number without a unit is no time, nor is anything else."""
    assert nanoseconds(text) is None


def test_numbers() -> None:
    """Whole numbers and percentages are read, and nothing near them."""
    assert (integer("12"), integer("1.5"), integer("-1"), integer("")) == (12, None, None, None)
    assert (percent("90"), percent("90%"), percent("12.5%"), percent("%")) == (0.9, 0.9, 0.125, None)


@given(st.text(), st.integers(0, 10**15 - 1))
def test_any_text_is_read_or_refused(text: str, number: int) -> None:
    """No text crashes a reader, and a plain number is itself."""
    for read in (size, nanoseconds, integer, percent):
        assert (read(text) is None) or any(character.isdigit() for character in text)
    assert size(str(number)) == integer(str(number)) == number
