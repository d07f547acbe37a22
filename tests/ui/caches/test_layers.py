"""The layer graph in the app, in a job, where the indexes can be read: sizes, sharing, orphans and the dead blob."""

import json

import pytest

from core.cache_making import blob_key
from dockcache_tui.core.caches.keys import BUILDKIT_VERSION, index_key
from dockcache_tui.ui.caches.caches_table import CachesTable
from service.serving import Job
from ui.caches_bench import caches

MAIN = "refs/heads/main"
LAYERS = [f"sha256:{digit * 64}" for digit in "abcd"]
SIZE = 1_000


def index(*parents: int) -> bytes:
    """Return an index whose layers lie on these."""
    layers = [
        {"blob": LAYERS[number], "parent": parent, "annotations": {"size": SIZE}}
        for number, parent in enumerate(parents)
    ]
    return json.dumps({"layers": layers}).encode()


@pytest.fixture
def ids(job: Job, rest_alone: pytest.MonkeyPatch) -> dict[str, int]:
    """Two cache scopes that share a layer, and a blob nobody names; the app runs inside the job."""
    contents = {"app": index(-1, 0), "web": index(-1)}
    found = {
        scope: job.save(f"{index_key(scope, MAIN)}#1", content, version=BUILDKIT_VERSION)
        for scope, content in contents.items()
    }
    for name, layer in zip("abc", LAYERS, strict=False):
        found[name] = job.save(blob_key(layer), b"x" * SIZE, version=BUILDKIT_VERSION)
    rest_alone.setenv("ACTIONS_RESULTS_URL", f"{job.served.address}/")
    rest_alone.setenv("ACTIONS_RUNTIME_TOKEN", job.token)
    return found


async def test_layers(job: Job, ids: dict[str, int]) -> None:
    """Scopes tell their layers and what they share; when a blob is gone, the index that needs it says so."""
    async with caches() as app:
        await app.see(
            r"BuildKit · app · 1 generation .* 2 layers, 2\.0 kB$",
            r"BuildKit · web · 1 generation .* 1 layer, 1\.0 kB$",
            r"buildkit-blob-1-sha256:a.* shared by web, app$",
            r"buildkit-blob-1-sha256:c.* orphan$",
            r" · 1\.0 kB shared by cache scopes",
        )
        assert job.rest(f"actions/caches/{ids['b']}", "DELETE").status_code == 204
        await app.press("r")
        await app.see(r"index-app-1-\w+#1 .* 1 of 2 layers gone$", r"app · 1 generation .* 1 layer, 1\.0 kB$")
        await app.press("slash")
        await app.type("holes>0")
        await app.press("enter")
        await app.see("1 of 4")


async def test_an_index_opens_on_its_layers(job: Job, ids: dict[str, int]) -> None:
    """Enter shows them, each after the one it lies on, with size, sharing and what is gone; enter again folds them."""
    assert job.rest(f"actions/caches/{ids['b']}", "DELETE").status_code == 204
    async with caches() as app:
        await app.see(r"\+ index-app-1-\w+#1 .* 1 of 2 layers gone$", "GitHub counts")
        table = app.app.query_one(CachesTable)
        table.move_to(("entry", ids["app"]))
        await app.press("enter")
        await app.see(
            r"- index-app-1-\w+#1 .*\n +layer sha256:a{9}.* 1\.0 kB .* shared by web, app$",
            r"layer sha256:a.*\n +layer sha256:b{9}.* gone, 1\.0 kB$",
        )
        await app.press("down", "space", "d")
        await app.see("1 entry, ", rf"\b{ids['a']} +main ", "buildkit-blob-1-sha256:a{64}")
        await app.press("escape", "up", "up", "enter")
        await app.see_no("layer sha256:")


async def test_a_cycle_survives(job: Job, ids: dict[str, int]) -> None:
    """An index whose layers lie on each other is shown like any other."""
    number = job.save(f"{index_key('loop', MAIN)}#1", index(1, 0), version=BUILDKIT_VERSION)
    assert ids
    async with caches() as app:
        await app.see(r"BuildKit · loop · 1 generation .* 2 layers, 2\.0 kB$", "shared by loop, web, app$")
        app.app.query_one(CachesTable).move_to(("entry", number))
        await app.press("enter")
        await app.see(r"layer sha256:a.* broken · shared by loop", r"layer sha256:b.* broken · ")
