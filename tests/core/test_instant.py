"""Moments to the nanosecond."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockcache_tui.core.instant import Instant

FIRST, LAST = -62_135_596_800 * 10**9, 253_402_300_800 * 10**9 - 1


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.000000001Z", 1),
        ("1970-01-01T01:00:00.5+01:00", 500_000_000),
        ("1969-12-31T23:59:59.9Z", -100_000_000),
        ("2025-01-02T03:04:05.123456789Z", 1_735_787_045_123_456_789),
        ("0001-01-01T00:00:00Z", FIRST),
    ],
)
def test_parse(text: str, ns: int) -> None:
    """RFC 3339 is read to the last digit, before 1970 and in other zones too."""
    assert Instant.parse(text) == Instant(ns)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2025-01-02",
        "2025-01-02T03:04:05",
        "2025-01-02T03:04Z",
        "20250102T030405Z",
        "2025-W01-1T00:00:00Z",
        "2025-13-02T03:04:05Z",
        "2025-01-02T03:04:05.Z",
        "2025-01-02T03:04:05,5Z",
        "2025-01-02T03:04:05.1234567890Z",
        "2025-01-02T03:04:05Z\n",
        "٢٠٢٥-01-02T03:04:05Z",
    ],
)
def test_parse_refuses(text: str) -> None:
    """Anything else is refused, never guessed."""
    with pytest.raises(ValueError, match=r"."):
        Instant.parse(text)


@given(st.integers(FIRST, LAST))
def test_text_and_back(ns: int) -> None:
    """A moment of the years 1 to 9999 is written and read back unchanged."""
    assert Instant.parse(str(Instant(ns))) == Instant(ns)


@given(st.text())
def test_any_text_is_a_moment_or_a_value_error(text: str) -> None:
    """No text raises anything but ValueError."""
    try:
        assert isinstance(Instant.parse(text), Instant)
    except ValueError:
        return


def test_as_datetime_and_seconds() -> None:
    """A datetime is aware and cut to microseconds; differences are in seconds."""
    assert Instant(1_000_001_999).datetime() == datetime(1970, 1, 1, 0, 0, 1, 1, UTC)
    assert Instant(2_500_000_000).seconds_since(Instant(10**9)) == 1.5
    assert Instant(1) < Instant(2)
    assert Instant.now() > Instant.parse("2024-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("ns", "shown"), [(-(2**80), "0001-01-01T00:00:00Z"), (2**80, "9999-12-31T23:59:59.999999999Z")]
)
def test_moments_that_nobody_writes(ns: int, shown: str) -> None:
    """A moment beyond the years there are is shown as their edge."""
    assert str(Instant(ns)) == shown
    assert Instant(ns).datetime().isoformat().startswith(shown[:19])
