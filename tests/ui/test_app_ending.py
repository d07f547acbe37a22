"""Esc ends what is moved or deleted, in its own tab: at once, with an account, and the app goes on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import grpc
import pytest

from dockcache_tui.sources.buildkit import control_pb2 as pb
from dockcache_tui.sources.engine_images import EngineImages
from dockcache_tui.sources.protocols import Builder
from dockcache_tui.ui.caches.caches_table import CachesTable
from processes import ends
from sources.control_server import ControlServer, scripted_docker
from sources.github_server import TOKEN, Asked, Reply, cache_json, page_of, serving
from sources.layout_making import as_folder, layer_tar, saved
from ui.bench import NARROW, Bench, bench
from ui.caches_bench import CachesHouse, caches, look_at
from ui.house import House

LONG = 600.0
"""Seconds that nobody here waits."""


def names(folder: Path) -> list[str]:
    """Return what is in a folder."""
    return [one.name for one in folder.iterdir()]


async def leaves(app: Bench) -> None:
    """Press Esc once more, which does no harm, and leave."""
    await app.press("escape", "q")
    await app.pilot.pause()
    assert app.app.return_code == 0


@contextmanager
def hub(patch: pytest.MonkeyPatch, hangs: str) -> Iterator[list[Asked]]:
    """Lead the app to a GitHub of ten caches and an artifact, which never answers what ends in `hangs`."""
    left = {number: cache_json(number) for number in range(1, 11)}
    artifact = {
        "id": 7,
        "name": "log",
        "size_in_bytes": 9,
        "created_at": "2026-11-01T00:00:00Z",
        "expires_at": "2036-11-01T00:00:00Z",
        "expired": False,
        "digest": f"sha256:{'0' * 64}",
        "workflow_run": None,
    }

    def answer(asked: Asked) -> Reply:
        if asked.path.endswith(hangs):
            return Reply({}, delay=LONG)
        if asked.method == "DELETE":
            del left[int(asked.path.rpartition("/")[2])]
            return Reply(status=204)
        if asked.path.endswith("/caches"):
            wanted = [row for row in left.values() if str(row["key"]).startswith(asked.query.get("key", ""))]
            return page_of(asked, "", wanted)
        if asked.path.endswith("/artifacts"):
            return Reply({"total_count": 1, "artifacts": [artifact]})
        return Reply([] if asked.path.endswith(("/branches", "/pulls")) else {"default_branch": "main"})

    with serving(answer) as github:
        look_at(patch, github.address, "octo/app", TOKEN)
        yield github.asked


async def test_a_delete_that_hangs(rest_alone: pytest.MonkeyPatch) -> None:
    """Elsewhere Esc leaves it alone; here it ends, and a second one waits for no answer: all ten are accounted for."""
    with hub(rest_alone, "/caches/2") as asked:
        async with caches() as app:
            await app.see("10 entries", "GitHub counts")
            app.app.query_one(CachesTable).mark(lambda row: row.entry is not None)
            await app.press("d")
            await app.see("10 entries, ")
            await app.press("tab", "enter")
            await app.see(r"▸ deleting 1/10 \d+s · esc ends it")
            await app.press("2", "escape")
            await app.see(r"▸ deleting 1/10 \d+s  ")
            assert "esc ends it" not in app.screen()
            await app.press("3", "escape")
            await app.see(r"▸ deleting 1/10 \d+s \(ending\) · esc ends it")
            await app.press("escape")
            await app.see(r"1 unknown, 8 not tried", "unknown: key-2: interrupted", "Deleted 1 entry, 10 B")
            await app.see_no("▸ deleting")
            await leaves(app)
    assert [one.path.rpartition("/")[2] for one in asked if one.method == "DELETE"] == ["1", "2"]


async def test_a_download_that_hangs(rest_alone: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Esc ends it at once, says what is left, and leaves no empty file; the header has said so in 80 columns."""
    rest_alone.chdir(tmp_path)
    with hub(rest_alone, "/zip"):
        async with bench(CachesHouse(), NARROW) as app:
            await app.see("no cache yet")
            await app.press("4")
            await app.see("1 artifact on GitHub")
            await app.press("enter")
            await app.see("Download")
            await app.press("enter")
            await app.see(r"▸ downloading \d+s · esc ends it")
            await app.press("escape")
            await app.see("Ended", "What arrived of log is kept", "next time")
            await app.see_no("▸ downloading")
            await leaves(app)
    assert names(tmp_path) == []


@pytest.mark.parametrize("verb", ["load", "save"])
async def test_a_docker_that_hangs(verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A frozen daemon takes or gives no more: Esc kills docker, says what is left, and half a file is no more."""
    (here := tmp_path / "here").mkdir()
    monkeypatch.chdir(here)
    as_folder(saved(layer_tar(etc="x")), archive := tmp_path / "archive")
    script = f"""#!/bin/sh
if [ "$2" = {verb} ]; then echo $$ > {tmp_path}/pid; printf half; sleep 600; fi
case "$2" in
ls) echo sha256:1;;
inspect) echo '[{{"Id": "sha256:1", "Size": 9, "RepoTags": ["app:1"]}}]';;
esac
"""
    house = House(files=(archive,), engine=EngineImages(scripted_docker(tmp_path, script)))
    async with bench(house) as app:
        await app.see("no cache yet")
        await app.press("4")
        await app.see("archive +docker save")
        if verb == "load":
            await app.press("I")
        else:
            await app.press("i")
            await app.see("Write which image")
            await app.press("enter")
        name, left = {"load": ("loading", "not all"), "save": ("saving the image", "Nothing of app:1")}[verb]
        await app.see(rf"▸ {name} \d+s · esc ends it")
        await app.press("escape")
        await app.see("Ended", left)
        await app.see_no(f"▸ {name}")
        await leaves(app)
    assert ends(int((tmp_path / "pid").read_text()))
    assert names(here) == []


class RealHouse(House):
    """A house with a builder behind a real connection."""

    def connect(self, name: str) -> Builder:  # type: ignore[override] # noqa: ARG002 - there is one builder
        """Return it."""
        return self.builder

    builder: Builder


async def test_a_prune_of_a_frozen_builder(tmp_path: Path) -> None:
    """Esc ends it within its grace: what was asked for is unknown, the rest not tried, and the app goes on."""
    released = Event()

    def frozen(_request: bytes, _context: grpc.ServicerContext) -> Iterator[bytes]:
        released.wait(LONG)
        yield b""

    usage = pb.DiskUsageResponse(record=[pb.UsageRecord(id=f"r{one}".encode(), size=10) for one in range(30)])
    unary = {
        "Info": lambda *_: pb.InfoResponse().SerializeToString(),
        "DiskUsage": lambda *_: usage.SerializeToString(),
    }
    with ControlServer(unary, {"Prune": frozen}).builder(tmp_path) as builder:
        house = RealHouse()
        house.builder = builder
        async with bench(house) as app:
            await app.see("r29")
            await app.press("home", "v", "end", "d")
            await app.see("30 records will go")
            await app.press("tab", "enter")
            await app.see(r"▸ pruning \d+s · esc ends it")
            await app.press("escape")
            await app.see("20 unknown, 10 not tried", "Freed 0 records")
            await app.see_no("▸ pruning")
            await leaves(app)
        released.set()
