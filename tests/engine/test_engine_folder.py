"""A private engine's folder: what it takes and what it refuses. No engine needed."""

import subprocess
import sys
from pathlib import Path

import pytest

from dockcache_tui.core.errors import UsageError
from dockcache_tui.lab.engine import EngineError, at, plan, provision, remove
from dockcache_tui.lab.engine.home import claim
from dockcache_tui.lab.engine.process import Daemon, run


def test_remove_refuses_a_folder_that_is_not_ours(tmp_path: Path) -> None:
    """A folder without our marker stays as it is."""
    (tmp_path / "precious").write_text("keep")
    with pytest.raises(UsageError, match="not a private engine"):
        remove(tmp_path)
    assert (tmp_path / "precious").read_text() == "keep"


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose path is short enough for sockets."""
    return tmp_path_factory.mktemp("f")


def test_an_engine_barely_begun_can_be_removed(folder: Path) -> None:
    """A folder claimed by a run that was killed at once goes away."""
    claim(folder / "e")
    remove(folder / "e")
    assert not (folder / "e").exists()


def test_provision_refuses_a_folder_with_other_things_in_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written beside files of somebody else."""
    monkeypatch.setattr("dockcache_tui.lab.engine.lifecycle.support", lambda: None)
    (folder / "precious").touch()
    with pytest.raises(UsageError, match="holds something else"):
        provision(folder, pytest.fail)
    assert [path.name for path in folder.iterdir()] == ["precious"]


def test_provision_refuses_a_path_too_long_for_sockets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason comes before anything is fetched."""
    monkeypatch.setattr("dockcache_tui.lab.engine.lifecycle.support", lambda: None)
    with pytest.raises(UsageError, match="too long"):
        provision(tmp_path / ("x" * 90), pytest.fail)


def test_provision_says_why_it_can_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who is not root is told so, with a way out, and no folder is made."""
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(EngineError) as caught:
        provision(tmp_path / "home", pytest.fail)
    assert caught.value.hint
    assert not (tmp_path / "home").exists()


def test_the_plan_names_the_folder_and_what_is_fetched(tmp_path: Path) -> None:
    """Who reads the plan knows the folder, the packages, the images and the Go module."""
    text = "\n".join(plan(tmp_path, builders=True))
    for part in (str(tmp_path), "docker.io", "golang:1.26", "BuildKit"):
        assert part in text
    assert "BuildKit" not in "\n".join(plan(tmp_path))


def test_two_homes_share_no_socket_and_no_name(tmp_path: Path) -> None:
    """Engines in two folders do not meet."""
    one, other = at(tmp_path / "one"), at(tmp_path / "other")
    assert one.tag != other.tag
    assert one.environment["DOCKER_HOST"] != other.environment["DOCKER_HOST"]


def test_a_failed_command_says_what_it_was_told() -> None:
    """The error holds the command's own last words."""
    with pytest.raises(EngineError, match="no such thing"):
        run(("sh", "-c", "echo no such thing >&2; exit 3"))


def test_a_daemon_that_ends_at_once_shows_its_log(tmp_path: Path) -> None:
    """The end of the log is in the error, and no process id is left behind."""
    daemon = Daemon("brief", ("sh", "-c", "echo out of cheese"), tmp_path)
    with pytest.raises(EngineError, match="out of cheese"):
        daemon.start({}, lambda: False, patience=60)
    assert not daemon.pid_file.exists()


def test_a_process_id_of_another_program_is_left_alone(tmp_path: Path) -> None:
    """A stale file that names a stranger's process ends nobody."""
    daemon = Daemon("stale", ("sleep", "31"), tmp_path)
    with subprocess.Popen((sys.executable, "-c", "input()"), stdin=subprocess.PIPE) as stranger:
        daemon.pid_file.write_text(str(stranger.pid))
        daemon.stop()
        assert stranger.poll() is None
        stranger.communicate(b"\n", timeout=60)


def test_a_daemon_outlives_its_starter_and_stops_when_told(tmp_path: Path) -> None:
    """A started daemon is found by its file, and gone after stop."""
    daemon = Daemon("sleeper", ("sleep", "3600"), tmp_path)
    daemon.start({"PATH": "/usr/bin:/bin"}, lambda: daemon.pid() is not None)
    assert daemon.pid() is not None
    daemon.stop()
    assert daemon.pid() is None
