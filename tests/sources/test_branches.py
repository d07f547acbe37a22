"""Branches of builds and archives from their revisions, asked of a real repository."""

from dataclasses import replace
from pathlib import Path

import pytest

from dockcache_tui.core.archives.archive import Archive, ArchiveKind
from dockcache_tui.core.builds.build import Build, BuildStatus
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.scope import BranchScope
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
