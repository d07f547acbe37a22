"""Names of one file in a layer, some of them hidden by the next."""

import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from dockcache_tui.sources.archives.image_files import ImageFiles
from dockcache_tui.sources.archives.index_folder import IndexFolder
from dockcache_tui.sources.archives.reading import read_archive
from sources.archive_files_making import as_tar, file, folder, link, oci, tar

Member = tarfile.TarInfo | tuple[tarfile.TarInfo, bytes]
BASE = tar(
    folder("a"),
    file("a/first", b"x" * 700),
    link("a/second", "a/first", hard=True),
    link("b", "./a/first", hard=True),
)


@pytest.fixture
def files(tmp_path: Path) -> Iterator[ImageFiles]:
    """What reads the files of archives, with a cache folder of its own."""
    found = ImageFiles(read_archive, IndexFolder(tmp_path / "cache"))
    yield found
    found.close()


@pytest.mark.parametrize(
    ("hiding", "wasted", "sizes"),
    [
        ((file("a/.wh.first"),), 0, {"a": 700, "b": 0}),
        ((file("a/.wh.second"),), 0, {"a": 700, "b": 0}),
        ((file("a/first", b"new"),), 0, {"a": 703, "b": 0}),
        ((file(".wh.a"),), 0, {"a": 0, "b": 700}),
        ((folder("a"), file("a/.wh..wh..opq")), 0, {"a": 0, "b": 700}),
        ((file("a", b"now a file"),), 0, {"a": 10, "b": 700}),
        ((file(".wh.a"), file(".wh.b")), 700, {"a": 0, "b": 0}),
    ],
)
def test_bytes_are_wasted_with_the_last_of_their_names(
    files: ImageFiles, tmp_path: Path, hiding: Sequence[Member], wasted: int, sizes: dict[str, int]
) -> None:
    """While one name shows a file it counts there; only when all are hidden its bytes are wasted."""
    made = as_tar(oci(tmp_path / "image", [BASE, tar(*hiding)]))
    found = files.children(made.path, made.image)
    assert {one.entry.path: one.size for one in found} == sizes
    assert sum(one.wasted for one in found) == wasted
