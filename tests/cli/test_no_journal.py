"""Where the journal can't be written: every command goes on without, and says so once."""

import json
import sqlite3
from pathlib import Path
from uuid import uuid4

import pytest

from disks import Disk
from dockcache_tui.cli.main import run
from dockcache_tui.lab.engine import Engine


@pytest.fixture(params=["full disk", "newer version", "no folder"])
def unusable(request: pytest.FixtureRequest, small_disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place for the journal that takes none."""
    place = small_disk.folder / "data"
    if request.param == "full disk":
        small_disk.fill()
    elif request.param == "newer version":
        place = tmp_path / "newer"
        place.mkdir()
        with sqlite3.connect(place / "journal.sqlite3") as file:
            file.execute("PRAGMA user_version = 99")
    else:
        place = tmp_path / "file" / "data"
        place.parent.touch()
    monkeypatch.setenv("DOCKCACHE_DATA", str(place))
    return place


def test_commands_go_on_without_a_journal(
    unusable: Path,  # noqa: ARG001
    at_engine: Engine,  # noqa: ARG001
    container_builder: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A build is built, and records, builds and a plan of pruning are told, each with one notice."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "Dockerfile").write_text(f"FROM busybox\nRUN echo {uuid4().hex}\n")
    builder = ("--builder", container_builder)
    for words in (
        ["rebuild", str(project), *builder, "--json"],
        ["records", *builder, "--json"],
        ["records", "gone", *builder, "--json"],
        ["records", "prune", *builder, "--filter", "size>0", "--json"],
        ["builds", *builder, "--json"],
        ["builds", "--json"],
    ):
        assert run(words) == 0, words
        told = capsys.readouterr()
        assert json.loads(told.out)["schema"] == 1
        assert told.err.count("Builds are not kept: ") == 1, words


def test_a_full_temporary_folder_is_told(
    small_disk: Disk,
    at_engine: Engine,  # noqa: ARG001
    container_builder: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Where not even a private folder can be made the command says which disk is full, and reports no defect."""
    small_disk.seal()
    monkeypatch.setattr("tempfile.tempdir", str(small_disk.folder))
    assert run(["records", "--builder", container_builder]) == 1
    told = capsys.readouterr().err
    assert f"No room to write: {small_disk.folder}" in told
    assert "TMPDIR" in told
    assert "fault of dockcache-tui" not in told
