"""What a layer says of each path when all its members are read: the last of equal names stays."""

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

from dockcache_tui.core.images.file_entry import FileEntry, FileKind

WHITEOUTS = frozenset({FileKind.WHITEOUT, FileKind.OPAQUE})


def settle(entries: Iterable[FileEntry], dropped: Callable[[FileEntry], None]) -> Iterator[FileEntry]:
    """Yield of entries in `order_of` order (equal paths as they were read) those that stand, whiteouts first.

    Whiteouts are for the layers below only, whatever their place among the members (OCI image specification). What
    lies below something that is no folder can't be unpacked: it is `dropped`.
    """
    blocked = ""
    for path, same in groupby(entries, key=lambda entry: entry.path):
        last: FileEntry | None = None
        kinds: dict[FileKind, FileEntry] = {}
        for entry in same:
            if entry.kind in WHITEOUTS:
                kinds[entry.kind] = entry
            else:
                last = entry
        if blocked and path.startswith(blocked):
            if last:
                dropped(last)
            continue
        yield from kinds.values()
        if last:
            yield last
            blocked = "" if last.kind is FileKind.FOLDER else f"{path}/"
