"""What git says of a folder."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from dockcache_tui.core.scope import BranchScope, Checkout, Project
from dockcache_tui.sources.github.place import find_project_repo
from dockcache_tui.sources.quiet_command import Git


def read_checkout(folder: Path, environment: Mapping[str, str] | None = None) -> Checkout:
    """Read branch, revision and GitHub repository; all but the path is empty where git has nothing to say."""
    git = Git(folder, os.environ if environment is None else environment)
    revision = git("rev-parse", "--verify", "HEAD")
    head = git("symbolic-ref", "--quiet", "HEAD") or git.environment.get("GITHUB_REF", "") if revision else ""
    return Checkout(
        path=str(folder),
        repo=find_project_repo(folder, git.environment),
        branch=BranchScope.of(head) if head else None,
        default=_default(git),
        revision=revision,
        dirty=bool(revision and _status(git)),
        project=_project(folder, git),
    )


def read_project(folder: Path, environment: Mapping[str, str] | None = None) -> Project:
    """Return the project a folder belongs to: its repository, else the folder itself."""
    return _project(folder, Git(folder, os.environ if environment is None else environment))


def has_revision(folder: Path, revision: str, environment: Mapping[str, str]) -> bool:
    """Tell whether a folder's repository has a commit."""
    if not re.fullmatch(r"[0-9a-f]{7,64}", revision):
        return False
    return bool(Git(folder, environment)("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"))


def branches_containing(folder: Path, revision: str) -> tuple[BranchScope, ...]:
    """Return the local and remote branches a revision is on; none for what is no known commit."""
    if not re.fullmatch(r"[0-9a-f]{7,64}", revision):
        return ()
    git = Git(folder, os.environ)
    refs = git("for-each-ref", "--contains", revision, "--format=%(refname)", "refs/heads", "refs/remotes/origin")
    names = (ref.removeprefix("refs/heads/").removeprefix("refs/remotes/origin/") for ref in refs.split("\n") if ref)
    return tuple(dict.fromkeys(BranchScope.of(name) for name in names if name != "HEAD"))


def _status(git: Git) -> str:
    """Return what is changed, with every filter program of the repository's own configuration disarmed."""
    filters = git("config", "--local", "--includes", "--name-only", "--get-regexp", r"^filter\..*\.(clean|process)$")
    disarmed = tuple(f"{name}=" for name in dict.fromkeys(filters.splitlines()))
    return git("status", "--porcelain", "--ignore-submodules=all", settings=disarmed)


def _project(folder: Path, git: Git) -> Project:
    common = git("rev-parse", "--path-format=absolute", "--git-common-dir")
    if not common:
        return Project(str(folder.resolve()))
    home = Path(common).resolve()
    return Project(str(home.parent if home.name == ".git" else home), find_project_repo(folder, git.environment))


def _default(git: Git) -> BranchScope | None:
    head = git("symbolic-ref", "--quiet", "refs/remotes/origin/HEAD")
    if head:
        return BranchScope.of(head.removeprefix("refs/remotes/origin/"))
    for name in (git("config", "--get", "init.defaultBranch"), "main", "master"):
        if name and git("rev-parse", "--verify", "--quiet", f"refs/heads/{name}"):
            return BranchScope.of(name)
    return None
