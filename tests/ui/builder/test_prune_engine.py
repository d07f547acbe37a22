"""A prune in the app on a real builder when something fails on the way: an account in every case."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cli.audit_points import before
from dockcache_tui.lab.engine import Engine, Remote
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.journal import Journal
from dockcache_tui.sources.workspace import ProjectWorkspace
from dockcache_tui.ui.app import DockcacheApp
from dockcache_tui.ui.shared.listing import ListingView
from sources.real_builds import Project
from ui.bench import WIDE, Bench

COPIES, BATCH = 45, 20
"""Records of a project: two whole requests and a part of a third."""


@pytest.fixture
def project(at_engine: Engine, killable_builder: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose many records are on a killable builder; what is audited goes to a folder of the test's."""
    monkeypatch.setenv("DOCKCACHE_DATA", str(tmp_path / "data"))
    (tmp_path / "project").mkdir()
    made = Project.make(at_engine, tmp_path / "project", COPIES)
    made.build(killable_builder.name)
    return made


@asynccontextmanager
async def asked(project: Project, builder: Remote) -> AsyncIterator[Bench]:
    """Run the app on a builder, with the question in sight whether the project's records are to go."""
    workspace = ProjectWorkspace(project.folder, Docker(project.engine.variables), Journal())
    app = DockcacheApp(workspace, builder=builder.name)
    try:
        async with app.run_test(size=WIDE, notifications=True) as pilot:
            bench = Bench(app, pilot)
            await bench.see(f"COPY {project.mark[:6]}")
            await bench.press("slash")
            await bench.type(f"desc:{project.mark}")
            await bench.see(f"{COPIES} of ")
            await bench.press("enter", "home", "v", "end", "d")
            await bench.see(f"{COPIES} records will go", f"Yes, {COPIES} records")
            yield bench
    finally:
        workspace.close()


async def test_a_builder_that_dies_during_a_prune(
    project: Project, killable_builder: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every record is told with its fate: what is gone, what no answer tells of, what was not tried; as is audited."""
    before(monkeypatch, "pruning", 2, killable_builder.kill)
    left = COPIES - 2 * BATCH
    async with asked(project, killable_builder) as app:
        await app.press("tab", "enter")
        await app.see(
            "What became of the records", f"Freed {BATCH} records, ", f"{BATCH} unknown, {left} not tried", "Unknown 20"
        )
        rows = app.app.screen.query_one(ListingView).listing.rows
        told, word = {}, ""
        for row in rows:
            if isinstance(row, str):
                word = row.rpartition(" ")[0].lower()
            else:
                told[row[-1]] = word
        await app.press("escape")
        await app.see("✗ (no engine|1 of 1 node down)")
    assert [list(told.values()).count(word) for word in ("freed", "unknown", "not tried")] == [BATCH, BATCH, left]
    audit = await asyncio.to_thread((tmp_path / "data" / "audit.jsonl").read_text)
    lines = map(json.loads, audit.splitlines())
    assert {line["id"]: line["what"] for line in lines} == told


async def test_an_audit_log_that_can_not_be_written(project: Project, killable_builder: Remote, tmp_path: Path) -> None:
    """A folder in its place stops no prune in the app, and that it is not audited is told."""
    await asyncio.to_thread((tmp_path / "data" / "audit.jsonl").mkdir, parents=True)
    async with asked(project, killable_builder) as app:
        await app.press("tab", "enter")
        await app.see(f"Freed {COPIES} records, ", "Not all that was done is in")
        await app.see(r"\bIs\b[\s\S]{1,130}\bdirectory")  # wherever the notice is wrapped
        await app.see("Nothing matches")
