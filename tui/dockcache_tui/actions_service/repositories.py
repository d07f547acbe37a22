"""What refs tell of a repository: its branches, its default branch and its pull requests."""

import os
import re
import subprocess
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path

NO_COMMIT = "0" * 40
_PULL = re.compile(r"refs/pull/(\d{1,9})/(?:merge|head)", re.ASCII)
_BRANCH = "refs/heads/"
_DEFAULTS = ("main", "master")


def number_of(repo: str) -> int:
    """Return a number that stands for a repository, the same every time."""
    return int.from_bytes(sha256(repo.encode()).digest()[:4])


def git_refs(folder: Path) -> Mapping[str, str]:
    """Return the commits of a git repository's branches, tags and pull requests by full ref; none outside of one."""
    git = ("git", "--no-pager", "-c", "core.fsmonitor=false", "-C", str(folder))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    words = ("for-each-ref", "--format=%(objectname) %(refname)")
    try:
        done = subprocess.run((*git, *words), env=environment, capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return {}
    pairs = (line.partition(" ") for line in done.stdout.decode(errors="replace").splitlines())
    refs = {ref: commit for commit, _, ref in pairs}
    remote = "refs/remotes/origin/"
    fetched = {_BRANCH + ref.removeprefix(remote): commit for ref, commit in refs.items() if ref.startswith(remote)}
    fetched.pop(_BRANCH + "HEAD", None)
    return fetched | {ref: commit for ref, commit in refs.items() if not ref.startswith("refs/remotes/")}


def branches(refs: Mapping[str, str]) -> Mapping[str, str]:
    """Return the branches' names with their commits, in the order of their names."""
    return {ref.removeprefix(_BRANCH): refs[ref] for ref in sorted(refs) if ref.startswith(_BRANCH)}


def default_branch(refs: Mapping[str, str]) -> str:
    """Return the name of the default branch."""
    names = branches(refs)
    return next((name for name in _DEFAULTS if name in names), next(iter(names), _DEFAULTS[0]))


def pulls(named: Iterable[str], refs: Mapping[str, str]) -> Mapping[int, bool]:
    """Return the numbers of the pull requests among these refs, the newest first, and whether each still has one."""
    known = {int(match[1]) for ref in (*named, *refs) if (match := _PULL.fullmatch(ref))}
    alive = {int(match[1]) for ref in refs if (match := _PULL.fullmatch(ref))}
    return {number: number in alive for number in sorted(known, reverse=True)}
