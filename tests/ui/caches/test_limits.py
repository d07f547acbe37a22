"""GitHub's limits and a token's rights in the app: the budget, a wait counted down, and what may not be deleted."""

import re

import pytest

from service.serving import Job
from sources.github_server import TOKEN, Asked, Reply, cache_json, page_of, serving
from ui.bench import Bench
from ui.caches_bench import caches, look_at


def public(asked: Asked) -> Reply:
    """Answer as a repository with one cache."""
    if asked.path.endswith("/actions/caches"):
        return page_of(asked, "", [cache_json(1)])
    return Reply([] if asked.path.endswith(("/branches", "/pulls")) else {"default_branch": "main"})


class Limiting:
    """A GitHub that asks the first who lists caches to wait."""

    def __init__(self, seconds: int) -> None:
        """Ask to wait this long."""
        message = {"message": "You have exceeded a secondary rate limit"}
        self._waits = [Reply(message, 403, {"retry-after": f"{seconds}"})]

    def __call__(self, asked: Asked) -> Reply:
        """Answer a request."""
        return self._waits.pop() if self._waits and asked.path.endswith("/actions/caches") else public(asked)


async def test_a_wait_is_counted_down_in_the_header(rest_alone: pytest.MonkeyPatch) -> None:
    """While GitHub asks to wait, the header says how long, and that becomes less."""
    with serving(Limiting(240)) as github:
        look_at(rest_alone, github.address, "octo/app", TOKEN)
        async with caches() as app:
            screen = await app.see(r"GitHub: wait \dm\d\ds")
            first = re.search(r"GitHub: wait (\w+)", screen)
            assert first
            await app.see(rf"GitHub: wait (?!{first[1]})\w+")


async def test_after_a_wait_the_caches_are_there(rest_alone: pytest.MonkeyPatch) -> None:
    """Once the time is over the same request is sent again, and the header tells the budget."""
    with serving(Limiting(1)) as github:
        look_at(rest_alone, github.address, "octo/app", TOKEN)
        async with caches() as app:
            await app.see("key-1", r"API 4,999")
            await app.see_no("GitHub: wait")


@pytest.mark.parametrize("write", [False, True])
async def test_a_token_that_only_reads(job: Job, rest_alone: pytest.MonkeyPatch, write: bool) -> None:  # noqa: FBT001
    """`d` is dimmed, does nothing, and the reason stands in the view; with a token that may write it asks."""
    job.save("key-1")
    rest_alone.setenv("GITHUB_TOKEN", job.served.signer.rest_token(write=write))
    async with caches() as app:
        await app.see("key-1", "GitHub counts")
        assert ("the token may only read this repository" in app.screen()) is not write
        await delete_is(app, possible=write)
    assert job.keys() == ["key-1"]


async def test_without_a_token(rest_alone: pytest.MonkeyPatch) -> None:
    """A public repository is shown, and what can't be done says how to sign in."""
    with serving(public) as github:
        look_at(rest_alone, github.address, "octo/app", "")
        rest_alone.setenv("PATH", "")
        async with caches() as app:
            await app.see("key-1", "there is no token: set GH_TOKEN or run `gh auth login`")
            await delete_is(app, possible=False)
        assert not any("authorization" in one.headers for one in github.asked)


async def delete_is(app: Bench, *, possible: bool) -> None:
    """Press `d` and see whether it is bright and asks."""
    assert app.app.active_bindings["d"].enabled is possible
    await app.press("d")
    await app.pilot.pause()
    assert ("read again before it is deleted" in app.screen()) is possible
