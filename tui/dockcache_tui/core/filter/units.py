"""Numbers with units as people type them."""

import re
from collections.abc import Callable
from fractions import Fraction

from dockcache_tui.core.field import Kind

_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_NUMBER = r"([0-9]{1,15}(?:\.[0-9]{1,9})?)"
_SIZE = re.compile(_NUMBER + r"([kmgt]?)(i?b|)", re.IGNORECASE)
_LENGTH = re.compile(f"(?:{_NUMBER}[smhdw])+", re.IGNORECASE)
_PART = re.compile(_NUMBER + "([smhdw])", re.IGNORECASE)
_NS = {"s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9, "d": 86_400 * 10**9, "w": 604_800 * 10**9}


def size(text: str) -> int | None:
    """Read bytes: `5k` and `5kB` are 5 * 10^3, `5KiB` is 5 * 2^10; no unit is bytes; None when it is no size."""
    match = _SIZE.fullmatch(text)
    if match is None or (match[3].lower() == "ib" and not match[2]):
        return None
    base = 1024 if match[3].lower() == "ib" else 1000
    return int(Fraction(match[1]) * base ** _POWERS[match[2].lower()])


def nanoseconds(text: str) -> int | None:
    """Read a length of time such as `90s`, `1.5h` or `1d12h` in ns; None for anything else."""
    if not _LENGTH.fullmatch(text):
        return None
    return int(sum(Fraction(number) * _NS[unit.lower()] for number, unit in _PART.findall(text)))


def integer(text: str) -> int | None:
    """Read a whole number; None for anything else."""
    return int(text) if re.fullmatch("[0-9]{1,15}", text) else None


def percent(text: str) -> float | None:
    """Read `90` or `90%` as 0.9; None when it is no percentage."""
    match = re.fullmatch(_NUMBER + "%?", text)
    return float(match[1]) / 100 if match else None


def _seconds(text: str) -> float | None:
    return None if (ns := nanoseconds(text)) is None else ns / 10**9


READERS: dict[Kind, tuple[Callable[[str], float | None], str]] = {
    Kind.SIZE: (size, "a size such as 10MB or 1.5GiB"),
    Kind.AGE: (nanoseconds, "an age such as 7d or 1d12h"),
    Kind.DURATION: (_seconds, "a duration such as 90s or 2m"),
    Kind.PERCENT: (percent, "a percentage such as 90%"),
    Kind.INT: (integer, "a whole number"),
}
"""How each numeric kind is read, and what to say was expected."""
