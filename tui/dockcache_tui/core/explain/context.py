"""A build context: its files as a client sends them, and as its builder then has them."""

import stat
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
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

    @property
    def tree(self) -> Tree:
        """The files as the builder has them; what is not known of them is of no digest."""
        found = {file.path: file for file in (*self.files, *self.kept)}
        for path in self.unsure:
            file = found.get(path, SentFile(path, stat.S_IFREG))
            found[path] = SentFile(path, file.mode, link=file.link)
        root = found.pop(b"", None)
        entries = (Entry(one.path, _kind(one.mode), one.digest, one.link) for one in found.values())
        return Tree(entries) if root is None else Tree(entries, root_header="")


def _kind(mode: int) -> PathKind:
    return _KINDS.get(stat.S_IFMT(mode), PathKind.FILE)
