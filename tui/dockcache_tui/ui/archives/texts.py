"""What makes two archives differ, in words."""

from rich.text import Text

from dockcache_tui.core import wording
from dockcache_tui.core.archives.diff import ArchiveDiff, ImageDiff, verdict
from dockcache_tui.core.archives.engine_image import Loaded
from dockcache_tui.core.literal import literal


def diff_text(names: tuple[str, str], diff: ArchiveDiff) -> Text:
    """Return both sides, then what differs but for files: the cause in words, layers, configuration."""
    text = Text(f"A  {literal(names[0])}\nB  {literal(names[1])}\n\n")
    if diff.same:
        text.append("Nothing differs that a container could see.\n\n", "bold")
    for image in diff.images:
        _image(text, image)
    if diff.faults:
        text.append("What could not be read may look like a difference:\n", "bold")
    for fault in diff.faults:
        text.append(f"  {literal(str(fault))}\n")
    text.rstrip()
    return text


def _image(text: Text, image: ImageDiff) -> None:
    text.append(f"{literal(image.platform) or 'unknown platform'}\n", "bold underline")
    if image.first is None or image.second is None:
        text.append(f"only in {'B' if image.first is None else 'A'}\n\n")
        return
    text.append(f"{verdict(image)}\n")
    same = sum(layer.first is not None and layer.second is not None for layer in image.layers)
    text.append(f"{same} of {wording.count(len(image.layers), 'layer')} are the same\n")
    for layer in image.layers:
        if layer.first and layer.second:
            continue
        one, side = (layer.first, "A") if layer.first else (layer.second, "B")
        if one:
            text.append(f"  only in {side}  {wording.size(one.size):>9}  {literal(one.created_by or one.digest)}\n")
    for line in image.config:
        text.append(f"  {literal(line)}\n")
    text.append("\n")


def loaded_text(path: str, loaded: Loaded) -> Text:
    """Return what loading did: names, and of each layer whether the engine had it already."""
    text = Text(f"{literal(path)}\n\n")
    text.append(f"{wording.count(loaded.new, 'layer')} new, {loaded.kept} there already\n", "bold")
    for name in loaded.names:
        moved = "  (meant another image before)" if name in loaded.moved else ""
        text.append(f"{literal(name)}{moved}\n")
    for one in loaded.images:
        text.append(f"\n{literal(one.image.platform or one.image.digest)}\n", "bold underline")
        for layer, there in zip(one.image.layers, one.there, strict=True):
            told = {True: "✓ there", False: "+ new", None: "· empty" if layer.empty else "? unknown"}[there]
            text.append(f"  {told:<10} {wording.size(layer.size):>9}  {literal(layer.created_by or layer.digest)}\n")
    return text
