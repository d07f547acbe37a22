"""Branches of builds and archives from their revisions, asked of a real repository."""

import os
from dataclasses import replace
from pathlib import Path
from shutil import rmtree
from time import sleep

import pytest

from dockcache_tui.core.archives.archive import Archive, ArchiveKind
from dockcache_tui.core.builds.build import Build, BuildStatus
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.scope import BranchScope, Project
from dockcache_tui.sources.branches import RevisionBranches
from nobody import git

ARCHIVE = Archive("image.tar", ArchiveKind.OCI, "tar", 1, Instant(0))
MAIN, TOPIC, OLD = (BranchScope(f"refs/heads/{name}") for name in ("main", "topic", "old"))


@pytest.fixture
def commits(tmp_path: Path) -> tuple[str, str, str]:
    """A repository on topic: one commit that all branches have, one of main and old, one of topic."""
    git(tmp_path, "init", "--initial-branch", "main")
    made: list[str] = []
    for branch, base in (("main", ""), ("old", ""), ("topic", "main~1")):
        if branch != "main":
            git(tmp_path, "branch", branch, *([base] if base else []))
        if branch == "topic":
            git(tmp_path, "checkout", "-q", "topic")
        for _ in range(2 if branch == "main" else branch == "topic"):
            git(tmp_path, "commit", "-q", "--allow-empty", "-m", f"{branch}{len(made)}")
            made.append(git(tmp_path, "rev-parse", "HEAD"))
    first, second, third = made
    return first, second, third


def test_an_archive_is_where_its_revisions_are(tmp_path: Path, commits: tuple[str, str, str]) -> None:
    """The checked-out branch comes first, then the default one; what is on none, or is no commit, has none."""
    branches = RevisionBranches(tmp_path)
    first, second, third = commits

    def located(*revisions: str) -> tuple[BranchScope, ...]:
        return branches.located(replace(ARCHIVE, revisions=revisions)).branches

    assert located(third) == (TOPIC,)
    assert located(second) == (MAIN, OLD)
    assert located(first) == (TOPIC, MAIN, OLD)
    assert located(second, third) == (MAIN, OLD, TOPIC)
    assert located() == located("f" * 40) == located("--all") == ()


def test_a_build_is_of_the_one_branch_that_holds_its_revision(tmp_path: Path, commits: tuple[str, str, str]) -> None:
    """A build of a revision on several branches is of none known, whatever is checked out; a known one stays."""
    branches = RevisionBranches(tmp_path)
    build = Build("ref", "b", Instant(0), BuildStatus.SUCCEEDED, revision=commits[0])
    placed = branches.placed(build)
    assert (placed.branch, placed.branch_candidates) == (None, (TOPIC, MAIN, OLD))
    assert branches.placed(replace(build, revision=commits[2])).branch == TOPIC
    assert branches.placed(replace(build, branch=OLD)) == replace(build, branch=OLD)
    assert branches.placed(replace(build, revision="")).branch is None


@pytest.fixture
def built(tmp_path: Path) -> tuple[Path, Build, RevisionBranches]:
    """A repository's folder, and a build that buildx noted down in it."""
    folder, state = tmp_path / "web", tmp_path / "buildx" / "refs" / "b" / "n" / "ref"
    folder.mkdir()
    git(folder, "init", "-q")
    git(folder, "commit", "-q", "--allow-empty", "-m", "one")
    sleep(1.1)  # git keeps whole seconds
    state.parent.mkdir(parents=True)
    state.write_text(f'{{"LocalPath": "{folder}"}}')
    sleep(1.1)
    build = Build("ref", "b", Instant.now(), BuildStatus.SUCCEEDED, node="n", revision=git(folder, "rev-parse", "HEAD"))
    return folder, build, RevisionBranches(tmp_path, os.environ | {"BUILDX_CONFIG": str(tmp_path / "buildx")})


def test_a_build_is_of_the_repository_that_was_there(built: tuple[Path, Build, RevisionBranches]) -> None:
    """The repository in its folder is its project, when it was there already and knows its revision."""
    folder, build, branches = built
    placed = branches.placed(build)
    assert (placed.project, placed.branch) == (Project(str(folder)), MAIN)
    assert branches.placed(replace(build, revision="")).project == Project(str(folder))
    other = branches.placed(replace(build, revision="f" * 40))
    assert (other.project, other.branch) == (None, None)


def test_a_build_is_of_no_repository_that_came_later(built: tuple[Path, Build, RevisionBranches]) -> None:
    """A clone made since in the same folder is another project, whether or not it has the revision; and so is none."""
    folder, build, branches = built
    folder.rename(folder.with_name("moved"))
    git(folder.parent, "clone", "-q", "moved", "web")
    for revision in (build.revision, ""):
        placed = branches.placed(replace(build, revision=revision))
        assert (placed.project, placed.branch) == (None, None)
    rmtree(folder / ".git")
    again = RevisionBranches(folder.parent, os.environ | {"BUILDX_CONFIG": str(folder.parent / "buildx")})
    assert again.placed(build).project is None
