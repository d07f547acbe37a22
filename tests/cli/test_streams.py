"""Closed, full and redirected streams: the work goes on, and no fault of ours is told."""

import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from dockcache_tui.core.builds.build import BuildStatus
from dockcache_tui.lab.engine import Engine
from dockcache_tui.sources.journal import Journal

BINARY = str(Path(sys.executable).with_name("dockcache-tui"))


def shell(script: str, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run a command of ours with the streams that a script gives it."""
    return subprocess.run(
        ("bash", "-c", script, BINARY, *words), capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize(
    ("streams", "code"),
    [
        ("", 0),
        (">&-", 0),
        ("2>&-", 0),
        ("<&-", 0),
        ("<&- >&- 2>&-", 0),
        (">/dev/full", 1),
        ("2>/dev/full", 0),
        (">/dev/full 2>/dev/full", 1),
        (">&- 2>/dev/full", 0),
        ("| true; exit ${PIPESTATUS[0]}", 1),
        ("2> >(true)", 0),
    ],
)
def test_no_stream_ends_a_build(
    at_engine: Engine, container_builder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, streams: str, code: int
) -> None:
    """The build is built to its end and kept; only a stdout that can't be written fails, in words and without a log."""
    assert at_engine.variables
    data, state = tmp_path / "data", tmp_path / "state"
    monkeypatch.setenv("DOCKCACHE_DATA", str(data))
    monkeypatch.setenv("XDG_STATE_HOME", str(state))
    project = tmp_path / "project"
    project.mkdir()
    (project / "Dockerfile").write_text(f"FROM busybox\nRUN sleep 1 && echo {uuid4().hex}\nRUN true\n")
    done = shell(f'"$0" "$@" {streams}', "rebuild", str(project), "--builder", container_builder)
    assert done.returncode == code, done.stderr
    journal = Journal(data)
    (build,) = journal.builds(str(project))
    journal.close()
    assert build.status is BuildStatus.SUCCEEDED
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert "fault of dockcache-tui" not in done.stderr
    assert not [*state.rglob("error-*")]


@pytest.mark.parametrize("words", ["version", "--help", "rebuild --help"])
def test_a_full_stdout_is_told(words: str) -> None:
    """What can't be printed is told on stderr as such, once."""
    done = shell('"$0" "$@" >/dev/full', *words.split())
    assert done.returncode == 1
    assert done.stderr.count("No space left on device") == 1
    assert "fault" not in done.stderr


@pytest.mark.parametrize("words", ["--nonsense", "rebuild /nonsense"])
def test_an_error_that_nobody_can_read_keeps_its_exit_code(words: str) -> None:
    """Where stderr is closed or full the exit code still tells what happened."""
    for streams in ("2>&-", "2>/dev/full"):
        assert shell(f'"$0" "$@" {streams}', *words.split()).returncode == 2


@pytest.mark.parametrize("streams", ["</dev/null", "| cat; exit ${PIPESTATUS[0]}", "<&-", ">&-"])
def test_the_app_needs_a_terminal(tmp_path: Path, streams: str) -> None:
    """Without a terminal the app refuses in words instead of drawing where nobody looks."""
    done = shell(f'"$0" "$@" {streams}', str(tmp_path))
    assert done.returncode == 2
    assert "needs a terminal" in done.stderr
    assert "--help" in done.stderr
