"""What GitHub evicts next and when: by last access, retention and size."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from dockcache_tui.core.caches.cache import ActionsCache, Limits
from dockcache_tui.core.instant import Instant

_SECOND = 10**9
_WEEK = 7 * 86_400
_LIFETIME = 100 * 365 * 86_400
_BLOCKS = " ▁▂▃▄▅▆▇█"


class EvictionCause(StrEnum):
    """Why an entry goes."""

    AGE = "not accessed"
    SIZE = "over the limit"


@dataclass(frozen=True, slots=True)
class Victim:
    """An entry and when it goes if nobody reads it, in the order of going; GitHub checks hourly, so it may stay a bit.

    `room` is how many bytes may still be saved before it goes for size; negative when it goes at the next check.
    """

    cache: ActionsCache
    at: Instant
    cause: EvictionCause
    room: int


@dataclass(frozen=True, slots=True)
class Point:
    """The bytes in use at a moment, for a plot of steps."""

    at: Instant
    size: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """The victims in order, and the bytes in use until the last is gone, at `rate` bytes saved a second."""

    victims: tuple[Victim, ...]
    points: tuple[Point, ...]
    rate: float


def saving_rate(caches: Iterable[ActionsCache], now: Instant, seconds: float = _WEEK) -> float:
    """Return the bytes a second that were saved lately; what is gone again is not counted, so it may be more."""
    since = now.ns - round(seconds * _SECOND)
    return sum(cache.size for cache in caches if cache.created_at.ns >= since) / seconds


def forecast(caches: Iterable[ActionsCache], limits: Limits, now: Instant, rate: float = 0.0) -> Forecast:
    """Foresee the eviction of these entries while new ones are saved at `rate` bytes a second and none is accessed."""
    order = sorted(caches, key=lambda cache: (cache.last_accessed_at, cache.id))
    total = sum(cache.size for cache in order)
    used, points, victims = float(total), [Point(now, total)], []
    room = limits.size - total
    at = now
    for cache in order:
        old = Instant(max(now.ns, cache.last_accessed_at.ns + limits.retention_ns))
        full = _when(room, rate, now)
        cause = EvictionCause.SIZE if full is not None and full < old else EvictionCause.AGE
        gone = full if cause is EvictionCause.SIZE and full is not None else old
        victims.append(Victim(cache, gone, cause, room))
        room += cache.size
        used += rate * max(0.0, gone.seconds_since(at))
        points += [Point(gone, round(used)), Point(gone, round(used - cache.size))]
        used -= cache.size
        at = gone
    return Forecast(tuple(victims), tuple(points), rate)


def _when(room: int, rate: float, now: Instant) -> Instant | None:
    """Return when the room is used up; None when that takes longer than anybody lives."""
    if room < 0:
        return now
    seconds = room / rate if rate > 0 else _LIFETIME
    return Instant(now.ns + round(seconds * _SECOND)) if seconds < _LIFETIME else None


def columns(points: Sequence[tuple[float, float]], width: int) -> list[float]:
    """Return the value of a step function at `width` evenly spaced moments; points are (moment, value) in order."""
    if not points or width < 1:
        return []
    start, end = points[0][0], points[-1][0]
    values, at = [], 0
    for number in range(width):
        moment = start + (end - start) * number / max(1, width - 1)
        while at + 1 < len(points) and points[at + 1][0] <= moment:
            at += 1
        values.append(points[at][1])
    return values


def draw(values: Sequence[float], height: int, top: float) -> list[str]:
    """Return `height` lines of blocks, the highest first; `top` is the value that fills them all."""
    eighths = [0 if top <= 0 else min(height * 8, max(0, round(value / top * height * 8))) for value in values]
    return ["".join(_BLOCKS[min(8, max(0, filled - row * 8))] for filled in eighths) for row in reversed(range(height))]
