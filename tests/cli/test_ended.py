"""Commands that are asked to end."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep
from uuid import uuid4

import pytest

from dockcache_tui.cli.main import run
from dockcache_tui.lab.engine import Engine
from processes import all_gone

BINARY = str(Path(sys.executable).with_name("dockcache-tui"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
@pytest.mark.parametrize(("command", "builds"), [("rebuild", True), ("records", False)])
def test_an_ended_command_leaves_nothing(
    at_engine: Engine,
    container_builder: str,
    tmp_path: Path,
    temporary: Path,
    number: signal.Signals,
    command: str,
    *,
    builds: bool,
) -> None:
    """Ended as soon as its private folder is there, it leaves neither that nor a process, and shows no traceback."""
    assert at_engine.variables
    project = tmp_path / "project"
    project.mkdir()
    (project / "Dockerfile").write_text(f"FROM busybox\nRUN echo {uuid4().hex} && sleep 600\n")
    words = (BINARY, command, *((str(project),) if builds else ()), "--builder", container_builder)
    own = {"TMPDIR": str(temporary), "DOCKCACHE_DATA": str(tmp_path / "data")}
    with subprocess.Popen(words, env=os.environ | own, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        until = monotonic() + 60
        while not any(temporary.iterdir()):
            assert process.poll() is None
            assert monotonic() < until
            sleep(0.001)
        process.send_signal(number)
        said, _ = process.communicate(timeout=60)
    assert process.returncode in {128 + number, 130 if builds else 128 + number}, said
    assert b"Traceback" not in said
    all_gone(temporary)


@pytest.mark.parametrize("odd", ["plain", "with %41 # ? \udcff ü"])
def test_a_temporary_folder_of_any_name(
    at_engine: Engine,
    container_builder: str,
    temporary: Path,
    odd: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Sockets in it are found whatever its name is made of."""
    assert at_engine.variables
    (temporary / odd).mkdir()
    monkeypatch.setenv("DOCKCACHE_DATA", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(temporary / odd))
    assert run(["records", "--builder", container_builder]) == 0


def test_a_temporary_folder_whose_path_is_too_long(
    at_engine: Engine,
    container_builder: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It is told as what it is, with what to do, and no folder is left in it."""
    assert at_engine.variables
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    monkeypatch.setenv("DOCKCACHE_DATA", str(tmp_path / "data"))
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    assert run(["records", "--builder", container_builder]) == 2
    told = capsys.readouterr().err
    assert "The temporary directory's path is too long: " in told
    assert "Set TMPDIR to a shorter one, such as /tmp: 103 bytes are the most." in told
    assert "fault of dockcache-tui" not in told
    assert not [*deep.iterdir()]
