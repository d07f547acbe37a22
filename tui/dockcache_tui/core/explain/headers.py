"""The header that BuildKit hashes before a file's bytes: what of a file besides its bytes counts."""

import stat
from collections.abc import Mapping

_TYPES = {
    stat.S_IFLNK: b"2",
    stat.S_IFCHR: b"3",
    stat.S_IFBLK: b"4",
    stat.S_IFDIR: b"5",
    stat.S_IFIFO: b"6",
}
_LINK_MODE = 0o777


def header(
    mode: int,
    size: int = 0,
    link: bytes = b"",
    *,
    owner: tuple[int, int] = (0, 0),
    device: tuple[int, int] = (0, 0),
    xattrs: Mapping[bytes, bytes] | None = None,
) -> bytes:
    """Return what a file's digest begins with; a file's bytes follow it.

    `mode` is as in stat. A client sends its files as those of user and group 0, so `owner` is for files of stages.
    """
    kind = stat.S_IFMT(mode)
    link_mode = kind == stat.S_IFLNK
    fields = (
        (b"name", b""),
        (b"mode", b"%d" % (_LINK_MODE if link_mode else stat.S_IMODE(mode))),
        (b"uid", b"%d" % owner[0]),
        (b"gid", b"%d" % owner[1]),
        (b"size", b"%d" % (size if kind == stat.S_IFREG else 0)),
        (b"typeflag", _TYPES.get(kind, b"0")),
        (b"linkname", link),
        (b"uname", b""),
        (b"gname", b""),
        (b"devmajor", b"%d" % device[0]),
        (b"devminor", b"%d" % device[1]),
    )
    counted = sorted((name, value) for name, value in (xattrs or {}).items() if counts(name))
    return b"".join(name + value for name, value in (*fields, *counted))


def counts(xattr: bytes) -> bool:
    """Tell whether an extended attribute counts."""
    return xattr == b"security.capability" or not xattr.startswith((b"security.", b"system."))
