"""Archives of real engines cut short: what is left is read, the fault is named, nothing else happens."""

import gzip
import json
import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from dockcache_tui.cli.main import run
from dockcache_tui.core.archives.archive import Archive, ArchiveError
from dockcache_tui.sources.archives.reading import verify_archive
from dockcache_tui.sources.protocols import Archives
from engine.archive_making import Maker, in_zip

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

BLOCK = 4096
PACK: dict[str, Callable[[bytes], bytes]] = {"plain": bytes, "gz": gzip.compress, "zst": zstd.compress}


def whole(maker: Maker, name: str, packing: str, folder: Path) -> Path:
    """Return a sound archive to cut."""
    inner = maker.archive(name)
    path = folder / f"whole.{packing}"
    if packing == "zip":
        in_zip(inner, path)
    else:
        path.write_bytes(PACK[packing](inner.read_bytes()))
    return path


def look(archives: Archives, path: Path) -> Archive | None:
    """Read an archive and the roots of its images, as a user would; None where it can't be recognised."""
    try:
        read = archives.read(path)
    except ArchiveError:
        return None
    for image in read.images:
        with suppress(ArchiveError):
            archives.children(path, image.digest)
    return read


def layers_of(read: Archive | None) -> set[str]:
    """Return the digests of the layers that are there."""
    images = read.images if read else ()
    return {layer.digest for image in images for layer in image.layers if not layer.missing and not layer.empty}


@pytest.mark.parametrize("packing", [*PACK, "zip"])
@pytest.mark.parametrize("name", ["small-save", "small-save-graph", "small-zstd"])
def test_a_cut_at_every_block(name: str, packing: str, maker: Maker, archives: Archives, tmp_path: Path) -> None:
    """Cut anywhere, an archive is refused or its fault named; what it shows is true, not less than a shorter one."""
    content = whole(maker, name, packing, tmp_path)
    sound = archives.read(content)
    assert sound.faults == ()
    folder = tmp_path / "cut"
    folder.mkdir()
    path = folder / "archive"
    seen: set[str] = set()
    for end in range(0, content.stat().st_size, BLOCK):
        path.write_bytes(content.read_bytes()[:end])
        read = look(archives, path)
        assert [one.name for one in folder.iterdir()] == ["archive"]
        if read and not read.faults:  # only the padding at the end is missing
            assert (read.images, read.blobs) == (sound.images, sound.blobs)
        for fault in read.faults if read else ():
            assert fault.reason
            assert fault.digest or fault.member or fault.offset is not None
        assert seen <= layers_of(read) <= layers_of(sound)
        seen = layers_of(read)


@pytest.mark.parametrize("name", ["small-save", "small-save-graph", "small-zstd"])
def test_a_changed_byte_anywhere(name: str, maker: Maker, tmp_path: Path) -> None:
    """Whichever byte of an archive is another, that is found, unless it is one that nothing is read from."""
    content = bytearray(maker.archive(name).read_bytes())
    path = tmp_path / "archive.tar"
    path.write_bytes(content)
    sound = verify_archive(path)
    found = 0
    for place in range(0, len(content), 509):
        content[place] ^= 0x01
        path.write_bytes(content)
        content[place] ^= 0x01
        try:
            read = verify_archive(path)
        except ArchiveError:
            found += 1
            continue
        found += bool(read.faults)
        if not read.faults:
            assert (read.images, read.blobs) == (sound.images, sound.blobs)
    assert found > len(content) / 509 * 0.8  # nearly all are in the layers


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_show_of_a_cut_archive(share: float, maker: Maker, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`archive show` ends with 1 and says what is wrong, and what it prints is a document all the same."""
    content = maker.archive("small-save").read_bytes()
    path = tmp_path / "archive.tar"
    path.write_bytes(content[: int(len(content) * share)])
    assert run(["archive", "show", str(path), "--json"]) == 1
    said = capsys.readouterr()
    assert "Traceback" not in said.err + said.out
    assert said.err
    assert all(item["faults"] for item in json.loads(said.out)["items"])


def test_blobs_cut_or_gone_in_a_folder(maker: Maker, archives: Archives, tmp_path: Path) -> None:
    """Each blob of a folder, cut in half or gone, is named in a fault; an image that is gone is shown as missing."""
    sound = maker.archive("container-multi-folder")
    expected = archives.read(sound)
    for blob in expected.blobs:
        for cut in (True, False) if blob.media_type != "application/vnd.oci.empty.v1+json" else (True,):
            broken = tmp_path / "broken"
            shutil.copytree(sound, broken)
            file = broken / "blobs" / "sha256" / blob.digest.removeprefix("sha256:")
            if cut:
                file.write_bytes(file.read_bytes()[: blob.size // 2])
            else:
                file.unlink()
            read = look(archives, broken)
            assert read
            missing = {image.digest for image in read.images if image.missing}
            assert blob.digest in {fault.digest for fault in read.faults} | missing
            assert not missing or not cut
            shutil.rmtree(broken)


def test_a_changed_byte_in_a_layer(maker: Maker, archives: Archives, tmp_path: Path) -> None:
    """A layer whose bytes do not have its digest is named when it is verified, and when its files are read."""
    broken = tmp_path / "broken"
    shutil.copytree(maker.archive("container-folder"), broken)
    (image,) = archives.read(broken).images
    layer = next(one.digest for one in reversed(image.layers) if not one.empty)
    file = broken / "blobs" / "sha256" / layer.removeprefix("sha256:")
    content = bytearray(file.read_bytes())
    content[9] ^= 0xFF  # the operating system's field of gzip's header: everything unpacks as before
    file.write_bytes(content)
    assert archives.read(broken).faults == ()
    assert {fault.digest for fault in verify_archive(broken).faults} == {layer}
    assert {fault.digest for fault in archives.contents(broken, image.digest).faults} == {layer}
