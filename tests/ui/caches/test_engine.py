"""The sample program on three branches, saved by a real BuildKit: the app reads them, narrows, reuses and deletes."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from dockcache_tui.actions_service.access import variables
from dockcache_tui.core.builds.build import BuildSpec, BuildStatus
from dockcache_tui.core.scope import BranchScope, restorable
from dockcache_tui.lab.engine import Engine, Remote
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.journal import Journal
from dockcache_tui.sources.workspace import ProjectWorkspace
from dockcache_tui.ui.app import DockcacheApp
from dockcache_tui.ui.builder.records_table import RecordsTable
from dockcache_tui.ui.caches.caches_table import CachesTable
from nobody import git
from service.serving import Served
from ui.bench import WIDE, Bench

APP = Path(__file__).parents[3] / "app"
BRANCHES = {"main": "app", "topic": "tools", "dev": "app"}
"""The cache scope of each branch, in the order they are built."""
PATIENCE = 60.0


@dataclass(frozen=True)
class Scratch:
    """A git repository whose jobs save into a service, and the builder they run on."""

    engine: Engine
    served: Served
    folder: Path
    builder: str

    def build(self, branch: str) -> None:
        """Build a new commit on a branch as a job there, saving to the branch's cache scope."""
        git(self.folder, "checkout", "--quiet", "-B", branch)
        with (self.folder / "main.go").open("a") as source:
            source.write(f"\nconst edit{uuid4().hex} = 1\n")
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--quiet", "--message", branch)
        cache = f"type=gha,scope={BRANCHES[branch]}"
        spec = BuildSpec(str(self.folder), builder=self.builder, cache_from=(cache,), cache_to=(f"{cache},mode=max",))
        workspace = self.workspace(branch)
        try:
            running = workspace.start(spec)
            assert list(running)
            assert running.result().status is BuildStatus.SUCCEEDED, running.result().error
        finally:
            workspace.close()

    def workspace(self, branch: str) -> ProjectWorkspace:
        """Open the project as a job on a branch sees it."""
        scopes = restorable(BranchScope.of(branch), default=BranchScope.of("main"))
        job = variables(self.served.home, scopes, "", read_only=False)
        return ProjectWorkspace(self.folder, Docker({**self.engine.variables, **job}), Journal(self.folder / "data"))

    def refs(self) -> dict[int, str]:
        """Return the ref of each entry by its id, as REST lists them."""
        listed = self.served.job("main", repo="tests/served").rest("actions/caches", params={"per_page": "100"}).json()
        return {one["id"]: one["ref"] for one in listed["actions_caches"]}

    @asynccontextmanager
    async def app(self, builder: str, branch: str) -> AsyncIterator[Bench]:
        """Run the real app on a builder, on a branch."""
        git(self.folder, "checkout", "--quiet", branch)
        workspace = self.workspace(branch)
        app = DockcacheApp(workspace, builder=builder)
        try:
            async with app.run_test(size=WIDE, notifications=True) as pilot:
                yield Bench(app, pilot)
        finally:
            workspace.close()


@pytest.fixture
def scratch(at_engine: Engine, rest_alone: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Scratch]:
    """Three branches, built and saved; the app may read them through REST and by nothing else."""
    folder = tmp_path / "project"
    served = Served(folder)
    remote = Remote(at_engine, f"dockcache-branches-{uuid4().hex[:8]}")
    try:
        project = Scratch(at_engine, served, folder, remote.start())
        shutil.copytree(APP, folder, dirs_exist_ok=True)
        (folder / ".gitignore").write_text("data\nstderr\n")
        git(project.folder, "init", "--quiet", "--initial-branch=main")
        for branch in BRANCHES:
            project.build(branch)
        job = variables(served.home, (BranchScope.of("dev"),), "", read_only=False)
        for name in ("GITHUB_API_URL", "GITHUB_REPOSITORY", "GITHUB_TOKEN"):
            rest_alone.setenv(name, job[name])
        yield project
    finally:
        remote.remove()
        served.stop()


async def test_three_branches(scratch: Scratch, killable_builder: Remote) -> None:
    """Their scopes are shown, `f` narrows both views, a fresh builder reuses all, and marks delete what they showed."""
    async with scratch.app(scratch.builder, "dev") as app:
        await app.see("● ", scratch.builder, "records › ")
        await _see_the_scopes(app)
        await _narrow(app)
    async with scratch.app(killable_builder.name, "main") as app:
        await app.see("● ", killable_builder.name)
        await app.press("b")
        await app.see("✓ succeeded", "100 % reused · 10 of 10 steps", patience=PATIENCE)
        await _delete_a_branch(app, scratch)


async def _see_the_scopes(app: Bench) -> None:
    await app.press("3")
    await app.see(
        r"^.*- main ", r"^.*- dev ", r"^.*- topic ", "GitHub counts",
        r"- BuildKit · app · 1 generation +(.*\n)*.*- BuildKit · app · 1 generation ",
        r"- BuildKit · tools · 1 generation ", r"index-tools-1-\w{8}#1 .* topic ", "buildkit-blob-1-sha256:",
    )  # fmt: skip


async def _narrow(app: Bench) -> None:
    records, entries = app.app.query_one(RecordsTable), app.app.query_one(CachesTable)
    dev = BranchScope.of("dev")
    everything = len(records.shown_rows)
    await app.press("f")
    await app.see("Branch scope of every view")
    await app.type("dev")
    await app.press("enter")
    await app.see(" · dev ", r"^.*- dev ")
    await app.see_no("- main ", "- topic ")
    assert {row.entry.branch for row in entries.shown_rows if row.entry} == {dev}
    await app.press("2")
    async with asyncio.timeout(PATIENCE):
        while len(records.shown_rows) in (0, everything):
            await app.pilot.pause(0.02)
    assert all(dev in row.scoped.branches for row in records.shown_rows)
    await app.see(r"\[compile 1/2\] CO", " · dev ")
    await _see_what_dev_restores(app)


async def _see_what_dev_restores(app: Bench) -> None:
    await app.press("3", "left_square_bracket")
    await app.see(
        r"BuildKit · app · on dev .* hit · looks on dev, then main\n.*index-app-1-\w{8}#1 .* dev .* hit$",
        r"BuildKit · app · on main .* hit .*\n.*index-app-1-\w{8}#1 .* main .* hit$",
        r"BuildKit · tools · on dev .* miss ",
    )


async def _delete_a_branch(app: Bench, scratch: Scratch) -> None:
    before = scratch.refs()
    planned = {number for number, ref in before.items() if ref == "refs/heads/topic"}
    assert planned
    await app.press("3")
    await app.see("- topic ", "GitHub counts", "app · 2 generations")
    rows = app.app.query_one(CachesTable)
    for _ in range(rows.shown):
        if rows.cursor_row and rows.cursor_row.name == "topic":
            break
        await app.press("down")
    await app.press("space", "d")
    screen = await app.see(f"{len(planned)} entries, ", "read again before it is deleted")
    assert {int(number) for number in re.findall(r"[\d,]+ +(\d+) +(?:main|dev|topic) ", screen)} == planned
    await app.press("tab", "enter")
    await app.see(f"Deleted {len(planned)} entries, .* as", "planned")
    await app.see_no("- topic ")
    assert scratch.refs() == {number: ref for number, ref in before.items() if number not in planned}
