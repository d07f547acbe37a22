"""What makes two archives differ is told in the app as on the command line."""

from dockcache_tui.core.archives.archive import Fault, Image, Layer
from dockcache_tui.core.archives.diff import ArchiveDiff, FileDiff, ImageDiff, LayerDiff
from dockcache_tui.core.archives.file_entry import FileEntry, FileKind
from dockcache_tui.ui.archives.texts import MAX_FILES, diff_text

FIRST, SECOND = (Image(f"sha256:{name}", (Layer(name, 1),), "linux/amd64") for name in "ab")
ENTRY = FileEntry("x\x1b[1m", FileKind.FILE)


def test_the_cause_comes_first_and_what_could_not_be_read_last() -> None:
    """One sentence, layers, as many paths as there are, and faults; nothing from the archives is acted upon."""
    layers = (LayerDiff(FIRST.layers[0], None), LayerDiff(None, SECOND.layers[0]))
    files = (FileDiff(ENTRY.path, ENTRY, ENTRY, ("time",)),) * (MAX_FILES + 1)
    image = ImageDiff(
        "linux/amd64",
        FIRST,
        SECOND,
        layers,
        files,
        counts=(("time", MAX_FILES + 10),),
        left_off=9,
        paths=MAX_FILES + 10,
    )
    text = diff_text(("a.tar", "b.tar"), ArchiveDiff((image,), (Fault("is cut", digest="sha256:b"),))).plain
    assert "Only times differ, of 2,010 paths" in text
    assert "2,010 paths that differ\n" in text
    assert "  and 10 more\n" in text
    assert "  ~ x␛[1m  time None -> None\n" in text
    assert text.endswith("What could not be read may look like a difference:\n  sha256:b: is cut\n")
