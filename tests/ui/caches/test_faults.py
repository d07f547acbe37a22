"""The Actions view on a GitHub that fails: it says what and why, loses nothing, and no token gets anywhere."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from dockcache_tui.sources.github.protocol import ActionsSource
from dockcache_tui.sources.github.source import GitHubActions
from sources.github_server import TOKEN, Asked, FakeGitHub, Reply, api_of, cache_json, page_of, serving
from ui.bench import Bench
from ui.caches_bench import CachesHouse, caches, look_at


class Failing:
    """A GitHub of two caches that fails on demand."""

    def __init__(self) -> None:
        """Begin well."""
        self.fault: Reply | None = None
        """What every request is answered with."""
        self.caches: Reply | None = None
        """What stands for the list of caches."""

    def __call__(self, asked: Asked) -> Reply:
        """Answer a request."""
        if self.fault:
            return self.fault
        if asked.path.endswith("/actions/caches"):
            return self.caches or page_of(asked, "", [cache_json(2), cache_json(1)])
        main = {"name": "main", "commit": {"sha": "f" * 40}, "protected": True}
        lists = {"branches": [main], "pulls": []}
        return Reply(lists.get(asked.path.rpartition("/")[2], {"default_branch": "main"}))


@dataclass
class HastyHouse(CachesHouse):
    """A house that waits for answers a few seconds only."""

    address: str = ""

    def actions(self, repo: str = "octo/app") -> ActionsSource:
        """Open the repository."""
        return GitHubActions(api_of(self.address, timeout=(5.0, 3.0), log=self.log), repo or "octo/app")


@pytest.fixture
def elsewhere() -> Iterator[FakeGitHub]:
    """A server of somebody else, whom nobody is to ask."""
    with serving(lambda _: Reply({})) as other:
        yield other
        assert other.asked == []


FAULTS = pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply({"message": "Bad credentials"}, 401), ("Not signed in", "credentials", "GH_TOKEN")),
        (Reply({"message": "Must have rights"}, 403), ("Not allowed", "Must have rights", "more rights")),
        (Reply({"message": "Not Found"}, 404), ("Not found", "has nothing there", "GitHub says")),
        (Reply({"message": "Oh"}, 502), ("can't be read", r"failed \(502\)", "again in a while")),
        (Reply({}, 302, {"location": "elsewhere"}), ("can't be read", "redirects to another address", "--repo")),
        (Reply(b"<html>sign in", 200, {"content-type": "text/html"}), ("can't be read", "not what GitHub", "proxy")),
        (Reply({"actions_caches": []}, cut=5), ("can't be read", "cut off", "again")),
        (Reply({}, delay=60), ("can't be read", "did not answer in time", "Check the network")),
    ],
    ids=["401", "403", "404", "5xx", "redirect", "html", "cut", "time-out"],
)


@FAULTS
async def test_a_failing_github_loses_nothing(
    reply: Reply, words: tuple[str, ...], elsewhere: FakeGitHub, rest_alone: pytest.MonkeyPatch
) -> None:
    """The view says what and why; once read, rows stay through a failure; no token is shown, nobody else is asked."""
    if "location" in reply.headers:
        reply = Reply(reply.body, reply.status, {"location": f"{elsewhere.address}/x"})
    failing = Failing()
    failing.fault = reply
    with serving(failing) as github:
        look_at(rest_alone, github.address, "octo/app", TOKEN)
        async with caches(HastyHouse(address=github.address) if reply.delay else None) as app:
            await secret(app, *words, "r  try again")
            failing.fault = None
            await app.press("r")
            await secret(app, "key-1", "key-2", "GitHub counts")
            failing.fault = reply
            await app.press("r")
            await secret(app, *words, "key-1", "key-2")
            await app.press("at")
            await secret(app, "GET http://127.0.0.1:.*/repos/octo/app")
        assert {one.headers["authorization"] for one in github.asked} == {f"Bearer {TOKEN}"}


@pytest.mark.parametrize(
    "reply",
    [
        Reply({"message": "API rate limit exceeded"}, 403, {"x-ratelimit-remaining": "0"}),
        Reply({"message": "Slow down"}, 429, {"retry-after": "9000"}),
    ],
    ids=["403", "429"],
)
async def test_a_long_limit_loses_nothing_and_is_kept(reply: Reply, rest_alone: pytest.MonkeyPatch) -> None:
    """The rows stay, the header counts down to its end, and `r` asks nothing of GitHub until then."""
    failing = Failing()
    with serving(failing) as github:
        look_at(rest_alone, github.address, "octo/app", TOKEN)
        async with caches() as app:
            await secret(app, "key-1", "key-2", "GitHub counts")
            failing.fault = reply
            await app.press("r")
            words = str(dict(reply.body)["message"])  # type: ignore[call-overload]
            await secret(app, "Rate limit", words, "lifted at", "key-1", "key-2", r"GitHub: wait \d+m\d\ds")
            asked = len(github.asked)
            await app.press("r", "at")
            await secret(app, "GET http://127.0.0.1:.*/repos/octo/app")
        assert len(github.asked) == asked


async def test_a_link_to_another_host_is_not_followed(elsewhere: FakeGitHub, rest_alone: pytest.MonkeyPatch) -> None:
    """A next page on another host is an error before it is asked for; the rows that are there stay."""
    failing = Failing()
    link = {"link": f'<{elsewhere.address}/caches?page=2>; rel="next"'}
    leading_away = Reply({"total_count": 2, "actions_caches": [cache_json(3)]}, headers=link)
    with serving(failing) as github:
        look_at(rest_alone, github.address, "octo/app", TOKEN)
        failing.caches = leading_away
        async with caches() as app:
            await secret(app, "can't be read", "points to another", "key-3", "1 of 2 read")
            failing.caches = None
            await app.press("r")
            await secret(app, "key-1", "key-2", "GitHub counts")
            failing.caches = leading_away
            await app.press("r")
            await secret(app, "can't be read", "points to another", "key-1", "key-2", "2 entries")


async def secret(app: Bench, *patterns: str) -> None:
    """Wait for these patterns, and see that neither screen nor picture holds the token."""
    screen = await app.see(*patterns)
    picture = app.app.export_screenshot()
    assert "dockcache" in picture
    assert TOKEN not in screen + picture
