"""Moments in time to the nanosecond, as BuildKit keeps them."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from time import time_ns

_SECOND = 1_000_000_000
_FIRST, _LAST = -62_135_596_800 * _SECOND, 253_402_300_800 * _SECOND - 1
"""Go's zero time, and the last moment that RFC 3339 can write."""
_RFC_3339 = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?(Z|[+-][0-9]{2}:[0-9]{2})"
)


@dataclass(frozen=True, slots=True, order=True)
class Instant:
    """A moment, in nanoseconds since 1970-01-01T00:00:00Z (datetime stops at microseconds)."""

    ns: int

    @classmethod
    def now(cls) -> "Instant":
        """Return this moment by the system's clock."""
        return cls(time_ns())

    @classmethod
    def parse(cls, text: str) -> "Instant":
        """Read an RFC 3339 time with up to nine fraction digits; raises ValueError on anything else."""
        match = _RFC_3339.fullmatch(text)
        if match is None:
            raise ValueError(f"not an RFC 3339 time: {text!r}")
        whole = datetime.fromisoformat(match[1] + match[3])
        return cls(int(whole.timestamp()) * _SECOND + int((match[2] or "").ljust(9, "0")))

    def seconds_since(self, earlier: "Instant") -> float:
        """Return the seconds from an earlier moment to this one."""
        return (self.ns - earlier.ns) / _SECOND

    def datetime(self) -> datetime:
        """Return the aware UTC datetime, cut to microseconds and to the years that datetime has."""
        ns = min(_LAST, max(_FIRST, self.ns))
        return datetime.fromtimestamp(ns // _SECOND, UTC).replace(microsecond=ns % _SECOND // 1000)

    @property
    def whole_second(self) -> "Instant":
        """Return the second it is in."""
        return Instant(self.ns // _SECOND * _SECOND)

    def __str__(self) -> str:
        """Return RFC 3339 in UTC with as many fraction digits as needed; a moment beyond its years as their edge."""
        seconds, fraction = divmod(min(_LAST, max(_FIRST, self.ns)), _SECOND)
        digits = f".{fraction:09}".rstrip("0") if fraction else ""
        # strftime's %Y leaves out the zeros of Go's year 0001.
        return f"{datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat()}{digits}Z"
