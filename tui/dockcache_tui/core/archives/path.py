"""Paths inside an image: what a tar member's name means, what a whiteout removes, where symlinks lead."""

from collections.abc import Callable

from dockcache_tui.core.archives.file_entry import FileKind

MAX_NAME, MAX_PART = 4095, 255
"""Bytes of a path, and of each name in it, that Linux takes (PATH_MAX without its NUL, NAME_MAX)."""

_WHITEOUT, _META, _OPAQUE = ".wh.", ".wh..wh.", ".wh..wh..opq"


def path_of(name: str) -> tuple[str, str]:
    """Return the path under the image's root, `` for the root itself, and what is wrong with the name.

    As engines do it: names are cleaned and nothing leads out of the root. One too long for any system has no path.
    """
    parts = [part for part in name.split("/") if part and part != "."]
    reason = "" if name else "a member without a name"
    if name.startswith("/") and parts:
        reason = "an absolute name"
    if ".." in parts:
        kept: list[str] = []
        for part in parts:
            if part != "..":
                kept.append(part)
            elif kept:
                kept.pop()
            else:
                reason = "a name that leads out of the image"
        parts = kept
    path = "/".join(parts)
    if (length := length_of(path)) > MAX_NAME:
        return "", f"a name of {length:,} bytes: engines refuse it"
    if "\0" in path:
        return path.replace("\0", ""), "a name that holds a NUL"
    return path, reason


def length_of(name: str) -> int:
    """Return how many bytes a name has on Linux."""
    return len(name) if name.isascii() else len(name.encode("utf-8", "surrogateescape"))


def longest_part(path: str) -> int:
    """Return the bytes of the longest name in a path."""
    return max(map(length_of, path.split("/")))


def holds(path: str, text: str) -> bool:
    """Tell whether a path holds a text, in whatever case; a text that begins with `/` or `./` begins a name."""
    wanted = text.removeprefix(".") if text.startswith("./") else text
    return wanted.casefold() in f"/{path}".casefold()


def leads_out(folder: str, link: str) -> bool:
    """Tell whether a link in a folder climbs out of the image, going by names alone as engines do."""
    depth = 0 if link.startswith("/") or not folder else folder.count("/") + 1
    for part in link.split("/"):
        if part == "..":
            depth -= 1
        elif part not in ("", "."):
            depth += 1
        if depth < 0:
            return True
    return False


def whiteout_of(path: str) -> tuple[str, FileKind] | None:
    """Return what a whiteout removes: a path, or with OPAQUE all below one; None for any other path.

    What AUFS left in layers of old, and a whiteout of nothing, is a WHITEOUT of ``: it means nothing.
    """
    folder, slash, name = path.rpartition("/")
    if not name.startswith(_WHITEOUT):
        return None
    if name == _OPAQUE:
        return folder, FileKind.OPAQUE
    hidden = name.removeprefix(_WHITEOUT)
    if name.startswith(_META) or hidden in {"", ".", ".."}:
        return "", FileKind.WHITEOUT
    return folder + slash + hidden, FileKind.WHITEOUT


def is_bare(path: str) -> bool:
    """Tell whether a path is a whiteout that names nothing to remove: `.wh.`, `.wh..`, `.wh...`."""
    return path.rpartition("/")[2] in {_WHITEOUT, f"{_WHITEOUT}.", f"{_WHITEOUT}.."}


def order_of(path: str) -> bytes:
    """Return what paths are sorted by: all below a folder comes right after it."""
    return path.encode("utf-8", "surrogateescape").replace(b"/", b"\0")


def path_in_order(key: bytes) -> str:
    """Return the path that sorts so."""
    return key.replace(b"\0", b"/").decode("utf-8", "surrogateescape")


class NowhereError(Exception):
    """Symlinks without end, or to a path that no system takes; says which."""


def followed(folder: str, path: str, link_of: Callable[[str], str | None], most: int) -> str:
    """Return where a path in a folder leads after at most so many symlinks; raises NowhereError.

    `link_of` tells of a path, whose folder has no symlink in it, what it links to: None for what is no symlink. It is
    asked of every folder before it is asked of what is in it.
    """
    done, todo = folder.split("/") if folder else [], path.split("/")[::-1]
    while todo:
        part = todo.pop()
        if part in ("", "."):
            continue
        if part == "..":
            del done[-1:]
            continue
        done.append(part)
        link = link_of("/".join(done))
        if link is None:
            continue
        most -= 1
        if most < 0:
            raise NowhereError("symlinks without end")
        done = [] if link.startswith("/") else done[:-1]
        todo += reversed(link.split("/"))
    place = "/".join(done)
    if len(place) > MAX_NAME:
        raise NowhereError(f"symlinks that lead to a name of {len(place):,} characters")
    return place
