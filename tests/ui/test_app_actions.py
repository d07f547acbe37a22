"""The Actions view on the real service and on a failing GitHub: read, foreseen, deleted, and failed without a loss."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from dockcache_tui.core.literal import literal
from dockcache_tui.sources.command_log import CommandLog, LoggedCommand
from dockcache_tui.sources.github.protocol import ActionsSource
from dockcache_tui.sources.github.source import open_actions
from dockcache_tui.ui.widgets.caches_table import CachesTable
from service.serving import Job, Served
from sources.github_server import TOKEN, Asked, FakeGitHub, Reply, cache_json, page_of, serving
from ui.bench import Bench, bench
from ui.house import House

HOSTILE = ("\x1b[2J\x1b]0;x\x07\x1b[31mred", "[@click=app.quit]go[/] [b]", "[/] [/bold] [red", "\u202etxt\u2066\u200f!")


@dataclass
class CachesHouse(House):
    """A house in memory whose repository is the one that the environment names, read through REST."""

    def actions(self) -> ActionsSource:
        """Open the repository."""
        self.log = CommandLog()
        return open_actions(log=self.log)

    def commands(self) -> tuple[LoggedCommand, ...]:
        """Return the requests that were made."""
        return self.log.entries()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A running service for these tests."""
    service = Served(tmp_path_factory.mktemp("caches"))
    yield service
    service.stop()


@pytest.fixture(autouse=True)
def _outside_a_job(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of a job or a user reaches the app: it has REST alone."""
    for name in ("GH_TOKEN", "GH_HOST", "ACTIONS_RUNTIME_TOKEN", "ACTIONS_RESULTS_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKCACHE_DATA", str(tmp_path / "audit"))


@pytest.fixture
def job(served: Served, monkeypatch: pytest.MonkeyPatch) -> Job:
    """A job on main of a repository of its own, which the app reads."""
    job = served.job("main")
    look_at(monkeypatch, served.address, job.repo, job.rest_token)
    return job


def look_at(patch: pytest.MonkeyPatch, address: str, repo: str, token: str) -> None:
    """Lead the app to a GitHub."""
    patch.setenv("GITHUB_API_URL", address)
    patch.setenv("GITHUB_REPOSITORY", repo)
    patch.setenv("GITHUB_TOKEN", token)


@asynccontextmanager
async def caches() -> AsyncIterator[Bench]:
    """Run the app with the Actions view in sight."""
    async with bench(CachesHouse()) as app:
        await app.see("no cache yet")
        await app.press("3")
        yield app


def shown(app: Bench) -> list[str]:
    """Return the keys in sight, from the top."""
    return [row.name for row in app.app.query_one(CachesTable).shown_rows if row.entry]


async def test_a_bulk_delete_removes_what_it_previewed(job: Job) -> None:
    """Marks of two branches come up with ids and bytes; No leaves all, Delete removes these and nothing else."""
    gone = [job.save("go-1", b"x" * 3000), job.also("dev", "main").save("node-1", b"x" * 1500)]
    kept = [job.save("go-2"), job.also("dev", "main").save("node-2")]
    async with caches() as app:
        await app.see("go-1", "go-2", "node-1", "node-2")
        for key in ("node-1", "go-1"):
            await app.press("home")
            while (row := app.app.query_one(CachesTable).cursor_row) and row.name != key:
                await app.press("down")
            await app.press("space")
        await app.press("d")
        ids = [rf"[\d,]+ +{number} .*" for number in gone]
        screen = await app.see("2 entries, .*4,500 bytes", *ids)
        assert not [number for number in kept if re.search(rf"\b{number} +(main|dev) ", screen)]
        await app.press("enter")
        await app.see_no("2 entries, ")
        assert sorted(job.keys()) == ["go-1", "go-2", "node-1", "node-2"]
        await app.press("d")
        await app.see("2 entries, ")
        await app.press("tab", "enter")
        await app.see("Deleted 2 entries, .*4,500 bytes", "as planned")
        await app.see_no("go-1", "node-1")
    assert sorted(job.keys()) == ["go-2", "node-2"]


async def test_the_forecasts_head_goes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With less room the service evicts what the forecast shows on top, up to where the rest fits."""
    before = Served(tmp_path)
    try:
        job = before.job("main")
        for number in range(4):
            job.save(f"key-{number}", b"x" * 10)
        assert job.url_of("key-0")
        look_at(monkeypatch, before.address, job.repo, job.rest_token)
        async with caches() as app:
            await app.see("key-0")
            await app.press("right_square_bracket")
            await app.see("forecast", "next to go .*key-1", "empty in")
            foreseen = shown(app)
    finally:
        before.stop()
    assert foreseen == ["key-1", "key-2", "key-3", "key-0"]
    after = Served(tmp_path, "--limit", "25")
    try:
        look_at(monkeypatch, after.address, job.repo, job.rest_token)
        async with caches() as app:
            await app.see("key-0")
            assert sorted(shown(app)) == sorted(foreseen[2:])
    finally:
        after.stop()


async def test_keys_are_shown_literally(job: Job) -> None:
    """Whoever names a cache writes on no terminal: in the lists, the box that asks, and the notice after it."""
    numbers = [job.save(key) for key in HOSTILE]
    told = [re.escape(literal(key)) for key in HOSTILE]

    async def literally(*patterns: str) -> None:
        screen = await app.see(*told, *patterns)
        assert {character for character in screen if literal(character) != character} == {"\n"}

    async with caches() as app:
        await literally("caches › main")
        await app.press("d")
        await literally("4 entries, ")
        for number in numbers:
            assert job.rest(f"actions/caches/{number}", "DELETE").status_code == 204
        await app.press("tab", "enter")
        await app.see("No Actions cache")
        await literally("Deleted 0 entries", "gone before")
        assert app.app.is_running


class Failing:
    """A GitHub of two caches that fails on demand."""

    def __init__(self) -> None:
        """Begin well."""
        self.fault: Reply | None = None

    def __call__(self, asked: Asked) -> Reply:
        """Answer a request."""
        if self.fault:
            return self.fault
        if asked.path.endswith("/actions/caches"):
            return page_of(asked, "", [cache_json(2), cache_json(1)])
        main = {"name": "main", "commit": {"sha": "f" * 40}, "protected": True}
        lists = {"branches": [main], "pulls": []}
        return Reply(lists.get(asked.path.rpartition("/")[2], {"default_branch": "main"}))


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
        (Reply({"message": "Slow down"}, 429, {"retry-after": "9000"}), ("Rate limit", "Slow down", "lifted at")),
        (Reply({"message": "Not Found"}, 404), ("Not found", "no such thing", "GitHub says")),
        (Reply({"message": "Oh"}, 502), ("can't be read", r"failed \(502\)", "again in a while")),
        (Reply({}, 302, {"location": "elsewhere"}), ("can't be read", "sends us elsewhere", "--repo")),
        (Reply(b"<html>sign in", 200, {"content-type": "text/html"}), ("can't be read", "not what GitHub", "proxy")),
        (Reply({"actions_caches": []}, cut=5), ("can't be read", "cut off", "again")),
    ],
    ids=["401", "403", "429", "404", "5xx", "redirect", "html", "cut"],
)


@FAULTS
async def test_a_failing_github_loses_nothing(
    reply: Reply, words: tuple[str, ...], elsewhere: FakeGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The view says what and why; once read, rows stay through a failure; no token is shown, nobody else is asked."""
    if "location" in reply.headers:
        reply = Reply(reply.body, reply.status, {"location": f"{elsewhere.address}/x"})
    failing = Failing()
    failing.fault = reply
    with serving(failing) as github:
        look_at(monkeypatch, github.address, "octo/app", TOKEN)
        async with caches() as app:
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


async def secret(app: Bench, *patterns: str) -> None:
    """Wait for these patterns, and see that neither screen nor picture holds the token."""
    screen = await app.see(*patterns)
    picture = app.app.export_screenshot()
    assert "dockcache" in picture
    assert TOKEN not in screen + picture
