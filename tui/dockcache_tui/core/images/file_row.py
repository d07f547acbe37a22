"""Files of images as JSON and CSV give them; the names are stable, see docs/archives.md."""

import stat
from collections.abc import Mapping
from typing import Any

from dockcache_tui.core import wording
from dockcache_tui.core.images.archive import Fault
from dockcache_tui.core.images.diff import FileDiff, ImageDiff, LayerDiff
from dockcache_tui.core.images.diffing import verdict
from dockcache_tui.core.images.file_entry import FileEntry, FileKind, TreeEntry
from dockcache_tui.core.images.xattr import xattr_text

Row = Mapping[str, Any]

FILE_COLUMNS = (
    "path", "kind", "change", "size", "wasted", "mode", "uid", "gid", "modified_at", "link", "digest", "device",
    "xattrs", "layer",
)  # fmt: skip
"""The columns of a file as a line of CSV."""

_TYPES = {
    FileKind.FILE: stat.S_IFREG,
    FileKind.HARDLINK: stat.S_IFREG,
    FileKind.FOLDER: stat.S_IFDIR,
    FileKind.SYMLINK: stat.S_IFLNK,
    FileKind.DEVICE: stat.S_IFCHR,
    FileKind.FIFO: stat.S_IFIFO,
}


def file_row(tree: TreeEntry) -> Row:
    """Return a path of a tree; a folder's `size` and `wasted` count all below it."""
    return {
        "path": tree.entry.path,
        "kind": tree.entry.kind.value,
        "change": tree.change.value,
        "size": tree.size,
        "wasted": tree.wasted,
        **_rights(tree.entry),
        "layer": tree.layer or None,
    }


def image_diff_row(diff: ImageDiff) -> Row:
    """Return one platform of two archives; null on the side that has it not."""
    return {
        "platform": diff.platform or None,
        "first": diff.first.digest if diff.first else None,
        "second": diff.second.digest if diff.second else None,
        "verdict": verdict(diff),
        "counts": dict(diff.counts),
        "layers": [_layer_row(layer) for layer in diff.layers],
        "config": list(diff.config),
        "paths": diff.paths,
        "files": [_diff_row(file) for file in diff.files],
        "files_left_off": diff.left_off,
    }


def fault_row(fault: Fault) -> Row:
    """Return what is wrong, and where."""
    place = {"digest": fault.digest or None, "member": fault.member or None, "offset": fault.offset}
    return {"reason": fault.reason, **place}


def mode_of(entry: FileEntry) -> str:
    """Return kind and rights as `ls -l` writes them."""
    kind = stat.S_IFBLK if entry.device.startswith("b") else _TYPES.get(entry.kind, 0)
    return stat.filemode(kind | entry.mode)


def name_marks(entry: FileEntry) -> str:
    """Return what follows a path where people read it: a folder's slash, where a link leads, extended attributes."""
    link = f" -> {entry.link}" if entry.link else "/" * (entry.kind is FileKind.FOLDER)
    return link + "".join(f" [{name}={xattr_text(name, value)}]" for name, value in entry.xattrs)


def size_of(tree: TreeEntry) -> str:
    """Return a size as people read it, of a device its numbers as `ls -l` has them there."""
    return tree.entry.device[2:] or wording.size(tree.size)


def _layer_row(layer: LayerDiff) -> Row:
    one = layer.first or layer.second
    return {
        "digest": one.digest if one else None,
        "first": layer.first is not None,
        "second": layer.second is not None,
        "size": one.size if one else None,
        "created_by": one.created_by if one else "",
    }


def _diff_row(file: FileDiff) -> Row:
    return {
        "path": file.path,
        "differs": list(file.differs),
        "first": _entry_row(file.first),
        "second": _entry_row(file.second),
    }


def _entry_row(entry: FileEntry | None) -> Row | None:
    return {"kind": entry.kind.value, "size": entry.size, **_rights(entry)} if entry else None


def _rights(entry: FileEntry) -> Row:
    return {
        "mode": mode_of(entry),
        "uid": entry.uid,
        "gid": entry.gid,
        "modified_at": str(entry.modified_at) if entry.modified_at else None,
        "link": entry.link or None,
        "digest": entry.digest or None,
        "device": entry.device or None,
        "xattrs": {name: xattr_text(name, value) for name, value in entry.xattrs},
    }
