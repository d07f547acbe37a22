"""Pruning by branch and project on a real builder that two projects share."""

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from dockcache_tui.cli.main import run
from dockcache_tui.core.records.prune import KeepReason
from dockcache_tui.lab.engine import Engine
from nobody import git

Prune = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def projects(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, remote_builder: str) -> list[Path]:
    """Two repositories, both on the branch `same`, each built by us with a RUN of its own on one base."""
    for name, value in {**engine.environment, "DOCKCACHE_DATA": str(tmp_path / "data")}.items():
        monkeypatch.setenv(name, value)
    folders = [tmp_path / name for name in ("web", "api")]
    for folder in folders:
        folder.mkdir()
        (folder / "Dockerfile").write_text(f"FROM busybox\nRUN echo own-{folder.name}-{uuid4().hex}\n")
        for words in (("init", "-q", "-b", "same"), ("add", "."), ("commit", "-q", "-m", "one")):
            git(folder, *words)
        assert run(["rebuild", str(folder), "--builder", remote_builder]) == 0
    return folders


@pytest.fixture
def prune(projects: list[Path], remote_builder: str, capfd: pytest.CaptureFixture[str]) -> Prune:
    """Run `records prune WORDS --json` on what the two projects have: its exit code and what each record comes to."""
    assert projects
    capfd.readouterr()

    def call(*words: str) -> tuple[int, dict[str, Any]]:
        code = run(["records", "prune", *words, "--builder", remote_builder, "--json"])
        said = capfd.readouterr()
        return code, {item["description"]: item for item in json.loads(said.out)["items"]} if said.out else {}

    return call


def named(items: dict[str, Any], mark: str) -> dict[str, Any]:
    """Return the one item whose description holds a mark."""
    (found,) = (item for description, item in items.items() if mark in description)
    return dict(found)


def test_only_what_the_owner_alone_has_goes(
    projects: list[Path], prune: Prune, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A branch means that of the current folder's project; what another project owns too stays and names its owners."""
    monkeypatch.chdir(projects[0])
    code, plan = prune("--branch", "same")
    assert (code, named(plan, "own-web")["action"]) == (0, "prune")
    assert not [description for description in plan if "own-api" in description]
    base = next(item for item in plan.values() if item["reason"] == KeepReason.OTHERS)
    assert {str(folder) for folder in projects} <= {owner["project"] for owner in base["owners"]}
    code, done = prune("--branch", "same", "--yes")
    assert (code, named(done, "own-web")["outcome"]) == (0, "freed")
    assert named(plan, "own-web")["description"] not in prune("--filter", "size>0")[1]
    code, other = prune("--project", str(projects[1]), "--branch", "same")
    assert (code, named(other, "own-api")["action"]) == (0, "prune")


def test_what_is_shared_goes_when_asked_for(
    projects: list[Path], prune: Prune, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With --shared the plan marks what others own too; without a branch or project it is no option."""
    monkeypatch.chdir(projects[0])
    _, plan = prune("--branch", "same", "--shared")
    assert KeepReason.OTHERS not in {item["reason"] for item in plan.values()}
    assert prune("--filter", "size>0", "--shared") == (2, {})


def test_whose_branch_is_asked_outside_a_project(prune: Prune, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that several projects have, a project that owns nothing, and a branch of none are usage errors."""
    monkeypatch.chdir(tmp_path)
    assert prune("--branch", "same") == (2, {})
    assert prune("--project", "no/such", "--yes") == (2, {})
    assert prune("--project", str(tmp_path / "web"), "--branch", "nosuch", "--yes") == (2, {})


def test_a_project_is_named_by_any_path_of_its_folder(
    projects: list[Path], prune: Prune, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative path, one that ends in a slash and a link mean the folder; a folder within it does not."""
    monkeypatch.chdir(projects[0])
    (tmp_path / "link").symlink_to(projects[0])
    (projects[0] / "sub").mkdir()
    for path in (".", "../web/", f"{projects[0]}/", str(tmp_path / "link")):
        code, plan = prune("--project", path)
        assert (code, named(plan, "own-web")["action"]) == (0, "prune")
        assert not [description for description in plan if "own-api" in description]
    assert prune("--project", "sub") == (2, {})


def test_no_more_is_promised_than_would_go(
    projects: list[Path], remote_builder: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Of what others built on a shared base, which this prune never takes, nothing is said."""
    monkeypatch.chdir(projects[0])
    assert run(["records", "prune", "--branch", "same", "--builder", remote_builder]) == 0
    assert "built on them" not in capfd.readouterr().err
    none = ("--filter", f"desc:{uuid4().hex}")
    assert run(["records", "prune", "--branch", "same", *none, "--yes", "--builder", remote_builder]) == 0
    assert "No record passes the filter." in capfd.readouterr().err


@pytest.mark.parametrize("driver", ["remote_builder", "two_node_builder"])
def test_what_others_build_is_of_the_branch_of_its_time(
    request: pytest.FixtureRequest,
    projects: list[Path],
    engine: Engine,
    driver: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """A plain `docker buildx build` is of the branch that was checked out in its folder then, on each node."""
    builder, web = request.getfixturevalue(driver), projects[0]
    monkeypatch.chdir(web)
    git(web, "checkout", "-q", "-b", "topic")
    (web / "Dockerfile").write_text(f"FROM busybox\nRUN echo topic-{(mark := uuid4().hex)}; sleep 2\n")
    platforms = ("--platform", "linux/amd64,linux/arm64") if driver == "two_node_builder" else ()
    words = ("docker", "buildx", "build", "--quiet", "--builder", builder, *platforms, ".")
    time.sleep(6)  # until no build before it can be the nearest in time
    subprocess.run(words, check=True, env=engine.variables, capture_output=True)
    git(web, "checkout", "-q", "-b", "hotfix")
    capfd.readouterr()
    assert run(["records", "--builder", builder, "--filter", f"desc:{mark}", "--json"]) == 0
    items = json.loads(capfd.readouterr().out)["items"]
    assert len({item["node"] for item in items}) == len(items) == (2 if platforms else 1)
    assert [(item["branches"], item["project"]) for item in items] == [(["refs/heads/topic"], str(web))] * len(items)
    assert run(["builds", "--builder", builder, "--json"]) == 0
    newest = max(json.loads(capfd.readouterr().out)["items"], key=lambda item: item["started_at"])
    assert (newest["branch"], newest["project"]) == ("refs/heads/topic", str(web))
