"""What a run would restore, in the app: it agrees with what the service then serves to such a run."""

import re

import pytest

from dockcache_tui.core.caches.keys import BUILDKIT_VERSION, index_key
from dockcache_tui.ui.caches.caches_table import CachesTable
from service.serving import Job
from ui.bench import NARROW, WIDE, Bench
from ui.caches_bench import caches

DEV, PULL, TAG = "refs/heads/dev", "refs/pull/7/merge", "refs/tags/v1"
LOOKUPS = ("go-2", "go-", "node", "x go- node", "x node go-", "x", "go-3 no")


@pytest.fixture
def jobs(job: Job) -> dict[str, Job]:
    """A job on each of four refs that saved something, by the ref's short name."""
    for key in ("go-1", "go-2", "node"):
        job.save(key)
    jobs = {"main": job, "dev": job.also(DEV, "main"), "#7": job.also(PULL, "main"), "tag v1": job.also(TAG, "main")}
    for name, key in (("dev", "go-3"), ("#7", "go-0"), ("tag v1", "node-1")):
        jobs[name].save(key)
    return jobs


async def pick(app: Bench, branch: str) -> None:
    """Narrow every view to a branch."""
    await app.press("f")
    await app.see("Branch scope of every view")
    await app.type(branch)
    await app.press("enter")
    await app.see(f" · {branch} ")


async def look_up(app: Bench, keys: str) -> str | None:
    """Type a key and restore keys; return the key that is said to be hit."""
    await app.press("slash")
    await app.type(keys)
    await app.press("enter")
    head = f" {re.escape(keys)} .* (hit|miss) · looks on "
    await app.see(head)
    first, *rows = app.app.query_one(CachesTable).shown_rows
    hits = [row.name for row in rows if row.state == "hit"]
    assert first.state.startswith("hit ·" if hits else "miss ·")
    await app.press("escape")
    await app.see_no(head)
    return hits[0] if hits else None


@pytest.mark.parametrize("branch", ["main", "dev", "#7", "tag v1"])
async def test_what_is_restorable_is_what_the_service_serves(jobs: dict[str, Job], branch: str) -> None:
    """Key by key, for a branch, a pull request and a tag, the view names what a job there then gets."""
    async with caches() as app:
        await app.see("go-2", "GitHub counts")
        await pick(app, branch)
        await app.press("left_square_bracket")
        await app.see("restorable")
        said = {keys: await look_up(app, keys) for keys in LOOKUPS}
    served = {keys: jobs[branch].url_of(*keys.split()) for keys in LOOKUPS}
    assert said == {keys: found[0] if found else None for keys, found in served.items()}


@pytest.mark.usefixtures("jobs")
@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_why_not_the_others(size: tuple[int, int]) -> None:
    """Each entry that a key could mean says why it is not restored, in full, on a narrow screen too."""
    async with caches(size=size) as app:
        await app.see("go-2", "GitHub counts")
        await pick(app, "#7")
        await app.press("left_square_bracket", "slash")
        await app.type("go-2 go-")
        await app.press("enter")
        await app.see(
            r"#7 go-2 go- .*hit · looks on #7, then main$",
            r" go-0 .*hit$",
            r" go-1 .*a ref that is tried first has one$",
            r" go-2 .*a ref that is tried first has one$",
            r" go-3 .*a run on this ref can't restore from its ref$",
        )
        if size == WIDE:
            await app.see(" go-0 .* #7 ", " go-1 .* main ", " go-2 .* main ", " go-3 .* dev ")
        assert "node" not in {row.name for row in app.app.query_one(CachesTable).shown_rows}


@pytest.mark.usefixtures("jobs")
async def test_long_reasons_take_no_room_from_the_other_tabs() -> None:
    """Back among the caches all columns are there again, and there a second time round."""
    async with caches() as app:
        for _ in range(2):
            await app.see("go-2 .* main ", "GitHub counts", "Branch +Read +Saved +Goes in +State")
            await app.press("left_square_bracket", "slash")
            await app.type("go-")
            await app.press("enter")
            await app.see("a run on this ref can't restore from its ref", "Branch +Saved +State")
            await app.press("right_square_bracket")


async def test_without_keys_it_is_what_buildkit_imports(job: Job) -> None:
    """Of each cache scope, on each ref a run may read, the newest index is the hit and the older one is passed over."""
    for number in (1, 2):
        job.save(f"{index_key('app', 'refs/heads/main')}#{number}", b"{}", version=BUILDKIT_VERSION)
    job.also(DEV, "main").save(f"{index_key('app', DEV)}#1", b"{}", version=BUILDKIT_VERSION)
    async with caches() as app:
        await app.see("index-app-1-", "GitHub counts")
        await pick(app, "dev")
        await app.press("left_square_bracket")
        await app.see(
            r"BuildKit · app · on dev .* hit · looks on dev, then main\n.*#1 .* dev .* hit$",
            r"BuildKit · app · on main .* hit ·.*\n.*#2 .* main .* hit\n.*#1 .* main .* a newer one begins with",
        )
