"""Deleting artifacts in the app: all of them are listed before, and what became of each is told after."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dockcache_tui.ui.archives.archives_table import ArchivesTable
from dockcache_tui.ui.shared.listing import ListingView
from sources.archive_files_making import as_tar, file, oci, tar
from sources.github_server import TOKEN, Asked, Reply, serving
from ui.bench import bench
from ui.caches_bench import CachesHouse, look_at


class Shelf:
    """A GitHub of artifacts that may refuse to delete one."""

    def __init__(self, many: int, refused: int = 0) -> None:
        """Hold so many."""
        self.rows = {number: self._row(number) for number in range(1, many + 1)}
        self.refused = refused

    @staticmethod
    def _row(number: int) -> dict[str, object]:
        run = {"id": 9, "head_branch": "main", "head_sha": "f"}
        return {"id": number, "name": f"name-{number:03}", "size_in_bytes": 10, "expired": False, "workflow_run": run}

    def __call__(self, asked: Asked) -> Reply:
        """Answer a request."""
        if asked.path.endswith("/artifacts"):
            rows = list(self.rows.values())
            return Reply({"total_count": len(rows), "artifacts": rows})
        last = asked.path.rpartition("/")[2]
        if not last.isdecimal() or int(last) not in self.rows:
            return Reply({"default_branch": "main"}, 200 if asked.path == "/repos/octo/app" else 404)
        if asked.method != "DELETE":
            return Reply(self.rows[int(last)])
        if int(last) == self.refused:
            return Reply({"message": "Must have admin rights"}, 403)
        del self.rows[int(last)]
        return Reply(status=204)


@contextmanager
def served(patch: pytest.MonkeyPatch, many: int, refused: int = 0) -> Iterator[Shelf]:
    """Lead the app to a GitHub of so many artifacts."""
    shelf = Shelf(many, refused)
    with serving(shelf) as github:
        look_at(patch, github.address, "octo/app", TOKEN)
        yield shelf


async def test_every_artifact_is_listed_also_out_of_sight(rest_alone: pytest.MonkeyPatch) -> None:
    """Hundreds that were marked, all but some of them hidden by a filter, stand in the list to the last."""
    with served(rest_alone, 600) as shelf:
        async with bench(CachesHouse()) as app:
            await app.see("no cache yet")
            await app.press("4")
            await app.see("name-600", "600 artifacts on GitHub")
            await app.press("home", "v", "end", "slash")
            await app.type("name-59")
            await app.see("10 of 600")
            await app.press("enter", "d")
            await app.see("Delete artifacts", "600 entries, 6.0 kB", r"Delete \(6.0 kB\)")
            rows = app.app.screen.query_one(ListingView).listing.rows
            assert sorted(row[-1] for row in rows) == [f"name-{number:03}" for number in range(1, 601)]
            await app.press("tab", "tab", "end")
            await app.see(rf"\b{rows[-1][1]} +main +{rows[-1][-1]}\b")
            await app.press("escape")
            await app.see_no("Delete artifacts")
        assert len(shelf.rows) == 600


async def test_what_stays_of_what_is_marked_is_told(
    rest_alone: pytest.MonkeyPatch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files and expired artifacts among the marked are in no list of what goes, and the box says that they stay."""
    image = await asyncio.to_thread(lambda: as_tar(oci(tmp_path / "image", [tar(file("hello", b"x"))])).path)
    monkeypatch.chdir(tmp_path)
    with served(rest_alone, 3) as shelf:
        shelf.rows[2]["expired"] = True
        async with bench(CachesHouse(files=(image,))) as app:
            await app.see("no cache yet")
            await app.press("4")
            await app.see("name-003", "1 archive here")
            app.app.query_one(ArchivesTable).mark(lambda _: True)
            await app.press("d")
            await app.see("2 entries, 20 B", "2 of the marked stay: files of this machine, and artifacts that expired")
            rows = app.app.screen.query_one(ListingView).listing.rows
            assert sorted(row[-1] for row in rows) == ["name-001", "name-003"]
            await app.press("tab", "enter")
            await app.see("Deleted 2 artifacts, 20 B .*as planned")
        assert list(shelf.rows) == [2]
    assert await asyncio.to_thread(image.exists)


async def test_what_became_of_each_artifact(rest_alone: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What GitHub refused, what was not tried after it and what is not audited is told, in full where it is long."""
    rest_alone.setenv("DOCKCACHE_DATA", str(tmp_path / "data"))
    await asyncio.to_thread((tmp_path / "data" / "audit.jsonl").mkdir, parents=True)
    with served(rest_alone, 12, refused=11) as shelf:
        async with bench(CachesHouse()) as app:
            await app.see("no cache yet")
            await app.press("4")
            await app.see("name-001", "12 artifacts on GitHub")
            app.app.query_one(ArchivesTable).mark(lambda _: True)
            await app.press("d")
            await app.see("12 entries")
            await app.press("tab", "enter")
            await app.see(
                "What became of the artifacts",
                "1 refused",
                "Not all that was done is in",
                "Must have admin rights",
            )
            rows = app.app.screen.query_one(ListingView).listing.rows
            named = [row[1] for row in rows if not isinstance(row, str)]
            assert sorted(named) == [f"name-{number:03}" for number in range(1, 13)]
            gone = [row[1] for row in rows[rows.index(f"Deleted {12 - len(shelf.rows)}") :] if not isinstance(row, str)]
            assert sorted(gone) == sorted(set(named) - {str(row["name"]) for row in shelf.rows.values()})
