"""Rate limits: waited for as asked, by all threads at once, with a countdown, and no longer than anybody waits."""

import time
from collections.abc import Mapping
from email.utils import formatdate
from threading import Thread

import pytest

from dockcache_tui.core.instant import Instant
from dockcache_tui.sources.github.errors import GitHubError
from dockcache_tui.sources.github.gate import AskedWait, Gate, asked_wait
from dockcache_tui.sources.github.protocol import ApiBudget
from sources.github_server import Asked, Reply, api_of, serving

NOW = formatdate(1_800_000_000, usegmt=True)
SPENT = {"X-RateLimit-Remaining": "0"}


@pytest.mark.parametrize(
    ("status", "headers", "message", "seconds"),
    [
        (429, {"Retry-After": "7"}, "", 7),
        (403, {"Retry-After": "7"}, "", 7),
        (429, {"Retry-After": formatdate(1_800_000_009, usegmt=True), "Date": NOW}, "", 9),
        (403, SPENT | {"X-RateLimit-Reset": "1800000030", "Date": NOW}, "", 31),
        (403, SPENT | {"X-RateLimit-Reset": "1700000000", "Date": NOW}, "", 1),
        (429, {"Retry-After": "7"} | SPENT | {"X-RateLimit-Reset": "1800000030", "Date": NOW}, "", 7),
        (403, {}, "You have exceeded a secondary rate limit", 240),
        (429, {"Retry-After": "soon"}, "", 240),
        (403, SPENT | {"X-RateLimit-Reset": "x"}, "", 240),
        (403, {"X-RateLimit-Remaining": "10"}, "Resource not accessible by integration", None),
        (404, {"Retry-After": "7"}, "", None),
        (500, {}, "rate limit", None),
    ],
)
def test_how_long_to_wait(status: int, headers: Mapping[str, str], message: str, seconds: float | None) -> None:
    """Retry-After counts first, then the reset by the server's own clock, else a minute doubled each time."""
    wait = asked_wait(status, headers, b'{"message": "%s"}' % message.encode(), attempt=2)
    assert (wait.seconds if wait else None) == seconds


def test_a_wait_is_kept_and_counted_down() -> None:
    """After Retry-After the request is sent again; meanwhile the budget says until when, and why."""
    replies = [Reply({"message": "slow down"}, 429, {"retry-after": "1"}), Reply({})]
    told: list[AskedWait] = []
    seen: list[ApiBudget] = []

    def note(wait: AskedWait) -> None:
        told.append(wait)
        seen.append(api.gate.budget)

    with serving(lambda _: replies.pop(0)) as github:
        api = api_of(github.address, patience=5, on_wait=note)
        began = time.monotonic(), Instant.now()
        api.get("/x")
        took = time.monotonic() - began[0]
    assert told == [AskedWait(1, "slow down")]
    assert seen[0].reason == "slow down"
    assert seen[0].waits_until is not None
    assert 1 <= seen[0].waits_until.seconds_since(began[1]) <= took + 1
    assert took >= 1
    assert api.gate.budget.waits_until is None
    assert api.gate.budget.remaining == 4999


def test_one_refusal_holds_every_thread() -> None:
    """While one request is told to wait, no other is sent."""
    refused = [Reply({}, 429, {"retry-after": "1"})]
    told: list[AskedWait] = []
    times: list[float] = []

    def answer(_: Asked) -> Reply:
        times.append(time.monotonic())
        return refused.pop() if refused else Reply({})

    with serving(answer) as github:
        api = api_of(github.address, patience=5, on_wait=told.append)
        first = Thread(target=api.get, args=("/first",))
        first.start()
        while not told:
            time.sleep(0.01)
        api.get("/second")
        first.join()
    assert [asked > times[0] + 1 for asked in times] == [False, True, True]


def test_a_wait_beyond_patience_is_an_error() -> None:
    """A limit that is lifted in an hour is told at once, with the time, and until then nothing more is asked."""
    with serving(lambda _: Reply({"message": "API rate limit exceeded"}, 403, {"retry-after": "3600"})) as github:
        api = api_of(github.address)
        hints = set()
        for path in ("/x", "/y"):
            with pytest.raises(GitHubError, match="API rate limit exceeded") as caught:
                api.get(path)
            hints.add(caught.value.hint)
        assert len(github.asked) == 1
    assert len(hints) == 1
    assert "lifted at" in hints.pop()
    waits = api.gate.budget.waits_until
    assert waits is not None
    assert 3500 < waits.seconds_since(Instant.now()) <= 3600


def test_a_shorter_wait_does_not_end_a_longer_one() -> None:
    """The countdown goes to the end of the longest wait that was asked for."""
    gate = Gate(1000)
    gate.hold(AskedWait(500, "long"))
    longest = gate.budget
    gate.hold(AskedWait(5, "short"))
    assert gate.budget == longest


@pytest.mark.parametrize(("points", "most"), [(1, 900), (5, 180)])
def test_no_more_is_asked_in_a_minute_than_github_allows(
    points: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the points of a minute a reading costs one and a change five; when they are spent, the next one waits."""
    now = 1000.0
    monkeypatch.setattr("dockcache_tui.sources.github.gate.monotonic", lambda: now)
    gate = Gate(30)
    for _ in range(most):
        gate.enter(points)
    with pytest.raises(GitHubError, match="900 points a minute"):
        gate.enter(points)
    assert gate.budget.waits_until is not None
    now += 60
    gate.enter(points)
    assert gate.budget.waits_until is None


def test_waiting_has_an_end() -> None:
    """A GitHub that only ever asks to wait is given up."""
    with serving(lambda _: Reply({}, 429, {"retry-after": "0"})) as github:
        with pytest.raises(GitHubError, match="again and again"):
            api_of(github.address).get("/x")
        assert len(github.asked) == 4


def test_closing_wakes_who_waits() -> None:
    """A request that waits fails at once when the connection is closed."""
    told: list[AskedWait] = []
    errors: list[str] = []
    with serving(lambda _: Reply({}, 429, {"retry-after": "60"})) as github:
        api = api_of(github.address, patience=100, on_wait=told.append)

        def ask() -> None:
            try:
                api.get("/x")
            except GitHubError as error:
                errors.append(str(error))

        thread = Thread(target=ask)
        thread.start()
        while not told:
            time.sleep(0.01)
        api.close()
        thread.join(60)
    assert errors == ["the connection was closed"]
