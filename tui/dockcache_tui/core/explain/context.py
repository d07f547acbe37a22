"""A build context: its files as a client sends them, and as its builder then has them."""

import stat
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from dockcache_tui.core.builds.build import SourceFile
from dockcache_tui.core.explain.tree import Entry, PathKind, Tree

_KINDS = {stat.S_IFLNK: PathKind.LINK, stat.S_IFDIR: PathKind.FOLDER}


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file, folder, link, fifo, socket or device; a client sends each as one of user and group 0."""

    path: bytes
    """Relative, with slashes."""
    mode: int
    """Type and permissions, as in stat."""
    digest: str = ""
    """BuildKit's, of its header and, for a file, its bytes; empty where it could not be read."""
    size: int = 0
    mtime_ns: int = 0
    content: str = ""
    """SHA-256 of a file's bytes alone, hexadecimal."""
    link: bytes = b""
    """What a symbolic link points to."""
    hard_link: bytes = b""
    """The path, sent before it, of which it is a hard link."""
    device: tuple[int, int] = (0, 0)
    xattrs: tuple[tuple[bytes, bytes], ...] = ()
    """Those that count, by name."""
    error: str = ""
    """Why it could not be read."""


@dataclass(frozen=True)
class Context:
    """All that a build may take from one folder, by path in byte order."""

    name: str
    """What operations call it: `context`, or the name of a named one."""
    root: str
    files: tuple[SentFile, ...] = ()
    kept: tuple[SentFile, ...] = ()
    """Files as the builder kept them from before, since it saw no difference to those here."""
    unsure: tuple[bytes, ...] = ()
    """Paths that changed while the builder took them, or of which its copy is not known.

    An empty one is the root: files in it came or went.
    """
    ignore: SourceFile | None = None
    """Its .dockerignore, without a text where there is none; None where that is not known."""
    manifests: tuple[SourceFile, ...] = ()
    """The files at its top that tell what its project depends on."""

    @cached_property
    def by_path(self) -> Mapping[bytes, SentFile]:
        """The files as the builder has them; what is not surely known of them is of no digest."""
        found = {file.path: file for file in (*self.files, *self.kept)}
        return found | {path: replace(found[path], digest="") for path in self.unsure if path in found}

    @cached_property
    def tree(self) -> Tree:
        """The same as they are hashed, with what came or went meanwhile."""
        more = (Entry(path, PathKind.FILE, "") for path in self.unsure if path and path not in self.by_path)
        entries = (*map(_entry, self.by_path.values()), *more)
        return Tree(entries, root_header="") if b"" in self.unsure else Tree(entries)

    def tree_from(self, other: "Context") -> Tree:
        """Return the tree, made from that of a context that has mostly the same files."""
        if self.unsure or other.unsure:
            return self.tree
        before, after = other.by_path, self.by_path
        changed = [
            file for path, file in after.items() if not ((old := before.get(path)) is file or _is_like(old, file))
        ]
        return other.tree.changed(map(_entry, changed), before.keys() - after.keys())


def _is_like(old: SentFile | None, new: SentFile) -> bool:
    """Tell whether two files are hashed alike."""
    return old is not None and old.digest == new.digest and (old.mode, old.link) == (new.mode, new.link)


def _entry(file: SentFile) -> Entry:
    return Entry(file.path, _kind(file.mode), file.digest, file.link)


def _kind(mode: int) -> PathKind:
    return _KINDS.get(stat.S_IFMT(mode), PathKind.FILE)
