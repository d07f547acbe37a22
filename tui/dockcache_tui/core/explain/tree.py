"""The files of a context or stage as BuildKit's content hash keeps them, and the digest of what stands at a path.

Rules as in BuildKit's cache/contenthash. A key is a path with NUL for each slash; a folder has two: one for all that
is in it, and one ending in NUL for its header.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256

from dockcache_tui.core.explain.go_json import digest

_MAX_LINKS = 255
_ROOT_HEADER = digest(b"")
"""The root of what a client sends has no header: its mode is nothing."""


class PathKind(Enum):
    """What stands under a key."""

    FILE = "file"
    LINK = "link"
    FOLDER = "folder"
    HEADER = "header"


@dataclass(frozen=True, slots=True)
class Entry:
    """One file, link or folder: `path` is relative, `digest` that of its header and, for a file, its bytes.

    An empty digest is one that is not known; neither is then that of a folder around it.
    """

    path: bytes
    kind: PathKind
    digest: str
    link: bytes = b""


@dataclass(frozen=True, slots=True)
class PathNode:
    """What stands under a key; the digest of a whole folder is worked out when asked for."""

    kind: PathKind
    digest: str = ""
    link: bytes = b""


class Tree:
    """Files by their keys."""

    def __init__(self, entries: Iterable[Entry], root_header: str = _ROOT_HEADER) -> None:
        """Take all entries; `root_header` is the digest of a stage's own root."""
        self._nodes: dict[bytes, PathNode] = {
            b"": PathNode(PathKind.FOLDER),
            b"\0": PathNode(PathKind.HEADER, root_header),
        }
        self._take(entries)
        self._folders: dict[bytes, str] = {}
        self._stale = {key for key, node in self._nodes.items() if node.kind is PathKind.FOLDER}
        """Folders whose digest is yet to be worked out."""

    def changed(self, entries: Iterable[Entry], gone: Iterable[bytes]) -> "Tree":
        """Return it with entries in place of those at their paths, and without others; what is equal is shared."""
        other, entries = Tree(()), tuple(entries)
        other._nodes = self._nodes.copy()
        dirty = set[bytes]()
        for path in (*gone, *(entry.path for entry in entries)):
            key = key_of(b"/" + path)
            other._nodes.pop(key, None)
            other._nodes.pop(key + b"\0", None)
            while key:
                dirty.add(key)
                key = key.rpartition(b"\0")[0]
        other._take(entries)
        if other._nodes.keys() == self._nodes.keys():
            other._keys = self._keys
        stale = self._stale | dirty | {b""}
        other._folders = {key: digest for key, digest in self._folders.items() if key not in stale}
        other._stale = {key for key in stale if key in other._nodes and other.kind(key) is PathKind.FOLDER}
        return other

    def _take(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            key = key_of(b"/" + entry.path)
            if entry.kind is PathKind.FOLDER:
                self._nodes[key] = PathNode(PathKind.FOLDER)
                self._nodes[key + b"\0"] = PathNode(PathKind.HEADER, entry.digest)
            else:
                self._nodes[key] = PathNode(entry.kind, entry.digest, entry.link)
        self._keys = sorted(self._nodes)

    def keys_from(self, key: bytes) -> Iterator[bytes]:
        """Yield all keys from one on."""
        for number in range(bisect_left(self._keys, key), len(self._keys)):
            yield self._keys[number]

    def kind(self, key: bytes) -> PathKind:
        """Return what stands under a key that is there."""
        return self._nodes[key].kind

    def digest(self, key: bytes) -> str:
        """Return the digest of what stands under a key that is there, empty where it is not known."""
        if self._nodes[key].kind is not PathKind.FOLDER:
            return self._nodes[key].digest
        for folder in sorted(self._stale, reverse=True):  # those inside others first
            self._folders[folder] = self._of_folder(folder)
        self._stale = set()
        return self._folders[key]

    def at(self, path: bytes, *, follows: bool) -> str | None:
        """Return the digest of what stands at an absolute path, None where nothing does or it is not known."""
        key = self.resolve(path, follows=follows)
        return None if key is None else self.digest(key) or None

    def resolve(self, path: bytes, *, follows: bool) -> bytes | None:
        """Return the key at an absolute path, links on the way followed, None where nothing stands there."""
        key = key_of(path)
        if key in self._nodes and not (follows and self._nodes[key].kind is PathKind.LINK):
            return key
        parts = path.split(b"/")[::-1]
        here: list[bytes] = []
        links = 0
        while parts:
            part = parts.pop()
            if part == b"..":
                here = here[:-1]
            elif part not in (b"", b"."):
                here.append(part)
            node = self._nodes.get(key_of(b"/" + b"/".join(here)))
            if node is None or node.kind is not PathKind.LINK or not (follows or any(parts)):
                continue
            links += 1
            if links > _MAX_LINKS:
                return None
            here = [] if node.link.startswith(b"/") else here[:-1]
            parts += node.link.split(b"/")[::-1]
        key = key_of(b"/" + b"/".join(here))
        return key if key in self._nodes else None

    def _of_folder(self, key: bytes) -> str:
        """Return the digest of a whole folder; those of the folders inside it are known."""
        hashed, known = sha256(), True
        for child in self._children(key):
            of_child = self._nodes[child].digest or self._folders.get(child, "")
            hashed.update(child[len(key) :] + of_child.encode())
            known = known and bool(of_child)
        return f"sha256:{hashed.hexdigest()}" if known else ""

    def _children(self, key: bytes) -> Iterator[bytes]:
        """Yield the keys that a folder's digest is made of: its header, then what is in it."""
        inside = key + b"\0"
        number = bisect_left(self._keys, inside)
        while number < len(self._keys) and self._keys[number].startswith(inside):
            child = self._keys[number]
            yield child
            number += 1
            if self._nodes[child].kind is PathKind.FOLDER:  # of which names from byte 255 on are not skipped, as there
                number = bisect_left(self._keys, child + b"\0\xff")


def key_of(path: bytes) -> bytes:
    """Return the key of a clean absolute path."""
    return path.rstrip(b"/").replace(b"/", b"\0")


def path_of(key: bytes) -> bytes:
    """Return the absolute path of a key; a header's ends in a slash."""
    return key.replace(b"\0", b"/")
