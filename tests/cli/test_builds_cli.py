"""`builds`: the journal as a list."""

import csv
import io
import json
import subprocess
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from dockcache_tui.cli.main import run
from dockcache_tui.core.builds.build import Build, BuildStatus
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.scope import BranchScope, Checkout, Project
from dockcache_tui.lab.engine import Engine
from dockcache_tui.sources.journal import Journal
from documented import check_documented
from nobody import git
from sources.journal_samples import BUILT, REUSED, SPEC

SECOND = 10**9
WEB = Project("/p", "acme/web")


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep two builds on main and one on topic in a journal of the test's own."""
    monkeypatch.setenv("DOCKCACHE_DATA", str(tmp_path))
    journal = Journal(tmp_path)
    for number, branch in enumerate(("main", "topic", "main"), 1):
        checkout = Checkout("/p", branch=BranchScope.of(branch), revision=f"rev{number}", project=WEB)
        ref = journal.begin(SPEC, checkout, Instant(number * SECOND))
        build = Build(ref, "", Instant(0), BuildStatus.SUCCEEDED, folder="/p", completed_at=Instant(9 * SECOND))
        journal.finish(ref, replace(build, steps=(BUILT, REUSED)))
        journal.name(ref, (f"ref{number}",), f"builder{number}", "n")
    journal.close()


def listed(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, object]]:
    """Return the items of `builds --json`."""
    assert run(["builds", "--json", *words]) == 0
    found: list[dict[str, object]] = json.loads(capsys.readouterr().out)["items"]
    return found


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Each build has the documented fields, and the totals add up."""
    assert run(["builds", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    check_documented(document, "json-builds.md#builds")
    assert document["items"][0] == {
        "ref": "ref3",
        "builder": "builder3",
        "branch": "refs/heads/main",
        "revision": "rev3",
        "started_at": "1970-01-01T00:00:03Z",
        "completed_at": "1970-01-01T00:00:09Z",
        "status": "succeeded",
        "steps": 2,
        "reused": 1,
        "cacheable": 2,
        "cached": 1,
        "reuse": 0.5,
        "duration": 6.0,
        "project": "acme/web",
        "branch_candidates": [],
    }
    assert document["totals"] == {"count": 3, "succeeded": 3, "reused": 3, "cacheable": 6}


def test_branch_filter_and_order(capsys: pytest.CaptureFixture[str]) -> None:
    """Branch, filter and order narrow and turn the list."""
    assert [build["ref"] for build in listed(capsys, "--branch", "main")] == ["ref3", "ref1"]
    assert [build["ref"] for build in listed(capsys, "--filter", "branch:topic")] == ["ref2"]
    assert [build["ref"] for build in listed(capsys, "--sort", "duration")] == ["ref3", "ref2", "ref1"]


def test_restorable(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --restorable a branch shows the default branch's builds too, and never a sibling's; alone it is refused."""
    for words in (("init", "-q", "--initial-branch=main"), ("commit", "-q", "--allow-empty", "-m", "one")):
        git(tmp_path, *words)
    monkeypatch.chdir(tmp_path)
    assert [build["ref"] for build in listed(capsys, "--branch", "topic", "--restorable")] == ["ref3", "ref2", "ref1"]
    assert [build["ref"] for build in listed(capsys, "--branch", "main", "--restorable")] == ["ref3", "ref1"]
    assert run(["builds", "--restorable"]) == 2
    assert "Name one with --branch" in capsys.readouterr().err


def test_csv(capsys: pytest.CaptureFixture[str]) -> None:
    """CSV has the fields of the JSON."""
    assert run(["builds", "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["ref"] for row in rows] == ["ref3", "ref2", "ref1"]


def test_table(capsys: pytest.CaptureFixture[str]) -> None:
    """People read short branches and shares."""
    assert run(["builds"]) == 0
    printed = capsys.readouterr()
    assert "ref2" in printed.out
    assert " 50 %" in printed.out
    assert "refs/heads" not in printed.out
    assert "3 builds" in printed.err


def test_a_builders_builds_are_of_the_branch_of_their_revision(
    at_engine: Engine,
    docker_builder: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A build that docker started is of the branch that its revision is on in the repository we are in."""
    branch = f"topic-{uuid4().hex[:8]}"
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    for words in (("init", "-q", f"--initial-branch={branch}"), ("add", "."), ("commit", "-q", "-m", "one")):
        git(tmp_path, *words)
    build = ("docker", "buildx", "build", "--quiet", "--builder", docker_builder, str(tmp_path))
    subprocess.run(build, env=at_engine.variables, check=True, capture_output=True)
    monkeypatch.chdir(tmp_path)
    (found,) = listed(capsys, "--builder", docker_builder, "--branch", branch)
    assert (found["branch"], found["status"]) == (f"refs/heads/{branch}", "succeeded")


def test_builders_own_builds(
    at_engine: Engine, docker_builder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --builder the builds that others started on it are listed, and those of other builders are not."""
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    build = ("docker", "buildx", "build", "--quiet", "--builder", docker_builder, str(tmp_path))
    subprocess.run(build, env=at_engine.variables, check=True, capture_output=True)
    found = listed(capsys, "--builder", docker_builder)
    assert found
    assert {build["builder"] for build in found} == {docker_builder}
