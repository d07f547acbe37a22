"""The branch that a real worktree was on at a moment, by git's reflog."""

import os
from pathlib import Path

import pytest

import nobody
from dockcache_tui.core.instant import Instant
from dockcache_tui.sources.branches import Reflogs


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
        when, before = f"@{second} +0000", self._heads()
        said = nobody.git(self.folder, *words, GIT_AUTHOR_DATE=when, GIT_COMMITTER_DATE=when)
        for head, written in self._heads().items():
            if before.get(head) != written:
                os.utime(head, (second, second))
        return said

    def _heads(self) -> dict[Path, int]:
        return {head: head.stat().st_mtime_ns for head in (self.folder / ".git").glob("**/HEAD") if head.is_file()}

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


def test_a_move_that_git_does_not_log_is_none_of_what_was_before(git: Clocked) -> None:
    """Git logs no move to a new branch without a commit: what came before is not of it, and of none that is known."""
    git(2000, "checkout", "-q", "--orphan", "fresh")
    assert [git.at(second) for second in (1500, 2500)] == [[], ["fresh"]]
    git(3000, "commit", "-q", "--allow-empty", "-m", "two")
    assert [git.at(second) for second in (1500, 3500)] == [[], ["fresh"]]
    git(4000, "checkout", "-q", "main")
    assert [git.at(second) for second in (1500, 3500, 4500)] == [[], ["fresh"], ["main"]]


def test_a_detached_head_is_on_none_whatever_branch_was_made_then(git: Clocked) -> None:
    """A commit that was checked out by its digest is on no branch, whatever new branch came next."""
    git(2000, "checkout", "-q", git(1500, "rev-parse", "HEAD"))
    git(3000, "checkout", "-q", "--orphan", "fresh")
    assert "fresh" not in git.at(2500)
    git(4000, "commit", "-q", "--allow-empty", "-m", "two")
    assert "fresh" not in git.at(2500)
    git(5000, "checkout", "-q", "main")
    assert "fresh" not in git.at(2500)
    assert git.at(4500) == ["fresh"]


def test_each_worktree_has_its_own(git: Clocked, tmp_path: Path) -> None:
    """A worktree and a folder within one are on that one's branch; a folder outside of git is on none that is known."""
    git(2000, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    (tmp_path / "side" / "sub").mkdir()
    assert git.at(2500) == ["main"]
    assert git.at(2500, folder=tmp_path / "side" / "sub") == ["side"]
    assert git.at(2500, folder=tmp_path) == []
