"""What git says of a folder. A repository is hostile: its configuration must start nothing."""

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from dockcache_tui.core.checkout import Checkout
from dockcache_tui.core.scope import BranchScope

_SAFE = ("core.fsmonitor=false", "core.hooksPath=/dev/null", "status.submoduleSummary=false")
_QUIET = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
_REMOTE = re.compile(r"(?:(?:^|//|@)(?P<host>[\w.-]+)(?::\d+)?)?[/:](?P<repo>[\w.-]+/[\w.-]+?)(?:\.git)?/?$", re.ASCII)
_TIMEOUT = 10


def read_checkout(folder: Path, environment: Mapping[str, str] | None = None) -> Checkout:
    """Read branch, revision and remote of a folder; all but the path is empty where git has nothing to say."""
    git = _Git(folder, os.environ if environment is None else environment)
    revision = git("rev-parse", "--verify", "HEAD")
    head = git("symbolic-ref", "--quiet", "HEAD") or git.environment.get("GITHUB_REF", "") if revision else ""
    return Checkout(
        path=str(folder),
        repo=next((repo for _, repo in _remotes(git)), ""),
        branch=BranchScope.of(head) if head else None,
        default=_default(git),
        revision=revision,
        dirty=bool(revision and _status(git)),
    )


def read_remotes(folder: Path, environment: Mapping[str, str] | None = None) -> tuple[tuple[str, str], ...]:
    """Return host and `owner/name` of a folder's remotes, origin first; the host of a path is empty."""
    return _remotes(_Git(folder, os.environ if environment is None else environment))


def branches_containing(folder: Path, revision: str) -> tuple[BranchScope, ...]:
    """Return the local and remote branches a revision is on; none for what is no known commit."""
    if not re.fullmatch(r"[0-9a-f]{7,64}", revision):
        return ()
    git = _Git(folder, os.environ)
    refs = git("for-each-ref", "--contains", revision, "--format=%(refname)", "refs/heads", "refs/remotes/origin")
    names = (ref.removeprefix("refs/heads/").removeprefix("refs/remotes/origin/") for ref in refs.splitlines())
    return tuple(dict.fromkeys(BranchScope.of(name) for name in names if name != "HEAD"))


class _Git:
    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self.environment = {name: value for name, value in environment.items() if not name.startswith("GIT_")}

    def __call__(self, *words: str, settings: tuple[str, ...] = ()) -> str:
        """Return what git prints, or nothing when it fails, is slow or is not there."""
        safe = [word for setting in (*_SAFE, *settings) for word in ("-c", setting)]
        try:
            done = subprocess.run(
                ("git", "--no-pager", *safe, "-C", str(self._folder), *words),
                env=self.environment | _QUIET,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_TIMEOUT,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
        return done.stdout.decode("utf-8", "surrogateescape").strip() if done.returncode == 0 else ""


def _status(git: _Git) -> str:
    """Return what is changed, with every filter program of the repository's own configuration disarmed."""
    filters = git("config", "--local", "--includes", "--name-only", "--get-regexp", r"^filter\..*\.(clean|process)$")
    disarmed = tuple(f"{name}=" for name in dict.fromkeys(filters.splitlines()))
    return git("status", "--porcelain", "--ignore-submodules=all", settings=disarmed)


def _remotes(git: _Git) -> tuple[tuple[str, str], ...]:
    lines = git("config", "--get-regexp", r"^remote\..*\.url$").splitlines()
    named = sorted((line.partition(" ") for line in lines), key=lambda parts: parts[0] != "remote.origin.url")
    found = (_REMOTE.search(url) for _, _, url in named)
    return tuple(((match["host"] or "").lower(), match["repo"]) for match in found if match)


def _default(git: _Git) -> BranchScope | None:
    head = git("symbolic-ref", "--quiet", "refs/remotes/origin/HEAD")
    if head:
        return BranchScope.of(head.removeprefix("refs/remotes/origin/"))
    for name in (git("config", "--get", "init.defaultBranch"), "main", "master"):
        if name and git("rev-parse", "--verify", "--quiet", f"refs/heads/{name}"):
            return BranchScope.of(name)
    return None
