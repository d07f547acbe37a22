"""`explain` of builds that something else started, and of build records of another machine."""

import subprocess
from pathlib import Path
from uuid import uuid4

import pytest

from dockcache_tui.cli.main import run
from nobody import git


def build(folder: Path, builder: str) -> None:
    """Commit all and build, as somebody does who knows nothing of us."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "-m", "it")
    docker("build", "--builder", builder, "--output", "type=cacheonly", str(folder))


def docker(*words: str) -> None:
    """Run a command of buildx."""
    subprocess.run(("docker", "buildx", *words), check=True, capture_output=True, timeout=120)


@pytest.mark.usefixtures("at_engine")
def test_builds_of_others(
    remote_builder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file that changed between two commits is named, of builds on the builder and of their records elsewhere."""
    monkeypatch.setenv("DOCKCACHE_DATA", str(tmp_path / "data"))
    folder = tmp_path / "project"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "a.txt").write_text(uuid4().hex)
    (folder / "Dockerfile").write_text("FROM busybox\nCOPY src /src\nRUN cat /src/a.txt\n")
    git(folder, "init", "--quiet")
    git(folder, "remote", "add", "origin", "https://github.com/acme/web.git")
    build(folder, remote_builder)
    (folder / "src" / "a.txt").write_text(uuid4().hex)
    build(folder, remote_builder)
    monkeypatch.chdir(folder)
    assert run(["explain", "last", "--builder", remote_builder]) == 0
    told = capsys.readouterr().out
    assert "of acme/web on branch main by the builder" in told
    assert "\n    src/a.txt changed.\n" in told
    path = tmp_path / "both.dockerbuild"
    docker("history", "export", "--builder", remote_builder, "--finalize", "--output", str(path), "^0", "^1")
    (folder / "src" / "b.txt").write_text(uuid4().hex)
    assert run(["rebuild", "--builder", remote_builder]) == 0
    told = capsys.readouterr().out
    assert "No earlier build" not in told
    assert "Files that git does not keep, or that were changed and not committed, are not known." in told
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(folder), "clone")
    git(clone, "remote", "set-url", "origin", "https://github.com/acme/web.git")
    monkeypatch.chdir(clone)
    monkeypatch.setenv("BUILDX_CONFIG", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("DOCKCACHE_DATA", str(tmp_path / "data elsewhere"))
    assert run(["explain", str(path)]) == 0
    second, first = capsys.readouterr().out.split("\n\nBuild ")
    assert "\n    src/a.txt changed.\n" in second
    assert "\n    No earlier build of this project is known." in first
    assert "of acme/web on branch main" in second


@pytest.mark.usefixtures("at_engine")
def test_builds_that_failed(
    remote_builder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file that changed is named of a build that failed; a step that failed before has no result yet."""
    monkeypatch.setenv("DOCKCACHE_DATA", str(tmp_path / "data"))
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "a.txt").write_text("good")
    mark = uuid4().hex
    once = f"RUN --mount=type=cache,target=/c,id={mark} test -e /c/{mark} || ! touch /c/{mark}"
    (folder / "Dockerfile").write_text(f"FROM busybox\nCOPY a.txt /\n{once}\nRUN grep good /a.txt\nRUN true\n")

    def told(code: int) -> str:
        assert run(["rebuild", str(folder), "--builder", remote_builder]) == code
        return capsys.readouterr().out.partition("\n\n")[2]

    assert "No earlier build of this project is known." in told(1)
    assert "\n    It has no result yet: it failed in the earlier build.\n" in told(0)
    for text, code in ((f"bad {mark}", 1), (f"good again {mark}", 0)):
        (folder / "a.txt").write_text(text)
        assert "\n    a.txt changed.\n" in told(code)
