"""The journal in the app: where it can't be used the app goes on, and a recording never touches it."""

import os
from pathlib import Path

import pytest

from dockcache_tui.lab.recorded import RecordedWorkspace, shipped
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.journal import Journal
from dockcache_tui.sources.workspace import ProjectWorkspace
from dockcache_tui.ui.app import DockcacheApp
from ui.bench import bench
from ui.house import House


async def test_one_notice_without_a_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The app opens on a folder that takes no journal, says so once, and shows everything else."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("DOCKCACHE_DATA", str(tmp_path / "file" / "data"))
    workspace = ProjectWorkspace(tmp_path, Docker({"PATH": str(tmp_path)}), Journal())
    notice = workspace.notice
    workspace.close()
    assert notice.startswith("Builds are not kept: ")
    async with bench(House(notice=notice)) as app:
        await app.see("The journal", "Builds are not kept", "no cache yet")
        await app.press("r", "5")
        assert (await app.see("No build yet", "The journal")).count("The journal") == 1


async def test_a_recording_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a recording no key makes a journal or any other file, and the lab says that it can't run."""
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("DOCKCACHE_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    app = DockcacheApp(RecordedWorkspace(shipped()))
    async with app.run_test(size=(120, 40)) as pilot:
        for key in ("1", "L", "2", "3", "4", "5", "r", "1", "f", "escape"):
            await pilot.press(key)
            await pilot.pause(0.1)
        app.lab.threads.start(resumes=False)
        await pilot.pause(0.3)
        assert not app.lab.threads.runs
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - which pathlib may not in a coroutine
