"""The branches that others' builds and archives belong to: by the folder they were built in, else by their revision."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import pairwise
from pathlib import Path

from dockcache_tui.core.archives.archive import Archive
from dockcache_tui.core.builds.build import Build
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.scope import BranchScope
from dockcache_tui.sources.buildx_files import LocalState, read_local_state
from dockcache_tui.sources.git import branches_containing, has_revision, read_checkout, read_project
from dockcache_tui.sources.quiet_command import Git

_LINE = re.compile(r"(?P<old>[0-9a-f]+) (?P<new>[0-9a-f]+) .*?> (?P<second>\d+) [+-]\d+(?:\t(?P<message>.*))?")
_MOVE = re.compile(r"checkout: moving from (?P<old>\S+) to (?P<new>\S+)")
_RENAME = re.compile(r"Branch: renamed refs/heads/(?P<old>\S+) to refs/heads/(?P<new>\S+)")
_FINISH = re.compile(r"rebase.* \(finish\): returning to refs/heads/(?P<new>\S+)")
_SHA = re.compile(r"[0-9a-f]{40,64}")
_DETACHED = ""
_SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Stay:
    """HEAD on a branch (empty: on none) between two moves, in ns; the last one has no end."""

    names: frozenset[str]
    revisions: frozenset[str]
    start: int
    end: int | None


@dataclass(frozen=True, slots=True)
class _Log:
    """The entries of a reflog, the branch that HEAD is on (empty: none), and when HEAD was written, in ns."""

    entries: list[re.Match[str]]
    now: str
    changed: int


class Reflogs:
    """The reflogs of the worktrees of this machine; each is asked of git once, and read anew each time."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._paths = lru_cache(maxsize=1_000)(self._find)

    def branches_at(self, folder: Path, moment: Instant, revision: str) -> tuple[BranchScope | None, ...]:
        """Return the branch that a folder's worktree was on, None for none; several when git leaves it open.

        Without an answer there is none in it. Git keeps whole seconds, so of two branches in the one second both fit,
        unless the revision tells them apart.
        """
        log = self._read(folder)
        if log is None:
            return ()
        stays = [stay for stay in _stays(log) if _holds(stay, moment.ns)]
        commit = revision.removesuffix("-dirty")
        if len(stays) > 1 and commit:
            stays = [stay for stay in stays if commit in stay.revisions] or stays
        names = sorted({name for stay in stays for name in stay.names})
        return tuple(BranchScope.of(name) if name else None for name in names)

    def began_after(self, folder: Path, moment: Instant) -> bool:
        """Tell whether the log of a folder's worktree begins after a moment: another may have been there then."""
        log = self._read(folder)
        return bool(log and log.entries and moment.ns < _second(log.entries[0]))

    def _read(self, folder: Path) -> "_Log | None":
        """Read the log and HEAD of a folder's worktree; None where there is none."""
        paths = self._paths(folder)
        if paths is None:
            return None
        log, head = paths
        try:
            lines = log.read_bytes().decode(errors="surrogateescape").splitlines()
            changed, at = head.stat().st_mtime_ns, head.read_bytes().decode(errors="surrogateescape").rstrip("\n")
        except OSError:
            return None
        now = at.removeprefix("ref: refs/heads/") if at.startswith("ref: ") else _DETACHED
        return _Log([match for line in lines if (match := _LINE.fullmatch(line))], now, changed)

    def _find(self, folder: Path) -> tuple[Path, Path] | None:
        git = Git(folder, self._environment)
        found = git("rev-parse", "--path-format=absolute", "--git-path", "logs/HEAD", "--git-path", "HEAD").split("\n")
        return (Path(found[0]), Path(found[1])) if len(found) == 2 else None


def _holds(stay: Stay, moment: int) -> bool:
    return stay.start <= moment and (stay.end is None or moment <= stay.end)


def _stays(log: _Log) -> Iterator[Stay]:
    """Yield the stays; a move is somewhere in its second, the last one when HEAD was written.

    Git logs no move to a new branch without a commit: a stay that only its end names begins after the last such move.
    """
    entries, changed = log.entries, log.changed
    moves = [(index, move) for index, one in enumerate(entries) if (move := _move(one["message"] or ""))]
    if not entries:
        return
    start, first, reached = _second(entries[0]), 0, None
    for number, (index, (left, entered)) in enumerate(moves):
        second = _second(entries[index])
        last = number == len(moves) - 1
        exact = changed if last and changed // _SECOND * _SECOND == second else None
        names = {left} if left is not None else {reached or _DETACHED}
        if left and reached is not None and reached != left:
            names.add(reached)
        revisions = frozenset(one["new"] for one in entries[first:index])
        if reached is None and left:
            start = max(start, _after_a_gap(entries[first : index + 1]))
        yield Stay(frozenset(names), revisions, start, exact or second + _SECOND - 1)
        start, first, reached = exact or second, index, entered
    if reached is None and log.now:
        unlogged = changed if changed >= _second(entries[first]) + _SECOND else 0
        start = max(start, unlogged, _after_a_gap(entries[first:]))
    names = {log.now} if reached in (None, log.now) or not log.now else {log.now, reached or _DETACHED}
    yield Stay(frozenset(names), frozenset(one["new"] for one in entries[first:]), start, None)


def _second(entry: re.Match[str]) -> int:
    return int(entry["second"]) * _SECOND


def _after_a_gap(entries: list[re.Match[str]]) -> int:
    """Return the end of the second of the last entry that does not go on from the one before it; 0 for none."""
    gaps = (_second(entry) + _SECOND for before, entry in pairwise(entries) if entry["old"] != before["new"])
    return max(gaps, default=0)


def _move(message: str) -> tuple[str | None, str | None] | None:
    """Return the branch that HEAD left and the one it came to, None where the message does not tell."""
    if match := _MOVE.fullmatch(message):
        return _named(match["old"]), None if _SHA.fullmatch(match["new"]) else match["new"]
    if match := _RENAME.fullmatch(message):
        return match["old"], match["new"]
    if match := _FINISH.fullmatch(message):
        return _DETACHED, match["new"]
    return (None, _DETACHED) if re.match(r"rebase.* \(start\): ", message) else None


def _named(name: str) -> str:
    return _DETACHED if _SHA.fullmatch(name) else name


class RevisionBranches:
    """Asks buildx's notes, the reflog of the folder that they name, and a project's repository, once a revision."""

    def __init__(self, project: Path, environment: Mapping[str, str] = os.environ) -> None:
        """Take the project's folder, and the environment in which buildx keeps its state."""
        self._project, self._environment = project, environment
        self._reflogs = Reflogs(environment)
        self._project_of = lru_cache(maxsize=1_000)(partial(read_project, environment=environment))
        self._knows = lru_cache(maxsize=1_000)(partial(has_revision, environment=environment))
        self._branches_of = lru_cache(maxsize=1_000)(self._look_up)

    def placed(self, build: Build) -> Build:
        """Return a build with its project and branch, or the candidates, as they were when it ran.

        A build that buildx started on this machine is of the folder it was given, and of the branch that was checked
        out there then; any other is of the one branch of the project here that holds its revision.
        """
        if build.branch or build.branch_candidates:
            return build
        if state := read_local_state(self._environment, build):
            return self._of_folder(build, state)
        if not build.revision:
            return build
        found = self._branches_of(build.revision)
        if len(found) == 1:
            return replace(build, branch=found[0])
        return replace(build, branch_candidates=found)

    def _of_folder(self, build: Build, state: LocalState) -> Build:
        folder = Path(state.folder)
        if not folder.is_absolute() or not folder.is_dir():
            return build
        moment, revision = Instant(state.written_ns), build.revision.removesuffix("-dirty")
        build = replace(build, folder=build.folder or state.folder, context=state.folder)
        if self._reflogs.began_after(folder, moment) or (revision and not self._knows(folder, revision)):
            return build  # another repository, or none, was there then
        build = replace(build, project=build.project or self._project_of(folder))
        found = self._reflogs.branches_at(folder, moment, revision)
        if len(found) == 1:
            return replace(build, branch=found[0])
        return replace(build, branch_candidates=tuple(filter(None, found)))

    def located(self, archive: Archive) -> Archive:
        """Return an archive with the branches that its revisions are on, the likeliest first."""
        found = dict.fromkeys(branch for revision in archive.revisions for branch in self._branches_of(revision))
        return replace(archive, branches=tuple(found))

    def _look_up(self, revision: str) -> tuple[BranchScope, ...]:
        """Of several branches that hold a revision the checked-out one comes first, then the default one."""
        found = branches_containing(self._project, revision)
        checkout = read_checkout(self._project)
        likely = [branch for branch in (checkout.branch, checkout.default) if branch in found]
        return tuple(dict.fromkeys((*likely, *found)))
