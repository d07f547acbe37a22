"""What git says of a folder."""

import os
from pathlib import Path

import pytest

from dockcache_tui.core.scope import BranchScope, Checkout, Project
from dockcache_tui.sources.git import branches_containing, read_checkout, read_project
from nobody import git

MAIN, TOPIC = BranchScope.of("main"), BranchScope.of("topic")
ENVIRONMENT = {"PATH": os.environ["PATH"], "GIT_DIR": "/nowhere"}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Make a repository with one commit on main."""
    git(tmp_path, "init", "--initial-branch=main")
    (tmp_path / "file").write_text("one")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "-m", "one")
    return tmp_path


def test_branch_revision_and_remote(repository: Path) -> None:
    """Branch, default branch, revision and repository are read, whatever GIT_DIR says."""
    git(repository, "remote", "add", "origin", "git@github.com:owner/name.git")
    git(repository, "switch", "-c", "topic")
    revision = git(repository, "rev-parse", "HEAD")
    project = Project(str(repository), "owner/name")
    expected = Checkout(str(repository), "owner/name", TOPIC, MAIN, revision, dirty=False, project=project)
    assert read_checkout(repository, ENVIRONMENT) == expected


def test_dirty(repository: Path) -> None:
    """A changed file makes the checkout dirty."""
    (repository / "file").write_text("two")
    assert read_checkout(repository, ENVIRONMENT).dirty


def test_detached_head_is_what_the_job_says(repository: Path) -> None:
    """A detached HEAD has no branch of its own; in a job GITHUB_REF names it."""
    git(repository, "checkout", "--detach")
    assert read_checkout(repository, ENVIRONMENT).branch is None
    job = ENVIRONMENT | {"GITHUB_REF": "refs/pull/7/merge"}
    assert read_checkout(repository, job).branch == BranchScope("refs/pull/7/merge")


def test_default_branch_of_the_remote_wins(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The remote's HEAD is the default branch, also when a local main exists."""
    clone = tmp_path_factory.mktemp("clone")
    git(repository, "switch", "-c", "trunk")
    git(clone, "clone", str(repository), ".")
    git(clone, "branch", "main")
    assert read_checkout(clone, ENVIRONMENT).default == BranchScope.of("trunk")


def test_branches_containing(repository: Path) -> None:
    """A revision is on every branch that grew from it; what is no revision is on none."""
    first = git(repository, "rev-parse", "HEAD")
    git(repository, "switch", "-c", "topic")
    git(repository, "commit", "--allow-empty", "-m", "two")
    assert branches_containing(repository, first) == (MAIN, TOPIC)
    assert branches_containing(repository, git(repository, "rev-parse", "HEAD")) == (TOPIC,)
    assert branches_containing(repository, "--exec=x") == ()
    assert branches_containing(repository, "0" * 40) == ()


def test_no_repository_and_no_git(tmp_path: Path) -> None:
    """Outside a repository, or without git, only the path is known, and is the project."""
    alone, missing = Checkout(str(tmp_path), project=Project(str(tmp_path))), tmp_path / "missing"
    environment = ENVIRONMENT | {"GIT_CEILING_DIRECTORIES": str(tmp_path)}
    assert read_checkout(tmp_path, environment) == alone
    assert read_checkout(tmp_path, {"PATH": str(tmp_path)}) == alone
    assert read_checkout(missing, ENVIRONMENT) == Checkout(str(missing), project=Project(str(missing)))


def test_unborn_branch(tmp_path: Path) -> None:
    """A repository without a commit has neither revision nor branch."""
    git(tmp_path, "init", "--initial-branch=main")
    assert read_checkout(tmp_path, ENVIRONMENT) == Checkout(str(tmp_path), project=Project(str(tmp_path)))


def test_a_project_is_the_repository(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Its folders and worktrees are one project, by whichever path; a clone is another, a bare repository its own."""
    git(repository, "remote", "add", "origin", "git@github.com:owner/name.git")
    others = tmp_path_factory.mktemp("others")
    git(repository, "worktree", "add", str(others / "worktree"), "-b", "topic")
    git(others, "clone", str(repository), "clone")
    git(others, "clone", "--bare", str(repository), "bare.git")
    (repository / "app").mkdir()
    (others / "link").symlink_to(repository)
    for folder in (repository, repository / "app", others / "link", others / "worktree"):
        found = read_project(folder, ENVIRONMENT)
        assert (found.id, found.repo, found.name) == (str(repository), "owner/name", "owner/name")
    assert read_project(others / "clone", ENVIRONMENT) == Project(str(others / "clone"))
    assert read_project(others / "bare.git", ENVIRONMENT) == Project(str(others / "bare.git"))


def test_hostile_repository_starts_nothing(repository: Path) -> None:
    """Programs named in a repository's own configuration are not started."""
    trap = repository / ".git" / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {repository}/sprung\ncat\n")
    trap.chmod(0o755)
    for setting in ("core.fsmonitor", "core.pager", "filter.evil.clean", "filter.evil.process", "diff.external"):
        git(repository, "config", setting, str(trap))
    (repository / ".git" / "hooks" / "post-index-change").symlink_to(trap)
    (repository / ".gitattributes").write_text("* filter=evil\n")
    os.utime(repository / "file", (1, 1))
    read_checkout(repository, ENVIRONMENT)
    branches_containing(repository, "0" * 40)
    assert not (repository / "sprung").exists()
    git(repository, "status")
    assert (repository / "sprung").exists()
