"""Names of one file in a layer, some of them hidden by the next."""

import tarfile
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import pytest

from dockcache_tui.sources.archives.image_files import ImageFiles
from dockcache_tui.sources.archives.local import LocalArchives
from sources.archive_files_making import as_tar, file, folder, link, oci, tar

Member = tarfile.TarInfo | tuple[tarfile.TarInfo, bytes]
BASE = tar(
    folder("a"),
    file("a/first", b"x" * 700),
    link("a/second", "a/first", hard=True),
    link("b", "./a/first", hard=True),
)


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


def test_a_hard_link_that_alone_shows_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has the file's digest and its bytes, and two archives differ in it as in any file."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    reading = LocalArchives()
    made = []
    for number, content in enumerate((b"old", b"new")):
        base = tar(file("first", content), link("second", "first", hard=True))
        made.append(as_tar(oci(tmp_path / str(number), [base, tar(file(".wh.first"))])))
    try:
        for one, content in zip(made, (b"old", b"new"), strict=True):
            (_, second) = reading.children(one.path, one.image)
            assert second.entry.digest == f"sha256:{sha256(content).hexdigest()}"
            assert reading.content(one.path, one.image, "second", limit=9) == content
        (image,) = reading.diff(made[0].path, made[1].path).images
        assert [(diff.path, diff.differs) for diff in image.files] == [("second", ("content",))]
    finally:
        reading.close()


@pytest.mark.parametrize(("bound", "most"), [("MAX_LOOKED_UP", 3), ("MAX_HELD", 0)])
def test_links_without_end_are_not_all_followed(
    bound: str, most: int, files: ImageFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is too much to look up or to hold counts where it is stored; the rest of the tree is as ever."""
    monkeypatch.setattr(f"dockcache_tui.sources.archives.layer_index.{bound}", most)
    made = as_tar(oci(tmp_path / "image", [BASE, tar(file("a/.wh.first"))]))
    found = {one.entry.path: (one.size, one.wasted) for one in files.children(made.path, made.image)}
    assert found == {"a": (0, 700), "b": (0, 0)}
