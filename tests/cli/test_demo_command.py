"""The demo: on an engine of its own where there can be one, else on the recording; and away again."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from dockcache_tui.cli import demo as command
from dockcache_tui.cli.main import run
from dockcache_tui.lab import demo as lab
from dockcache_tui.lab import engine as engines
from dockcache_tui.lab.engine.home import claim
from dockcache_tui.lab.recorded import RecordedWorkspace, shipped
from dockcache_tui.sources.protocols import Workspace
from nobody import git


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The demo's part of a cache folder of the test's own, its path short enough for an engine."""
    with TemporaryDirectory() as folder:
        monkeypatch.setenv("XDG_CACHE_HOME", folder)
        yield Path(folder, "dockcache-tui")


def test_without_a_terminal_it_builds_twice_on_a_real_engine(
    engine: engines.Engine, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Two reports of real builds of the sample come out, the second with all reused; its journal knows both."""
    project = lab.sample(tmp_path)
    with (project / "main.go").open("a") as source:
        source.write(f"// {tmp_path}\n")
    before = lab.workspace(engine, project, tmp_path)
    assert not lab.is_built(before)
    before.close()
    assert command.demonstrate(lab.workspace(engine, project, tmp_path)) == 0
    first, again = (line for line in capfd.readouterr().out.splitlines() if line.startswith("succeeded in"))
    assert "100 % reused" not in first
    assert "100 % reused (10 of 10 steps" in again
    after = lab.workspace(engine, project, tmp_path)
    assert len(after.builds()) == 2
    assert lab.is_built(after)
    after.close()


def test_a_build_that_fails_ends_the_demo_with_1(
    engine: engines.Engine, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """When the project can't be built the demo says why, and does not try again."""
    project = lab.sample(tmp_path)
    (project / "main.go").write_text("package broken by hand\n")
    assert command.demonstrate(lab.workspace(engine, project, tmp_path)) == 1
    captured = capfd.readouterr()
    assert "The build failed" in captured.err
    assert captured.out.count("reused (") == 1


def test_without_a_terminal_the_recording_is_replayed(capfd: pytest.CaptureFixture[str]) -> None:
    """The same two reports come from the recording."""
    assert command.demonstrate(RecordedWorkspace(shipped(), built=0, speed=200)) == 0
    captured = capfd.readouterr()
    first, again = (line for line in captured.out.splitlines() if line.startswith("succeeded in"))
    assert "0 % reused (0 of 10 steps" in first
    assert "100 % reused (10 of 10 steps" in again
    assert "[compile 2/2] RUN go build" in captured.err


@pytest.mark.parametrize("words", [(), ("--recorded",)])
def test_where_no_engine_can_be_made_the_recording_opens(
    words: tuple[str, ...], cache: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """On a machine without support, or as asked, the workspace is the recorded one; nothing is written."""
    opened: list[Workspace] = []
    monkeypatch.setattr(engines, "support", lambda: "a private engine needs root")
    monkeypatch.setattr(command, "demonstrate", opened.append)
    assert run(["demo", *words]) == 0
    assert [workspace.recorded for workspace in opened] == [True]
    said = capfd.readouterr().err
    assert ("a private engine needs root" in said) is (not words)
    assert "This is a recording" in said
    assert not cache.exists()


def test_an_engine_that_can_not_be_made_is_told(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """When the engine's folder holds something else the recording opens, and the reason is said."""
    opened: list[Workspace] = []
    monkeypatch.setattr(engines, "support", lambda: None)
    monkeypatch.setattr(command, "demonstrate", opened.append)
    (cache / "engine").mkdir(parents=True)
    (cache / "engine" / "letter").touch()
    assert run(["demo"]) == 0
    assert [workspace.recorded for workspace in opened] == [True]
    said = capfd.readouterr().err
    assert "holds something else" in said
    assert said.index(str(cache / "engine")) < said.index("holds something else")  # what is fetched is said first


def test_remove_takes_away_what_is_the_demos_own(cache: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The engine, the sample and the journal go and are named; what lies beside them stays."""
    demo, engine = cache / "demo", cache / "engine"
    lab.sample(demo)
    (demo / "journal").mkdir()
    (demo / "mine.txt").touch()
    claim(engine)
    assert run(["demo", "--remove"]) == 0
    assert sorted(cache.rglob("*")) == [demo, demo / "mine.txt"]
    said = capfd.readouterr().err
    assert all(f"Removed {path}" in said for path in (engine, demo / "sample", demo / "journal"))
    (demo / "mine.txt").unlink()
    assert run(["demo", "--remove"]) == 0
    assert list(cache.iterdir()) == []
    assert "nothing to remove" in capfd.readouterr().err


def test_remove_refuses_a_folder_that_is_not_ours(cache: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A folder in the engine's place that we did not make is left as it is."""
    (cache / "engine").mkdir(parents=True)
    (cache / "engine" / "letter").touch()
    assert run(["demo", "--remove"]) == 2
    assert [path.name for path in (cache / "engine").iterdir()] == ["letter"]
    assert "not a private engine of ours" in capfd.readouterr().err


def test_remove_leaves_an_engine_that_others_use(cache: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """While another demo or test run uses the engine, nothing is removed."""
    home = cache / "engine"
    claim(home)
    lab.sample(cache / "demo")
    with engines.shared(home, lambda: engines.at(home), lambda _: None):
        assert run(["demo", "--remove"]) == 2
    assert home.exists()
    assert (cache / "demo" / "sample").exists()
    assert "another process uses the engine" in capfd.readouterr().err


def test_the_sample_is_a_repository_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The copy is clean, on main, by nobody's name, whatever git is set to here; edits are kept for the next time."""
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_AUTHOR_NAME", "somebody")
    project = lab.sample(tmp_path)
    monkeypatch.undo()
    assert git(project, "branch", "--show-current") == "main"
    assert git(project, "log", "--format=%an") == "dockcache-tui"
    assert git(project, "status", "--porcelain") == ""
    (project / "main.go").write_text("package edited\n")
    assert lab.sample(tmp_path) == project
    assert (project / "main.go").read_text() == "package edited\n"


def test_only_the_engine_is_reached(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of the user's own docker gets through to the demo's."""
    for name in ("DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "BUILDX_BUILDER", "BUILDKIT_HOST"):
        monkeypatch.setenv(name, "theirs")
    monkeypatch.setenv("DOCKER_HOST", "tcp://theirs")
    engine = engines.at(tmp_path)
    found = lab.environment(engine)
    assert "theirs" not in found.values()
    assert found["DOCKER_HOST"] == engine.environment["DOCKER_HOST"]
    assert "HOME" in found
