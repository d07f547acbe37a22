"""Cleaning presets in the app: `m` marks what one chooses, `d` then shows exactly that."""

import json
import re
from collections.abc import Iterator

import pytest

from core.cache_making import blob_key
from dockcache_tui.core.caches.keys import BUILDKIT_VERSION, index_key
from dockcache_tui.core.instant import Instant
from service.serving import Job
from sources.github_server import TOKEN, Asked, FakeGitHub, Reply, cache_json, page_of, serving
from ui.bench import Bench
from ui.caches_bench import caches, look_at

MAIN, DEV = "refs/heads/main", "refs/heads/dev"
LAYERS = [f"sha256:{digit * 64}" for digit in "ab"]
ENTRIES = {
    1: (f"{index_key('app', MAIN)}#1", MAIN),
    2: (f"{index_key('app', MAIN)}#2", MAIN),
    3: (blob_key(LAYERS[0]), DEV),
    4: ("go-1", "refs/heads/merged"),
    5: ("go-2", "refs/heads/gone"),
    6: ("go-3", "refs/pull/7/merge"),
    7: (blob_key(LAYERS[1]), MAIN),
}


def answer(asked: Asked) -> Reply:
    """Answer as a repository with an entry of each kind; the last one was read just now, the others five days ago."""
    name = asked.path.rpartition("/")[2]
    if name == "caches":
        now = Instant.now()
        old = str(Instant(now.ns - 5 * 86_400 * 10**9))
        rows = [
            cache_json(number, *entry) | {"version": BUILDKIT_VERSION, "last_accessed_at": now if number == 7 else old}
            for number, entry in reversed(ENTRIES.items())
        ]
        return page_of(asked, "", [row | {"last_accessed_at": str(row["last_accessed_at"])} for row in rows])
    heads = [{"name": name, "commit": {"sha": f"{name:0<40}"}} for name in ("dev", "main", "merged")]
    pull = {
        "number": 7,
        "state": "closed",
        "merged_at": "2026-11-02T00:00:00Z",
        "head": {"ref": "merged", "sha": f"{'merged':0<40}", "repo": {"full_name": "octo/app"}},
        "base": {"ref": "main"},
    }
    pulls = [pull] if asked.query.get("state") == "closed" else []
    return Reply({"branches": heads, "pulls": pulls}.get(name, {"default_branch": "main"}))


@pytest.fixture
def github(rest_alone: pytest.MonkeyPatch) -> Iterator[FakeGitHub]:
    """That repository, which the app reads."""
    with serving(answer) as github:
        look_at(rest_alone, github.address, "octo/app", TOKEN)
        yield github


async def choose(app: Bench, preset: str) -> None:
    """Pick a preset by a word of its name."""
    await app.press("m")
    await app.see("Mark what to clean")
    await app.type(preset)
    await app.press("enter")


async def planned(app: Bench) -> set[int]:
    """Return the ids that `d` shows."""
    await app.press("d")
    screen = await app.see("read again before it is deleted")
    return {int(number) for number in re.findall(r"│ +[\d,]+  (\d+) +", screen)}


@pytest.mark.usefixtures("github")
@pytest.mark.parametrize(
    ("preset", "told", "expected"),
    [
        ("merged", "Marked 1 entry, .*10 bytes", {4}),
        ("deleted", "Marked 1 entry", {5}),
        ("closed", "Marked 1 entry", {6}),
        ("superseded", "Marked 1 entry", {1}),
        ("orphaned", "1 blob may be", {3}),
    ],
)
async def test_a_preset_marks_what_it_is_named_for(preset: str, told: str, expected: set[int]) -> None:
    """The picker says how many and how much, and exactly these come up with `d`."""
    async with caches() as app:
        await app.see("7 entries", "GitHub counts")
        await app.press("m")
        await app.see("Of merged branches +1 entry, 10 B", "Orphaned blobs +1 entry, 10 B", "Not read for some time")
        await app.press("escape")
        await choose(app, preset)
        await app.see(told)
        assert await planned(app) == expected


@pytest.mark.usefixtures("github")
async def test_what_was_not_read_for_an_age() -> None:
    """The age is asked for; what is none is told, and what was read since stays unmarked."""
    async with caches() as app:
        await app.see("7 entries", "GitHub counts")
        await choose(app, "not read")
        await app.see("Not read for")
        await app.press("ctrl+u")
        await app.type("soon")
        await app.press("enter")
        await app.see("'soon' is not an age")
        await app.press("ctrl+u")
        await app.type("4d12h")
        await app.press("enter")
        await app.see("Marked 6 entries, .*60 bytes")
        assert await planned(app) == set(ENTRIES) - {7}
        await app.press("escape", "escape")
        await choose(app, "not read")
        await app.see("Not read for")
        await app.press("ctrl+u")
        await app.type("6d")
        await app.press("enter")
        await app.see("Nothing to mark")


async def test_presets_add_up_within_the_branch_and_are_deleted_as_shown(
    job: Job, rest_alone: pytest.MonkeyPatch
) -> None:
    """In a job the indexes are read too: two presets on one branch mark its useless entries, and no others go."""
    index = json.dumps({"layers": [{"blob": LAYERS[0], "parent": -1, "annotations": {"size": 10}}]}).encode()
    dev = job.also("dev", "main")
    for one, ref in ((job, MAIN), (dev, DEV)):
        for number in (1, 2):
            one.save(f"{index_key('app', ref)}#{number}", index, version=BUILDKIT_VERSION)
        for layer in LAYERS:
            one.save(blob_key(layer), b"0123456789", version=BUILDKIT_VERSION)
    before = listed(job)
    rest_alone.setenv("ACTIONS_RESULTS_URL", f"{job.served.address}/")
    rest_alone.setenv("ACTIONS_RUNTIME_TOKEN", dev.token)
    async with caches() as app:
        await app.see("8 entries", "GitHub counts")
        await app.press("f")
        await app.see("Branch scope of every view")
        await app.type("dev")
        await app.press("enter")
        await app.see(" · dev ", r"^.*- dev ")
        await choose(app, "superseded")
        await app.see("Marked 1 entry")
        await choose(app, "orphaned")
        await app.see(r"Marked 1 entry, 10 B \(10 bytes\)")
        expected = {
            number
            for number, (ref, key) in before.items()
            if ref == DEV and (key.endswith("#1") or key == blob_key(LAYERS[1]))
        }
        assert await planned(app) == expected
        await app.press("tab", "enter")
        await app.see("Deleted 2 entries", "as planned")
    assert listed(job) == {number: entry for number, entry in before.items() if number not in expected}


def listed(job: Job) -> dict[int, tuple[str, str]]:
    """Return ref and key of each entry by its id, as REST lists them."""
    answer = job.rest("actions/caches", params={"per_page": "100"}).json()
    return {one["id"]: (one["ref"], one["key"]) for one in answer["actions_caches"]}
