"""Takes the README's pictures: the real app, on a real builder, building the sample for real."""

import asyncio
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

from textual.pilot import Pilot

from dockcache_tui.core.builds.build import BuildStatus
from dockcache_tui.lab import engine as lab
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.journal import Journal
from dockcache_tui.sources.journal.lab_runs import LabRuns
from dockcache_tui.sources.workspace import ProjectWorkspace
from dockcache_tui.ui.app import DockcacheApp
from dockcache_tui.ui.archives.files_table import FilesTable

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "screenshots"
BUILDER = "dockcache-pictures"
_COMMAND = str(Path(sys.executable).with_name("dockcache-tui"))
_SCRATCH = re.compile(rf"{re.escape(gettempdir())}/\w{{1,11}}")
"""The temporary folder of the pictures, which may be cut."""
_NAMED = "/home/dev/source"
"""What stands for it, of the same width where temporary folders are in their usual place."""
PATIENCE = 300
"""Seconds a screen may take to come up, on a busy machine."""


def main() -> None:
    """Borrow the engine, build in a scratch repository, and write the pictures."""
    measured = _measured()
    with lab.borrow(lab.default_home(), lab.narrate, builders=True) as engine, TemporaryDirectory() as folder:
        remote = lab.Remote(engine, BUILDER)
        try:
            remote.start()
            os.environ |= engine.environment
            project = _project(Path(folder))
            workspace = ProjectWorkspace(project, Docker(engine.variables), Journal(Path(folder, "data")))
            for size in ((120, 40), (80, 24)):
                asyncio.run(_tour(workspace, project, size))
                _git(project, "checkout", "-q", "--force", "main")
            with _service(Path(folder)) as service:
                for branch in ("main", "shout"):
                    _export(engine, project, branch, service)
                os.environ |= _job(service, "main")
                for size in ((120, 40), (80, 24)):
                    asyncio.run(_caches(workspace, size))
                for branch in ("main", "shout"):
                    _save(engine, project, branch)
                for size in ((120, 40), (80, 24)):
                    asyncio.run(_archives(workspace, size))
                if measured:
                    for size in ((120, 40), (80, 24)):
                        asyncio.run(_lab(workspace, size))
                else:
                    lab.narrate("No picture of the lab: `dockcache-tui lab run` has not run here.")
            workspace.close()
        finally:
            remote.remove()


def _measured() -> bool:
    """Tell whether the journal of this machine has a run of the lab."""
    runs = LabRuns()
    try:
        return any(run.jobs for run in runs.runs())
    finally:
        runs.close()


def _project(folder: Path) -> Path:
    project = folder / "speech"
    shutil.copytree(ROOT / "app", project)
    _git(project, "init", "-q", "-b", "main")
    _git(project, "add", "-A")
    _git(project, "commit", "-q", "-m", "Say something")
    return project


def _git(project: Path, *words: str) -> None:
    ours = ("-c", "user.name=dockcache", "-c", "user.email=dockcache@example.com")
    subprocess.run(("git", "-C", str(project), *ours, *words), check=True)


async def _tour(workspace: ProjectWorkspace, project: Path, size: tuple[int, int]) -> None:
    app = DockcacheApp(workspace, builder=BUILDER)
    async with app.run_test(size=size) as pilot:
        await _until(pilot, lambda: app.known.reading is not None)
        await _build(app, pilot)
        await _build(app, pilot)
        _take(app, "rebuild", size)
        _git(project, "checkout", "-q", "-B", "shout")
        main_go = project / "main.go"
        main_go.write_text(main_go.read_text().replace("nothing to build", f"something new at {size[0]}"))
        await _build(app, pilot)
        _take(app, "edit", size)
        await _steps(pilot, "e")
        _take(app, "why", size)
        await _steps(pilot, "escape")
        await pilot.press("2")
        app.action_refresh()
        await _until(pilot, lambda: bool(app.known.reading and any(one.branches for one in app.known.reading.records)))
        await _steps(pilot, "r", "g", "j", "j", "j", "j", "j")
        _take(app, "builder", size)
        await _steps(pilot, "slash", *"size>1kb ", "enter")
        _take(app, "filter", size)
        await _steps(pilot, "escape", "G", "space", "k", "space", "d")
        _take(app, "prune", size)
        await _steps(pilot, "escape", "escape", "escape", "f")
        _take(app, "branch", size)
        await _steps(pilot, "escape", "1")
        _take(app, "overview", size)
        await _steps(pilot, "5")
        _take(app, "builds", size)


@contextmanager
def _service(folder: Path) -> Iterator[Path]:
    """Run the local Actions service for a while; yields its data folder."""
    data = folder / "service"
    words = (_COMMAND, "service", "--port", "0", "--data", str(data), "--repo", "acme/speech")
    with subprocess.Popen(words, cwd=folder / "speech", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            if process.stdout:
                process.stdout.readline()
            yield data
        finally:
            process.terminate()


def _job(data: Path, branch: str) -> dict[str, str]:
    """Return the environment of a job on a branch."""
    words = (_COMMAND, "service", "env", "--ref", f"refs/heads/{branch}", "--default", "refs/heads/main")
    lines = subprocess.run(
        (*words, "--data", str(data)), check=True, capture_output=True, text=True
    ).stdout.splitlines()
    return dict(shlex.split(line)[1].split("=", 1) for line in lines)


def _export(engine: lab.Engine, project: Path, branch: str, data: Path) -> None:
    _git(project, "checkout", "-q", "--force", "-B", branch)
    if branch != "main":
        (project / "main.go").write_text((project / "main.go").read_text().replace("nothing to build", "all new"))
    cache = "type=gha,scope=speech"
    words = ("docker", "buildx", "build", "--quiet", "--builder", BUILDER, "--output", "type=cacheonly")
    for _ in range(2):
        subprocess.run(
            (*words, "--cache-to", f"{cache},mode=max", "--cache-from", cache, str(project)),
            env={**engine.variables, **_job(data, branch)},
            check=True,
        )


async def _caches(workspace: ProjectWorkspace, size: tuple[int, int]) -> None:
    app = DockcacheApp(workspace, builder=BUILDER)
    async with app.run_test(size=size) as pilot:
        await _until(pilot, lambda: app.known.reading is not None)
        await _steps(pilot, "3")
        await _until(pilot, lambda: app.known.caches is not None and not app.known.caches.snapshot.partial)
        await _steps(pilot, "j", "j")
        _take(app, "actions", size)
        await _steps(pilot, "right_square_bracket")
        _take(app, "forecast", size)
        await _steps(pilot, "f", *"shout", "enter", "right_square_bracket")
        _take(app, "restorable", size)
        await _steps(pilot, "f", *"all branches", "enter", "right_square_bracket", "m")
        await _steps(pilot, *"superseded", "enter", "d")
        _take(app, "clean", size)


def _save(engine: lab.Engine, project: Path, branch: str) -> None:
    """Write the stage that compiles as an archive beside the sources: it has layers and files to look at."""
    _git(project, "checkout", "-q", "--force", branch)
    output = f"type=oci,dest={project / f'{branch}.tar'}"
    words = ("docker", "buildx", "build", "--quiet", "--builder", BUILDER, "--target", "compile", "--output", output)
    subprocess.run((*words, str(project)), env=engine.variables, check=True)


async def _archives(workspace: ProjectWorkspace, size: tuple[int, int]) -> None:
    app = DockcacheApp(workspace, builder=BUILDER)
    async with app.run_test(size=size) as pilot:
        await _until(pilot, lambda: app.known.reading is not None)
        await _steps(pilot, "3")
        await _until(pilot, lambda: app.known.caches is not None and not app.known.caches.snapshot.partial)
        await _steps(pilot, "4", "j")
        _take(app, "archives", size)
        await _steps(pilot, "enter")
        _take(app, "layers", size)
        await _steps(pilot, "enter")
        await _until(pilot, lambda: app.screen.query_one(FilesTable).shown > 1)
        await _steps(pilot, "j", "enter", "j", "j")
        _take(app, "files", size)


async def _lab(workspace: ProjectWorkspace, size: tuple[int, int]) -> None:
    app = DockcacheApp(workspace, builder=BUILDER)
    async with app.run_test(size=size) as pilot:
        await _until(pilot, lambda: app.known.reading is not None)
        await _steps(pilot, "1", "L", *["j"] * 12)
        _take(app, "lab", size)


async def _build(app: DockcacheApp, pilot: Pilot[None]) -> None:
    before = {build.ref for build in app.known.builds}
    await pilot.press("b")
    # One that reuses everything may be over before it is seen to run.
    await _until(pilot, lambda: app.builds.running is None and any(one.ref not in before for one in app.known.builds))
    newest = app.known.builds[0]
    if newest.status is not BuildStatus.SUCCEEDED:
        sys.exit(f"the build {newest.status.value}: {newest.error}")
    await pilot.pause(1.5)


async def _steps(pilot: Pilot[None], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
    await pilot.pause(1.0)


async def _until(pilot: Pilot[None], there: Callable[[], bool]) -> None:
    for _ in range(PATIENCE * 10):
        if there():
            return
        await pilot.pause(0.1)
    sys.exit("the app did not get there")


def _take(app: DockcacheApp, name: str, size: tuple[int, int]) -> None:
    PICTURES.mkdir(exist_ok=True)
    picture = _SCRATCH.sub(lambda one: _NAMED[: len(one[0])], app.export_screenshot(title="dockcache-tui"))
    (PICTURES / f"{name}-{size[0]}x{size[1]}.svg").write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
