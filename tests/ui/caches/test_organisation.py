"""An organisation in the app: its repositories by usage, from which one drills into each one's caches and back."""

import asyncio
from threading import Event
from uuid import uuid4

import pytest

from service.serving import Job, Served
from sources.github_server import TOKEN, Asked, Reply, cache_json, page_of, serving
from ui.bench import NARROW, PATIENCE, Bench, bench
from ui.caches_bench import CachesHouse, look_at, shown


@pytest.fixture
def organisation(served: Served, rest_alone: pytest.MonkeyPatch) -> tuple[str, Job, Job]:
    """An organisation of two repositories, the second of which keeps more; the app may read both."""
    name = f"org-{uuid4().hex[:8]}"
    small, big = (served.job("main", repo=f"{name}/{repo}") for repo in ("small", "big"))
    small.save("go-1", b"x" * 100)
    for number in range(2):
        big.save(f"node-{number}", b"x" * 450)
    look_at(rest_alone, served.address, f"{name}/elsewhere", big.rest_token)
    return name, small, big


def house(name: str) -> CachesHouse:
    """Return a house that looks at an organisation."""
    return CachesHouse(organisation=name)


async def test_drilling_in_and_back(organisation: tuple[str, Job, Job]) -> None:
    """The biggest comes first; enter opens a repository's caches, esc leads back, and the other is opened likewise."""
    name, small, big = organisation
    async with bench(house(name)) as app:
        await app.see("2 repositories · 3 caches · 1.0 kB", r"▶ .*/big +2 +900 B .* 90 %\n.*/small +1 +100 B .* 10 %")
        await app.see(f"{name} › {big.repo}")
        await app.press("enter")
        await app.see("node-0", "node-1", "2 entries", f"{big.repo} › caches")
        assert "go-1" not in shown(app)
        await app.press("escape")
        await app.see("2 repositories", r"▶ .*/big")
        await app.press("down", "enter")
        await app.see("go-1", "1 entry", f"{small.repo} › caches")
        assert shown(app) == ["go-1"]
        await app.press("2", "3")
        await app.see("go-1")
        await app.press("escape", "2", "3")
        await app.see("2 repositories", r"▶ .*/small")


async def test_a_delete_in_a_repository_shows_in_the_list(organisation: tuple[str, Job, Job]) -> None:
    """What is deleted goes from the repository that was opened, and the list is read again on the way back."""
    name, small, big = organisation
    async with bench(house(name)) as app:
        await app.see("/big +2 +900 B")
        await app.press("enter")
        await app.see("node-0", "2 entries")
        await app.press("d")
        await app.see(f"Delete caches of {big.repo}", "2 entries, .*900 bytes")
        await app.press("tab", "enter")
        await app.see("Deleted 2 entries", "No Actions cache")
        await app.press("escape")
        await app.see("/big +0 +0 B", "/small +1 +100 B .* 100 %")
    assert (small.keys(), big.keys()) == (["go-1"], [])


async def test_filter_sort_and_copy(organisation: tuple[str, Job, Job]) -> None:
    """The list narrows by name, size and count, sorts, and fits a narrow screen."""
    name, *_ = organisation
    async with bench(house(name), NARROW) as app:
        await app.see("/big +2 +900 B", "/small +1 +100 B")
        await app.press("slash")
        await app.type("caches<2")
        await app.press("enter")
        await app.see("1 of 2", "/small")
        await app.see_no("/big ")
        await app.press("escape", "s", "s")
        await app.see(r"/small .*\n.*/big ")
        await app.press("y")
        await app.see("command that lists its caches")


async def test_what_is_heard_of_a_repository_that_was_left(rest_alone: pytest.MonkeyPatch) -> None:
    """The name is shown literally, and the end of a reading of one repository never shows in another."""
    usages = [
        {"full_name": f"acme/{name}", "active_caches_size_in_bytes": size, "active_caches_count": 1}
        for name, size in (("\x1b[31mred", 30), ("slow", 20), ("quick", 10))
    ]

    go = Event()

    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("/usage-by-repository"):
            return Reply({"total_count": 3, "repository_cache_usages": usages})
        if asked.path.endswith("/actions/caches"):
            name = asked.path.split("/")[3]
            assert name != "slow" or go.wait(60)
            return page_of(asked, "", [cache_json(1, name)])
        return Reply([] if asked.path.endswith(("/branches", "/pulls")) else {"default_branch": "main"})

    with serving(answer) as github:
        look_at(rest_alone, github.address, "acme/x", TOKEN)
        async with bench(house("acme")) as app:
            await app.see("acme/␛", "acme/slow", "acme/quick")
            await app.press("down", "enter")
            await app.see("Reading the caches of acme/slow")
            await app.press("escape", "down", "enter")
            await app.see("acme/quick › caches", "GitHub counts")
            go.set()
            await _answered(app, "acme/slow")
            assert shown(app) == ["quick"]


async def _answered(app: Bench, repo: str) -> None:
    """Wait until every request of a repository was answered."""
    async with asyncio.timeout(PATIENCE):
        while any(one.exit_code is None for one in app.app.workspace.commands() if repo in str(one)):
            await app.pilot.pause(0.02)
    await app.pilot.pause()


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply({"message": "Must have admin rights"}, 403), ("Not allowed", r"Must have[\s▌]+admin[\s▌]+rights")),
        (Reply({"message": "Not Found"}, 404), ("Not found", "Is the name right")),
    ],
)
async def test_an_organisation_that_is_refused(
    reply: Reply, words: tuple[str, ...], rest_alone: pytest.MonkeyPatch
) -> None:
    """The view says why, and with `r` it is tried again; what was read before stays."""
    answers = [reply]
    good = Reply({"total_count": 1, "repository_cache_usages": [{"full_name": "acme/app"}]})
    with serving(lambda _: answers[0]) as github:
        look_at(rest_alone, github.address, "acme/x", TOKEN)
        async with bench(house("acme")) as app:
            await app.see(*words, "r  try again")
            answers[0] = good
            await app.press("r")
            await app.see("acme/app +0 +0 B")
            answers[0] = reply
            await app.press("r")
            await app.see(*words, "acme/app +0 +0 B")
