"""How sizes, ages, durations and shares are worded, the same in both front ends."""

import humanize

from dockcache_tui.core.instant import Instant

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def size(count: int) -> str:
    """Return bytes in decimal units: `590 B`, `4.1 MB`."""
    return humanize.naturalsize(count, format="%.1f").replace("Bytes", "B").replace("Byte", "B")


def exact_size(count: int) -> str:
    """Return bytes in decimal units and to the byte: `4.1 MB (4,096,000 bytes)`."""
    return f"{size(count)} ({count:,} byte{'' if count == 1 else 's'})"


def short_digest(digest: str) -> str:
    """Return a digest's algorithm and first twelve digits, as docker shows it."""
    return digest[: digest.find(":") + 13]


def span(seconds: float | None) -> str:
    """Return a duration short enough for a column: `0.3s`, `12.4s`, `3m05s`, `2h10m`, `4d`; a dash for None."""
    if seconds is None:
        return "–"
    if seconds < _MINUTE:
        return f"{seconds:.1f}s"
    if seconds < _HOUR:
        return f"{int(seconds // _MINUTE)}m{int(seconds % _MINUTE):02}s"
    if seconds < _DAY:
        return f"{int(seconds // _HOUR)}h{int(seconds % _HOUR // _MINUTE):02}m"
    return f"{int(seconds // _DAY)}d"


def age(moment: Instant | None, now: Instant) -> str:
    """Return how long ago a moment was, in whole units: `8s`, `3m`, `2h`, `4d`; a dash for None."""
    if moment is None:
        return "–"
    seconds = max(0.0, now.seconds_since(moment))
    for unit, letter in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "m")):
        if seconds >= unit:
            return f"{int(seconds // unit)}{letter}"
    return f"{int(seconds)}s"


def share(part: float | None) -> str:
    """Return a share from 0 to 1 as whole percent, never rounded up to 100 %; a dash for None."""
    return "–" if part is None else f"{int(part * 100 + 1e-9)} %"


def count(number: int, noun: str, nouns: str = "") -> str:
    """Return a number with its noun: `1 record`, `2,000 records`; `nouns` is a plural that takes no plain s."""
    return f"{number:,} {noun if number == 1 else nouns or f'{noun}s'}"


def cut(text: str, most: int) -> str:
    """Return a text of at most `most` characters, an ellipsis last when something is missing."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def bar(part: float, width: int) -> str:
    """Return a line as long as a share from 0 to 1 of `width` cells, to half a cell, padded to the width."""
    halves = round(min(1.0, max(0.0, part)) * width * 2)
    return ("━" * (halves // 2) + "╸" * (halves % 2)).ljust(width)
