"""Which files that an instruction takes differ between two commits, by what git keeps of them alone."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from os import fsdecode, fsencode

from dockcache_tui.core.builds.cause import MissEvidence
from dockcache_tui.core.builds.ignore import IgnoreRule, IgnoreVerdict, judge, parse_patterns
from dockcache_tui.core.errors import UsageError
from dockcache_tui.core.explain.content import fixed_part, taken_paths
from dockcache_tui.core.explain.evidence import Graph
from dockcache_tui.core.explain.inputs import Taken, clean, input_keys
from dockcache_tui.core.explain.ops import Op
from dockcache_tui.core.explain.rules import KeyRules
from dockcache_tui.core.explain.tree import Entry, PathKind, Tree

LINK, SUBMODULE = 0o120000, 0o160000
UNCOMMITTED = "Files that git does not keep, or that were changed and not committed, are not known."
DIRTY = "The build had changes that were not committed: which is not known."
GIT_FOLDER = "It takes the .git folder, which differs in every clone and after every commit."


@dataclass(frozen=True, slots=True)
class GitFile:
    """What a commit keeps at a path: a file, a link or a submodule."""

    path: bytes
    """From the context on, with slashes."""
    mode: int
    """Git's own, which knows only whether a file is a program."""
    object: str
    """The id of the content."""
    link: bytes = b""
    is_pointer: bool = False
    """Whether it is a pointer of git LFS, for which a clone has the file or the pointer."""


@dataclass(frozen=True)
class RevisionFiles:
    """All that a commit keeps in the folder of a context, and which of it a client leaves out."""

    files: tuple[GitFile, ...] = ()
    ignore: tuple[IgnoreRule, ...] = ()
    dirty: bool = False
    by_git: bool = False
    """Whether BuildKit fetched it, so that there is nothing else."""

    @cached_property
    def tree(self) -> Tree:
        """The files that are sent, each by its mode and the id of its content."""
        return Tree(self._entries())

    @cached_property
    def by_path(self) -> Mapping[bytes, GitFile]:
        """The files by their paths."""
        return {file.path: file for file in self.files}

    def sends(self, path: bytes) -> bool:
        """Tell whether a client sends what is at a path, if it is there."""
        return not self._verdict(path).ignored

    def _entries(self) -> Iterator[Entry]:
        folders = set[bytes]()
        for file in self.files:
            if self._verdict(file.path).ignored:
                continue
            for folder in _above(file.path):
                if folder not in folders:
                    folders.add(folder)
                    yield Entry(folder, PathKind.FOLDER, "a folder")
            kind = {LINK: PathKind.LINK, SUBMODULE: PathKind.FOLDER}.get(file.mode, PathKind.FILE)
            yield Entry(file.path, kind, f"{file.mode:o} {file.object}", file.link)

    def _verdict(self, path: bytes) -> IgnoreVerdict:
        above = IgnoreVerdict()
        for folder in _above(path):
            if folder not in self._folders:
                self._folders[folder] = judge(self.ignore, fsdecode(folder), above)
            above = self._folders[folder]
        return judge(self.ignore, fsdecode(path), above)

    @cached_property
    def _folders(self) -> dict[bytes, IgnoreVerdict]:
        return {}


@dataclass(frozen=True, slots=True)
class RevisionChanges:
    """What is known to differ, by path, and as sentences what is not known; a rename is two changes."""

    changes: tuple[MissEvidence, ...] = ()
    unknown: tuple[str, ...] = ()


def as_built(files: RevisionFiles, graph: Graph) -> RevisionFiles:
    """Return a commit's files without what the build left out of its context, as its own operations tell."""
    contexts = [op for op in graph.ops.ops if _is_context(op)] if graph.ops else []
    if not contexts or files.by_git:
        return files
    try:
        patterns = json.loads((contexts[0].body.get("attrs") or {}).get("local.excludepatterns", "[]"))
        return replace(files, ignore=parse_patterns(patterns))
    except (AttributeError, TypeError, ValueError, RecursionError, UsageError):  # nothing that BuildKit writes
        return files


def taken_from_context(op: Op, graph: Graph, rules: KeyRules, *, by_git: bool = False) -> tuple[Taken, ...]:
    """Return what an operation takes from its build's own context; of a named context nothing is known here."""
    ops = {one.id: one for one in graph.ops.ops} if graph.ops else {}
    keys = zip(op.inputs, input_keys(op, rules), strict=True)
    from_context = _is_git if by_git else _is_context
    return tuple(taken for edge, key in keys if from_context(ops[edge.op]) for taken in key.taken)


def _is_context(op: Op) -> bool:
    return op.kind == "source" and op.body["identifier"] == "local://context"


def _is_git(op: Op) -> bool:
    return op.kind == "source" and op.body["identifier"].startswith("git://")


def revision_changes(before: RevisionFiles, after: RevisionFiles, taken: Sequence[Taken]) -> RevisionChanges:
    """Compare what an instruction takes from a context in two commits."""
    old, new = _files(before, taken), _files(after, taken)
    changes = tuple(
        MissEvidence(what, fsdecode(path), *values)
        for path in sorted(old.keys() | new.keys())
        for what, values in _differences(old.get(path), new.get(path)).items()
    )
    unknown = (*_unknown(before, old, taken), *_unknown(after, new, taken))
    return RevisionChanges(changes, tuple(dict.fromkeys(unknown)))


def _files(revision: RevisionFiles, taken: Sequence[Taken]) -> dict[bytes, GitFile]:
    """Return the files, links and submodules that are taken, by their paths."""
    paths = {path.strip(b"/") for one in taken for path in taken_paths(revision.tree, one).values()}
    return {path: revision.by_path[path] for path in paths if path in revision.by_path}


def _differences(old: GitFile | None, new: GitFile | None) -> Mapping[str, tuple[str | None, str | None]]:
    if old is None:
        return {"added": (None, _content(new))} if new else {}
    if new is None:
        return {"removed": (_content(old), None)}
    values = {"type": (_kind(old), _kind(new))}
    if _kind(old) == _kind(new):
        values["link" if old.mode == LINK else "content"] = (_content(old), _content(new))
        values["mode"] = (f"{old.mode & 0o777:04o}", f"{new.mode & 0o777:04o}")
    return {what: pair for what, pair in values.items() if pair[0] != pair[1]}


def _kind(file: GitFile) -> str:
    return {LINK: "link", SUBMODULE: "submodule"}.get(file.mode, "file")


def _content(file: GitFile) -> str:
    return fsdecode(file.link) if file.mode == LINK else f"git {file.object}"


def _unknown(revision: RevisionFiles, files: Mapping[bytes, GitFile], taken: Sequence[Taken]) -> Iterator[str]:
    if not revision.by_git:
        yield DIRTY if revision.dirty else UNCOMMITTED
    if not revision.by_git and revision.sends(b".git") and any(_takes(one, b"/.git") for one in taken):
        yield GIT_FOLDER
    for one in taken:
        if not taken_paths(revision.tree, one):
            yield f"What {one.path} takes is not in the commit: it was made otherwise."
    for path, file in revision.by_path.items():
        if file.mode == SUBMODULE and any(_takes(one, b"/" + path) for one in taken) and revision.sends(path):
            yield f"{fsdecode(path)} is a submodule: its files are not in this repository."
    for path, file in sorted(files.items()):
        if file.is_pointer:
            yield f"{fsdecode(path)} is kept by git LFS: whether the build had the file or its pointer is not known."


def _takes(taken: Taken, path: bytes) -> bool:
    """Tell whether a path, or anything below or above it, may be taken."""
    start = fsencode(clean(taken.path))
    if taken.wildcard:
        start = fixed_part(start)
    whole = start.rstrip(b"/")
    return path == whole or path.startswith(whole + b"/") or whole.startswith(path + b"/")


def _above(path: bytes) -> Iterator[bytes]:
    """Yield the folders that a path is in, the outermost first."""
    at = path.find(b"/")
    while at >= 0:
        yield path[:at]
        at = path.find(b"/", at + 1)
