"""A build context: its files as a client sends them, and as its builder then has them."""

import stat
from dataclasses import dataclass

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
    """Paths that changed while the builder took them, or of which its copy is not known."""

    @property
    def tree(self) -> Tree:
        """The files as the builder has them; what is not known of them is of no digest."""
        files = {file.path: file for file in (*self.files, *self.kept)}
        unsure = frozenset(self.unsure)
        return Tree(_entry(file, known=file.path not in unsure) for file in files.values())


def _entry(file: SentFile, *, known: bool) -> Entry:
    kind = _KINDS.get(stat.S_IFMT(file.mode), PathKind.FILE)
    return Entry(file.path, kind, file.digest if known else "", file.link)
