"""Archives cut at any byte: what was left is read, that something is missing is told, nothing else happens."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from dockcache_tui.core.archives.archive import Archive, ArchiveError
from dockcache_tui.sources.archives.reading import read_archive, verify_archive
from sources.layout_making import PACKINGS, Files, Layout, layer_tar, saved, streamed, zipped

PACKED = [packing for packing in PACKINGS if packing != "folder"]


def cuts(path: Path, step: int) -> Iterator[int]:
    """Cut a file shorter and shorter, beginning where no more than zeros would go; yields its length each time."""
    for size in range(len(path.read_bytes().rstrip(b"\0")) // step * step + step, -1, -step):
        os.truncate(path, size)
        yield size


def whole(path: Path) -> Archive:
    """Read an archive that nothing is missing of."""
    archive = verify_archive(path)
    assert not archive.faults
    return archive


def holds(path: Path, of: Archive, *, verify: bool) -> None:
    """Assert that what is read of a cut archive is of the whole one, and that what is missing is told."""
    found = None
    with suppress(ArchiveError):
        found = verify_archive(path) if verify else read_archive(path)
    if found is None:
        return
    assert {(blob.digest, blob.size) for blob in found.blobs} <= {(blob.digest, blob.size) for blob in of.blobs}
    assert {image.digest for image in found.images} <= {image.digest for image in of.images}
    if not found.faults:  # only what fills a tar up was cut off
        assert set(found.blobs) == set(of.blobs)
        assert [image.digest for image in found.images] == [image.digest for image in of.images]


@pytest.mark.parametrize("packing", PACKED)
def test_a_tiny_archive_may_be_cut_at_every_byte(packing: str, tmp_path: Path) -> None:
    """An image of one layer, in every packing, one byte shorter each time."""
    path = tmp_path / "archive"
    layout = Layout()
    PACKINGS[packing](layout.end(layout.image(layer_tar(a="one"), pack="gz")), path)
    of = whole(path)
    for _ in cuts(path, 7 if packing == "tar in zip" else 1):
        holds(path, of, verify=False)


def test_a_tiny_docker_save_may_be_cut_at_every_byte(tmp_path: Path) -> None:
    """The older layout has its manifest near the end; without it the configs tell of the images."""
    path = tmp_path / "archive"
    PACKINGS["tar"](saved(b"tar"), path)
    of = read_archive(path)
    for _ in cuts(path, 1):
        holds(path, of, verify=False)


@pytest.mark.parametrize("packing", ["tar", "tar.gz", "tar.zst", "tar in zip, deflated"])
def test_an_archive_may_be_cut_at_every_4_kib(packing: str, tmp_path: Path) -> None:
    """Layers of a megabyte: every blob that is left is verified too."""
    path = tmp_path / "archive"
    layout = Layout()
    image = layout.image(layer_tar(a=_noise(300)), layer_tar(b=_noise(100)), pack="gz")
    PACKINGS[packing](layout.end(image, layout.image(layer_tar(c="c"))), path)
    of = whole(path)
    count = 0
    for _ in cuts(path, 4096):
        holds(path, of, verify=True)
        count += 1
    assert count > 100


def _noise(kilobytes: int) -> str:
    return os.urandom(kilobytes * 1000).hex()


def test_of_a_cut_archive_the_images_that_are_whole_are_shown(tmp_path: Path) -> None:
    """Cut before its index, at the end of all blobs, an archive still shows every image with its steps."""
    path = tmp_path / "archive"
    layout = Layout()
    PACKINGS["tar"](layout.end(layout.image(layer_tar(a="one"))), path)
    of = whole(path)
    data = path.read_bytes()
    os.truncate(path, data.index(b"index.json"))
    found = read_archive(path)
    assert [image.layers for image in found.images] == [image.layers for image in of.images]
    assert [str(fault) for fault in found.faults] == [
        f"at byte {data.index(b'index.json'):,}: the tar has no end marker; it may be cut",
        "index.json: is not in the archive",
    ]


@pytest.mark.parametrize("zipping", [zipped, streamed])
def test_of_a_cut_zip_every_whole_member_is_shown(zipping: Callable[[Files], bytes], tmp_path: Path) -> None:
    """A folder in a zip that lost its directory, or a last member too, is read as far as it goes."""
    path = tmp_path / "archive"
    layout = Layout()
    files = layout.end(layout.image(layer_tar(a="one"), pack="gz")) | {"zlast": os.urandom(5_000)}
    data = zipping(files)
    path.write_bytes(data)
    of = whole(path)
    for cut in (data.index(b"PK\x01\x02"), data.index(b"zlast") + 2_000):
        path.write_bytes(data[:cut])
        found = verify_archive(path)
        assert [image.layers for image in found.images] == [image.layers for image in of.images]
        (fault,) = found.faults
        assert "the zip's directory can't be read" in fault.reason
        assert fault.offset == cut


def test_of_a_cut_docker_save_the_steps_are_shown(tmp_path: Path) -> None:
    """Cut before its manifest, the older layout shows the images that its configs tell of, their layers missing."""
    path = tmp_path / "archive"
    PACKINGS["tar"](saved(layer_tar(a="one")), path)
    of = whole(path)
    os.truncate(path, path.read_bytes().index(b"manifest.json") + 100)
    found = read_archive(path)
    assert [image.digest for image in found.images] == [image.digest for image in of.images]
    assert [layer.created_by for layer in found.images[0].layers] == [layer.created_by for layer in of.images[0].layers]
    assert any("cut inside a header" in fault.reason for fault in found.faults)
