"""What makes two archives differ is told in the app as on the command line."""

from dockcache_tui.core.archives.archive import Fault, Image, Layer
from dockcache_tui.core.archives.diff import ArchiveDiff, ImageDiff, LayerDiff
from dockcache_tui.ui.archives.screens import diff_text

FIRST, SECOND = (Image(f"sha256:{name}", (Layer(name, 1),), "linux/amd64") for name in "ab")


def test_the_cause_comes_first_and_what_could_not_be_read_last() -> None:
    """One sentence, layers, the config and faults; nothing from the archives is acted upon."""
    layers = (LayerDiff(FIRST.layers[0], None), LayerDiff(None, SECOND.layers[0]))
    image = ImageDiff(
        "linux/amd64", FIRST, SECOND, layers, (), config=("x\x1b[1m",), counts=(("time", 2_010),), paths=2_010
    )
    text = diff_text(("a.tar", "b.tar"), ArchiveDiff((image,), (Fault("is cut", digest="sha256:b"),))).plain
    assert "Only times differ, of 2,010 paths" in text
    assert "  only in A        1 B  a\n" in text
    assert "  x␛[1m\n" in text
    assert text.endswith("What could not be read may look like a difference:\n  sha256:b: is cut")
