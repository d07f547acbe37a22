"""Names that are no UTF-8: of the project, its files, branch, tag and remote."""

import json
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from dockcache_tui.lab.engine import Engine
from nobody import git

BINARY = str(Path(sys.executable).with_name("dockcache-tui"))
ODD = "\udcff"
"""How Python reads a byte that no UTF-8 has."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository whose folder, files, branch, tag and remote all have a byte in their names that no UTF-8 has."""
    folder = tmp_path / f"project-{ODD}"
    folder.mkdir()
    git(folder, b"init", b"--quiet", b"--initial-branch=branch-\xff")
    below = folder / "app"
    below.mkdir()
    (below / "Dockerfile").write_text(f"FROM busybox\nCOPY . /in\nRUN echo {uuid4().hex}\n")
    for name in (folder / f"file-{ODD}", below / f"file-{ODD}"):
        name.write_text("text")
    (below / f"link-{ODD}").symlink_to(f"nowhere-{ODD}")
    git(folder, b"add", b"--all")
    git(folder, b"commit", b"--quiet", b"--message=M\xff")
    git(folder, b"tag", b"tag-\xff")
    git(folder, b"remote", b"add", b"remote", b"https://github.com/octo/\xff.git")
    return folder


def ours(*words: str, folder: Path | None = None) -> "subprocess.CompletedProcess[bytes]":
    """Run a command of ours."""
    return subprocess.run((BINARY, *words), cwd=folder, capture_output=True, timeout=120, check=False)


def unicode_json(done: "subprocess.CompletedProcess[bytes]") -> dict[str, object]:
    """Return the document that a command printed, which any reader can read and write again."""
    assert done.returncode == 0, done.stderr
    document: dict[str, object] = json.loads(done.stdout.decode("ascii"))
    json.dumps(document, ensure_ascii=False).encode()
    return document


@pytest.fixture
def apart(at_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the journal and the logs of defects in folders of the test's own; returns that of the logs."""
    assert at_engine.variables
    monkeypatch.setenv("DOCKCACHE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


def test_builds_of_any_name(project: Path, container_builder: str, apart: Path) -> None:
    """A build is kept, repeated with its odd argument, listed, and its branch's records are found; JSON is Unicode."""
    below = project / "app"
    builder = ("--builder", container_builder)
    unicode_json(ours("rebuild", str(below), *builder, "--build-arg", f"UNUSED={ODD}", "--json"))
    again = unicode_json(ours("rebuild", "--json", folder=below))
    assert again["reuse"] == 1.0
    assert again["branch"] == r"refs/heads/branch-\xff"
    built = unicode_json(ours("builds", "--json", folder=below))["items"]
    assert isinstance(built, list)
    assert [one["branch"] for one in built] == [r"refs/heads/branch-\xff"] * 2
    records = unicode_json(ours("records", *builder, "--branch", f"branch-{ODD}", "--json"))["items"]
    assert records
    for words in (("builds",), ("builds", "--csv"), ("records", *builder), ("records", *builder, "--csv")):
        done = ours(*words, folder=below)
        assert done.returncode == 0, done.stderr
        assert rb"branch-\udcff" in done.stdout
    assert ours("rebuild", str(below), *builder, "--target", ODD).returncode == 1
    assert not [*apart.rglob("error-*")]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("caches", "--json"), 2),
        (("artifacts", "--json"), 2),
        (("caches", "--repo", "octo/\udcff"), 2),
        (("caches", "--org", "\udcff"), 2),
        (("artifacts", "--repo", "\udcff/app"), 2),
        (("archive", "show", "file-\udcff"), 1),
        (("archive", "tree", "file-\udcff", "--json"), 1),
        (("archive", "cat", "file-\udcff", "\udcff"), 1),
        (("archive", "diff", "file-\udcff", "none-\udcff", "--json"), 1),
        (("archive", "builds", "file-\udcff", "--json"), 1),
        (("records", "--builder", "\udcff"), 3),
        (("records", "prune", "--builder", "\udcff", "--filter", "\udcff"), 3),
        (("rebuild", "none-\udcff"), 2),
        (("rebuild", "app", "--builder", "\udcff"), 3),
        (("rebuild", "app", "-f", "none-\udcff"), 3),
        (("builds", "--builder", "\udcff"), 3),
        (("lab", "run", "--experiment", "\udcff"), 2),
        (("demo", "\udcff"), 2),
        (("service", "env", "--ref", "\udcff"), 3),
        (("\udcff",), 2),
        ((), 2),
    ],
)
@pytest.mark.usefixtures("container_builder")
def test_every_command_takes_any_word(project: Path, apart: Path, words: tuple[str, ...], code: int) -> None:
    """A word that is no UTF-8 is answered in words that are, and is no defect of ours."""
    done = ours(*words, folder=project)
    done.stdout.decode()
    told = done.stderr.decode()
    assert "fault of dockcache-tui" not in told
    assert done.returncode == code, told
    assert not [*apart.rglob("error-*")]


@pytest.mark.usefixtures("apart")
def test_a_folder_that_buildx_refuses(project: Path, container_builder: str) -> None:
    """A folder whose own name is not ASCII is refused by buildx: that is told, with a way out."""
    done = ours("rebuild", str(project), "-f", "app/Dockerfile", "--builder", container_builder)
    assert done.returncode == 3
    assert b"buildx can't build in this folder" in done.stderr
    assert b"Rename" in done.stderr
