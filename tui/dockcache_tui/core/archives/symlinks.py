"""Where a path leads through symlinks, in a tree that nothing leads out of."""

from collections.abc import Callable

from dockcache_tui.core.archives.member_name import MAX_NAME


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
