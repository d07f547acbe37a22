"""Reads what a commit holds from a clone's objects alone: nothing is checked out, and nothing fetched."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from dockcache_tui.core.builds.ignore import parse_ignore
from dockcache_tui.core.errors import SourceError
from dockcache_tui.core.explain.evidence import Revision
from dockcache_tui.core.explain.revisions import LINK, SUBMODULE, GitFile, RevisionFiles
from dockcache_tui.sources.quiet_command import Git

_OFFLINE = ("protocol.allow=never",)
"""A clone that lacks objects would fetch them, over whatever its configuration says."""
_TITLE = "The commit can't be read"
_POINTER = b"version https://git-lfs.github.com/spec/"
_POINTER_SIZES = range(100, 1024)
_LFS = b"filter=lfs"
_LONGEST_HEADER = 80
"""Of an object that is missing: its id and that word."""


def read_revision(
    folder: Path, revision: Revision, environment: Mapping[str, str], dockerfile: str = "Dockerfile"
) -> RevisionFiles:
    """Read the files of a build's context, as a clone in `folder` has them; raises SourceError where it has them not.

    What a client leaves out is by the commit's own .dockerignore, or the one beside its Dockerfile, a path from the
    context on; raises UsageError for one that Docker refuses.
    """
    clone = _Clone(folder, environment)
    entries = clone.entries(revision)
    ids = {path: object_ for _, object_, path in entries}
    links = {object_ for mode, object_, _ in entries if mode == LINK}
    ignores = [ids[path] for name in (f"{dockerfile}.dockerignore", ".dockerignore") if (path := name.encode()) in ids]
    attributes = [object_ for _, object_, path in entries if path.rpartition(b"/")[2] == b".gitattributes"]
    attributes += clone.attributes_above(revision)
    texts = clone.contents({*links, *ignores, *attributes})
    if any(_LFS in texts[object_] for object_ in attributes):
        sizes = clone.sizes({object_ for mode, object_, _ in entries if mode not in (LINK, SUBMODULE)})
        texts |= clone.contents(object_ for object_, size in sizes.items() if size in _POINTER_SIZES)
    ignore = texts[ignores[0]] if ignores and not revision.by_git else b""
    return RevisionFiles(
        tuple(_file(mode, object_, path, texts.get(object_, b"")) for mode, object_, path in entries),
        parse_ignore(ignore.decode("utf-8", "surrogateescape")),
        revision.dirty,
        revision.by_git,
    )


def _file(mode: int, object_: str, path: bytes, text: bytes) -> GitFile:
    if mode == LINK:
        return GitFile(path, mode, object_, text)
    return GitFile(path, mode, object_, is_pointer=text.startswith(_POINTER))


class _Clone:
    """The objects of a clone."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._git = Git(folder, environment)

    def entries(self, revision: Revision) -> list[tuple[int, str, bytes]]:
        """Return mode, id and path of all that a commit has in the folder of a context."""
        if not re.fullmatch("[0-9a-f]{40}|[0-9a-f]{64}", revision.commit):
            raise SourceError(f"{revision.commit!r} is not the full id of a commit", title=_TITLE)
        if not self._says("rev-parse", "--git-dir"):
            raise SourceError(f"{self._folder} is not in a clone of {revision.source or 'it'}", title=_TITLE)
        if self._says("cat-file", "-t", revision.commit) != b"commit":
            shallow = self._says("rev-parse", "--is-shallow-repository") == b"true"
            raise SourceError(
                f"{revision.commit} is not in the clone {self._folder}{', which is shallow' if shallow else ''}",
                title=_TITLE,
                hint=f"Fetch it: git fetch origin {revision.commit}",
            )
        place = f"{revision.commit}:{revision.folder}"
        if ".." in PurePosixPath(revision.folder).parts or self._says("cat-file", "-t", place) != b"tree":
            raise SourceError(f"{revision.commit} has no folder {revision.folder}", title=_TITLE)
        told = self._git.output("ls-tree", "-r", "-z", "--full-tree", place, settings=_OFFLINE)
        lines = (line.partition(b"\t") for line in told.split(b"\0") if line)
        return [(int(words.split()[0], 8), words.split()[2].decode(), path) for words, _, path in lines]

    def attributes_above(self, revision: Revision) -> list[str]:
        """Return the ids of the .gitattributes in the folders that a context is in."""
        folders = PurePosixPath(revision.folder, ".gitattributes").parents[1:]
        places = (f"{revision.commit}:{folder / '.gitattributes'}" for folder in folders)
        found = (self._says("rev-parse", "--verify", "--quiet", place).decode() for place in places)
        return [object_ for object_ in found if object_]

    def sizes(self, objects: Iterable[str]) -> dict[str, int]:
        """Return the bytes of contents; raises SourceError where the clone has not all."""
        asked = tuple(objects)
        told = self._batch("--batch-check=%(objectname) %(objectsize)", asked)
        words = [line.split() for line in told.splitlines()]
        if len(words) < len(asked) or any(size == b"missing" for _, size in words):
            raise self._incomplete()
        return {object_.decode(): int(size) for object_, size in words}

    def contents(self, objects: Iterable[str]) -> dict[str, bytes]:
        """Return contents; raises SourceError where the clone has not all."""
        asked = tuple(objects)
        told, at = self._batch("--batch=%(objectsize)", asked), 0
        found = {}
        for object_ in asked:
            size, _, _ = told[at : at + _LONGEST_HEADER].partition(b"\n")
            if not size.isdigit():
                raise self._incomplete()
            begins = at + len(size) + 1
            at = begins + int(size) + 1
            found[object_] = told[begins : at - 1]
        return found

    def _incomplete(self) -> SourceError:
        return SourceError(
            f"the clone {self._folder} has not all that the commit holds, or did not tell it in time",
            title=_TITLE,
            hint="It may have been made with --filter: fetch the commit in full.",
        )

    def _batch(self, how: str, objects: Sequence[str]) -> bytes:
        asked = "".join(f"{one}\n" for one in objects).encode()
        return self._git.output("cat-file", how, settings=_OFFLINE, told=asked) if asked else b""

    def _says(self, *words: str) -> bytes:
        return self._git.output(*words, settings=_OFFLINE).strip()
