"""A file of a layer as its tar header tells it, and what became of it in the image."""

import stat
from dataclasses import dataclass
from enum import StrEnum

from dockcache_tui.core.instant import Instant


class FileKind(StrEnum):
    """What a tar member is; whiteouts as the OCI image specification writes them (`.wh.name`, `.wh..wh..opq`)."""

    FILE = "file"
    FOLDER = "folder"
    SYMLINK = "symlink"
    HARDLINK = "hardlink"
    DEVICE = "device"
    FIFO = "fifo"
    WHITEOUT = "whiteout"
    OPAQUE = "opaque"


class LayerChange(StrEnum):
    """What a layer did to a path; `same` for what lies below a shown layer untouched."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One member of a layer's tar.

    `path` has no leading slash, `size` is in bytes, `mode` the permission bits, `digest` sha256 of its content,
    `device` kind and numbers as mknod takes them (`b 8:0`), `xattrs` extended attributes by name.
    """

    path: str
    kind: FileKind
    size: int = 0
    mode: int = 0
    uid: int = 0
    gid: int = 0
    modified_at: Instant | None = None
    link: str = ""
    digest: str = ""
    device: str = ""
    xattrs: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """A path of an image's tree: the entry (as it was, if removed) and the digest of the layer that put or removed it.

    `size` counts all below a folder, `wasted` the bytes of earlier layers that this path, and what is below, hides.
    """

    entry: FileEntry
    layer: str
    change: LayerChange
    size: int = 0
    wasted: int = 0
    children: int = 0


_TYPES = {
    FileKind.FILE: stat.S_IFREG,
    FileKind.HARDLINK: stat.S_IFREG,
    FileKind.FOLDER: stat.S_IFDIR,
    FileKind.SYMLINK: stat.S_IFLNK,
    FileKind.DEVICE: stat.S_IFCHR,
    FileKind.FIFO: stat.S_IFIFO,
}


def mode_of(entry: FileEntry) -> str:
    """Return kind and rights as `ls -l` writes them."""
    kind = stat.S_IFBLK if entry.device.startswith("b") else _TYPES.get(entry.kind, 0)
    return stat.filemode(kind | entry.mode)
