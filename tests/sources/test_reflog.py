"""The branch that a real worktree was on at a moment, by git's reflog."""

import os
from pathlib import Path

import pytest

import nobody
from dockcache_tui.core.instant import Instant
from dockcache_tui.sources.reflog import Reflogs


class Clocked:
    """A repository whose commands run at chosen seconds."""

    def __init__(self, folder: Path) -> None:
        """Make it in a new folder, on main."""
        self.folder = folder
        folder.mkdir()
        self(1000, "init", "-q", "-b", "main")
        self(1000, "commit", "-q", "--allow-empty", "-m", "one")

    def __call__(self, second: int, *words: str) -> str:
        """Run git at a second."""
        when = f"@{second} +0000"
        return nobody.git(self.folder, *words, GIT_AUTHOR_DATE=when, GIT_COMMITTER_DATE=when)

    def at(self, second: float, revision: str = "", folder: Path | None = None) -> list[str | None]:
        """Return the short names of the branches that it may have been on."""
        moment = Instant(int(second * 1_000_000_000))
        found = Reflogs(os.environ).branches_at(folder or self.folder, moment, revision)
        return [branch.short if branch else None for branch in found]


@pytest.fixture
def git(tmp_path: Path) -> Clocked:
    """A repository on main from second 1000 on."""
    return Clocked(tmp_path / "web")


def test_checkouts_do_not_change_what_was(git: Clocked) -> None:
    """Each moment has the branch of its time, whatever is checked out or was deleted since."""
    git(2000, "checkout", "-q", "-b", "fix/a")
    git(3000, "checkout", "-q", "main")
    git(4000, "branch", "-q", "-D", "fix/a")
    git(5000, "checkout", "-q", "-b", "hotfix")
    assert [git.at(second) for second in (1500, 2500, 3500, 4500, 6000)] == [
        ["main"],
        ["fix/a"],
        ["main"],
        ["main"],
        ["hotfix"],
    ]
    assert git.at(500) == []


def test_a_second_of_two_branches_leaves_it_open(git: Clocked) -> None:
    """Git keeps whole seconds: within that of a checkout both branches fit, unless the revision tells them apart."""
    git(2000, "checkout", "-q", "-b", "fix")
    git(2000, "commit", "-q", "--allow-empty", "-m", "two")
    git(3000, "checkout", "-q", "main")
    revision = git(3000, "rev-parse", "fix")
    assert git.at(2000.5) == ["fix", "main"]
    assert git.at(2000.5, revision) == git.at(2000.5, f"{revision}-dirty") == ["fix"]
    assert git.at(2001) == ["fix"]


def test_a_detached_head_is_on_no_branch(git: Clocked) -> None:
    """From a checkout of a commit to the next one of a branch there is none."""
    git(2000, "checkout", "-q", "--detach")
    git(3000, "checkout", "-q", "main")
    assert [git.at(second) for second in (1500, 2500, 3500)] == [["main"], [None], ["main"]]


def test_a_renamed_branch_was_called_as_it_was(git: Clocked) -> None:
    """Before it was renamed a branch had its old name."""
    git(2000, "branch", "-m", "trunk")
    assert [git.at(second) for second in (1500, 2500)] == [["main"], ["trunk"]]


def test_each_worktree_has_its_own(git: Clocked, tmp_path: Path) -> None:
    """A worktree and a folder within one are on that one's branch; a folder outside of git is on none that is known."""
    git(2000, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    (tmp_path / "side" / "sub").mkdir()
    assert git.at(2500) == ["main"]
    assert git.at(2500, folder=tmp_path / "side" / "sub") == ["side"]
    assert git.at(2500, folder=tmp_path) == []
