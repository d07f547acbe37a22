"""The forecast holds to GitHub's rule: age first, then the least recently accessed down to the limit."""

from hypothesis import given
from hypothesis import strategies as st

from core.cache_making import CACHES, DAY, at, cache
from dockcache_tui.core.caches.cache import ActionsCache, Limits
from dockcache_tui.core.caches.forecast import EvictionCause, forecast, saving_rate

DAYS = 10**9 * DAY


def evicted(caches: list[ActionsCache], limits: Limits, now: int) -> set[int]:
    """Evict as GitHub does at a moment in ns: what is too old, then the least recently accessed down to the limit."""
    left = [one for one in caches if one.last_accessed_at.ns >= now - limits.retention_ns]
    left.sort(key=lambda one: (one.last_accessed_at, one.id))
    while left and sum(one.size for one in left) > limits.size:
        left.pop(0)
    return {one.id for one in caches} - {one.id for one in left}


def test_who_goes_next_and_when() -> None:
    """The oldest goes when its days are over; what room each has counts those that go before it."""
    found = forecast([cache(1, size=5, used=2 * DAY), cache(2, size=3, used=DAY)], Limits(10, 7), at(3 * DAY))
    assert [(one.cache.id, one.at, one.cause, one.room) for one in found.victims] == [
        (2, at(8 * DAY), EvictionCause.AGE, 2),
        (1, at(9 * DAY), EvictionCause.AGE, 5),
    ]
    assert [(point.at, point.size) for point in found.points] == [
        (at(3 * DAY), 8),
        (at(8 * DAY), 8),
        (at(8 * DAY), 5),
        (at(9 * DAY), 5),
        (at(9 * DAY), 0),
    ]


def test_over_the_limit_the_least_recently_accessed_goes_now() -> None:
    """Only as many go at the next check as it takes to be within the limit."""
    caches = [cache(number, size=4, used=number) for number in (1, 2, 3)]
    found = forecast(caches, Limits(9), at(10))
    assert [(one.cache.id, one.cause, one.at == at(10)) for one in found.victims] == [
        (1, EvictionCause.SIZE, True),
        (2, EvictionCause.AGE, False),
        (3, EvictionCause.AGE, False),
    ]


def test_a_rate_fills_the_room() -> None:
    """At two bytes a second four free bytes last two seconds, and each entry that goes makes room for its size."""
    found = forecast([cache(1, size=6, used=0), cache(2, size=10, used=1)], Limits(20), at(1), rate=2.0)
    assert [(one.at, one.cause) for one in found.victims] == [
        (at(3), EvictionCause.SIZE),
        (at(6), EvictionCause.SIZE),
    ]
    assert [point.size for point in found.points] == [16, 20, 14, 20, 10]


def test_the_rate_is_of_the_last_week() -> None:
    """Only what was saved in the last seven days counts."""
    caches = [cache(1, size=100, created=0), cache(2, size=7 * DAY * 3, created=9 * DAY)]
    assert saving_rate(caches, at(10 * DAY)) == 3.0


@given(CACHES, st.integers(0, 4 * 10**10), st.integers(0, 30))
def test_the_forecast_is_what_an_eviction_then_does(caches: list[ActionsCache], limit: int, days: int) -> None:
    """At any later moment exactly those are gone that the forecast said would be gone before it."""
    limits, now = Limits(limit, 7), at(0)
    later = now.ns + days * DAYS + 1
    victims = forecast(caches, limits, now).victims
    assert {one.cache.id for one in victims if one.at.ns < later} == evicted(caches, limits, later)


@given(CACHES, st.integers(0, 4 * 10**10), st.floats(0, 10**9))
def test_points_never_go_back_and_end_with_what_was_saved(caches: list[ActionsCache], limit: int, rate: float) -> None:
    """Victims come in the order of time, and when no entry is left nothing of the first total is."""
    found = forecast(caches, Limits(limit), at(0), rate)
    moments = [point.at for point in found.points]
    assert moments == sorted(moments)
    assert [one.at for one in found.victims] == sorted(one.at for one in found.victims)
    assert found.points[0].size == sum(one.size for one in caches)
    grown = rate * (moments[-1].ns - at(0).ns) / 10**9
    assert abs(found.points[-1].size - grown) <= 1 + grown * 1e-6
