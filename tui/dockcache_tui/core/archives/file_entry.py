"""A file of a layer as its tar header tells it, with its extended attributes, and what became of it in the image."""

import stat
import struct
from dataclasses import dataclass
from enum import StrEnum

from dockcache_tui.core.instant import Instant

_CAPABILITY = "security.capability"
_CAPABILITIES = (
    "chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap",
    "linux_immutable", "net_bind_service", "net_broadcast", "net_admin", "net_raw", "ipc_lock", "ipc_owner",
    "sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct", "sys_admin", "sys_boot", "sys_nice",
    "sys_resource", "sys_time", "sys_tty_config", "mknod", "lease", "audit_write", "audit_control", "setfcap",
    "mac_override", "mac_admin", "syslog", "wake_alarm", "block_suspend", "audit_read", "perfmon", "bpf",
    "checkpoint_restore",
)  # fmt: skip
"""By number: capabilities(7)."""
_WORDS = {1: 1, 2: 2, 3: 2}
"""Pairs of 32 bits, permitted and inheritable, that a version of the attribute has (linux/capability.h)."""


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


def xattr_text(name: str, value: bytes) -> str:
    """Return capabilities as getcap prints them, else the value as text, or in hex where it is not text."""
    if name == _CAPABILITY and (capabilities := _capabilities(value)):
        return capabilities
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text = ""
    return text if text.isprintable() and (text or not value) else f"0x{value.hex()}"


def _capabilities(value: bytes) -> str:
    """Return capabilities such as `cap_net_raw=ep`; empty for what is no such attribute."""
    words = _WORDS.get(value[3] if len(value) > 3 else 0, 0)
    if not words or len(value) != 4 + 8 * words + 4 * (value[3] == 3):
        return ""
    permitted = inheritable = 0
    for number, (may, inherits) in enumerate(struct.iter_unpack("<II", value[4 : 4 + 8 * words])):
        permitted |= may << 32 * number
        inheritable |= inherits << 32 * number
    named: dict[str, list[str]] = {}
    for number in range(64):
        may, inherits = permitted >> number & 1, inheritable >> number & 1
        if may or inherits:
            effective = value[0] & 1
            flags = "e" * effective + "i" * inherits + "p" * may
            name = _CAPABILITIES[number] if number < len(_CAPABILITIES) else str(number)
            named.setdefault(flags, []).append(f"cap_{name}" if number < len(_CAPABILITIES) else name)
    root = f" [rootid={int.from_bytes(value[-4:], 'little')}]" if value[3] == 3 else ""
    return " ".join(f"{','.join(names)}={flags}" for flags, names in named.items()) + root
