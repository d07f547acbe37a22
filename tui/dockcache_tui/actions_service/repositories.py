"""What refs tell of a repository: its branches, its default branch and its pull requests."""

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from dockcache_tui.core.instant import Instant

NO_COMMIT = "0" * 40
_PULL = re.compile(r"refs/pull/(\d{1,9})/(merge|head)", re.ASCII)
_BRANCH = "refs/heads/"
_DEFAULTS = ("main", "master")


_SECOND = 10**9


@dataclass(frozen=True, slots=True)
class Tip:
    """Where a ref is: a commit and when it was made, or of one that only caches name NO_COMMIT and the last save."""

    sha: str
    time: Instant


@dataclass(frozen=True, slots=True)
class ServedPull:
    """A pull request, open while a ref of it is there: the commits of its head and merge, and when the newest was."""

    number: int
    is_open: bool
    head: str
    merge: str
    time: Instant


def number_of(name: str) -> int:
    """Return a number that stands for a repository or an owner, the same every time."""
    return int.from_bytes(sha256(name.encode()).digest()[:4])


def git_refs(folder: Path) -> Mapping[str, Tip]:
    """Return the tips of a git repository's branches, tags and pull requests by full ref; none outside of one."""
    git = ("git", "--no-pager", "-c", "core.fsmonitor=false", "-C", str(folder))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    words = ("for-each-ref", "--format=%(objectname) %(creatordate:unix) %(refname)")
    try:
        done = subprocess.run((*git, *words), env=environment, capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return {}
    rows = (line.split(" ", 2) for line in done.stdout.decode(errors="replace").splitlines())
    # What is no commit, such as a tag of a file, has no time.
    refs = {ref: Tip(commit, Instant(int(seconds or 0) * _SECOND)) for commit, seconds, ref in rows}
    remote = "refs/remotes/origin/"
    fetched = {_BRANCH + ref.removeprefix(remote): tip for ref, tip in refs.items() if ref.startswith(remote)}
    fetched.pop(_BRANCH + "HEAD", None)
    return fetched | {ref: tip for ref, tip in refs.items() if not ref.startswith("refs/remotes/")}


def branches(refs: Mapping[str, Tip]) -> Mapping[str, Tip]:
    """Return the branches' names with their tips, in the order of their names."""
    return {ref.removeprefix(_BRANCH): refs[ref] for ref in sorted(refs) if ref.startswith(_BRANCH)}


def default_branch(refs: Mapping[str, Tip]) -> str:
    """Return the name of the default branch."""
    names = branches(refs)
    return next((name for name in _DEFAULTS if name in names), next(iter(names), _DEFAULTS[0]))


def pulls(named: Mapping[str, Tip], refs: Mapping[str, Tip]) -> tuple[ServedPull, ...]:
    """Return the pull requests of the refs that are there and of those that caches name, the newest first."""
    tips = {**named, **refs}
    found: dict[int, dict[str, str]] = {}
    for ref in tips:
        if match := _PULL.fullmatch(ref):
            found.setdefault(int(match[1]), {})[match[2]] = ref
    return tuple(_pull(number, found[number], tips, refs) for number in sorted(found, reverse=True))


def _pull(number: int, own: Mapping[str, str], tips: Mapping[str, Tip], refs: Mapping[str, Tip]) -> ServedPull:
    head, merge = (tips[own[side]].sha if side in own else NO_COMMIT for side in ("head", "merge"))
    time = max(tips[ref].time for ref in own.values())
    return ServedPull(number, any(ref in refs for ref in own.values()), head, merge, time)
