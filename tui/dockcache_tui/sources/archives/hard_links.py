"""Hard links across layers: a file whose first name is gone is not wasted while another name still shows it."""

from collections.abc import Sequence

from dockcache_tui.core.images.overlay import Moved
from dockcache_tui.sources.archives.layer_index import LayerIndex

MOST_LINKS = 100_000
"""Of an image so many hard links are followed; what others show counts where it is stored."""


def moved_bytes(layers: Sequence[LayerIndex]) -> Moved:
    """Return what names of hard-linked files count for where a later layer hides the name that the bytes are under."""
    moved: dict[tuple[int, str], int] = {}
    followed = 0
    for number, layer in enumerate(layers[:-1]):
        above = layers[number + 1 :]
        hidden: dict[str, bool] = {}
        for path, target in layer.hard_links():
            followed += 1
            if followed > MOST_LINKS:
                return moved
            if target not in hidden:
                hidden[target] = any(later.hides(target) for later in above)
            if hidden[target] and (number, target) not in moved and not any(later.hides(path) for later in above):
                moved[number, path] = layer.size(target)
                moved[number, target] = 0
    return moved
