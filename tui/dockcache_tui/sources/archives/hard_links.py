"""Hard links across layers: a file whose first name is gone is not wasted while another name still shows it."""

from collections.abc import Mapping, Sequence

from dockcache_tui.core.archives.file_entry import FileEntry
from dockcache_tui.sources.archives.layer_index import LayerIndex

MAX_LOOKED_UP = 1_000_000
"""So often it is asked whether a layer has something at a path; what is left then counts where it is stored."""

MAX_HELD = 100_000
"""So many links and targets of a layer are held in memory; what is left then counts where it is stored too."""


def heirs(layers: Sequence[LayerIndex]) -> Mapping[tuple[int, str], FileEntry]:
    """Return by layer and path the hard links that still show a file whose own name a later layer hides."""
    found: dict[tuple[int, str], FileEntry] = {}
    looked_up = 0
    for number, layer in enumerate(layers[:-1]):
        above = layers[number + 1 :]
        hidden: dict[str, FileEntry | None] = {}
        for path, target in layer.hard_links():
            asked = (path, target) if target not in hidden else (path,)
            looked_up += len(above) * sum(one.count("/") + 1 for one in asked)
            if looked_up > MAX_LOOKED_UP or len(found) + len(hidden) >= MAX_HELD:
                return found
            if target not in hidden:
                hidden[target] = layer.file(target) if any(later.hides(target) for later in above) else None
            file = hidden[target]
            if file and not any(later.hides(path) for later in above):
                found[number, path] = file
    return found


def moved_bytes(shown: Mapping[tuple[int, str], FileEntry]) -> dict[tuple[int, str], int]:
    """Return what the paths of files count for that other names show: the first of these has the bytes."""
    moved: dict[tuple[int, str], int] = {}
    for (number, path), file in shown.items():
        if (number, file.path) not in moved:
            moved[number, file.path] = 0
            moved[number, path] = file.size
    return moved
