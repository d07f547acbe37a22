"""Packed streams unpacked piece by piece."""

import io
import lzma
import os
import subprocess
import tracemalloc
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from dockcache_tui.core.archives.archive import Archive, ArchiveError, BrokenArchiveError
from dockcache_tui.core.archives.file_entry import FileEntry
from dockcache_tui.sources.archives.layer_files import LayerFiles
from dockcache_tui.sources.archives.local import find_archives
from dockcache_tui.sources.archives.reading import read_archive, verify_archive
from dockcache_tui.sources.archives.unpacking import unpack
from sources.layout_making import PACKERS, Layout, as_folder, layer_tar, packed, sample, tar_of

TOOLS = {"gz": ["gzip"], "bz2": ["bzip2"], "xz": ["xz", "--check=sha256"], "zst": ["zstd", "--check"]}
"""What packs as `packing` when it is given bytes, with a checksum at the end."""


def by_tool(data: bytes, *words: str) -> bytes:
    """Pack bytes with the program people use."""
    return subprocess.run([*words, "-c"], input=data, capture_output=True, check=True, timeout=60).stdout


def files_of(layer: bytes) -> tuple[list[FileEntry], list[str]]:
    """Read a layer as it is stored; returns its files and what is told of it."""
    reading = LayerFiles(io.BytesIO(layer), lambda _: None)
    return [one.entry for one in reading], [str(fault) for fault in reading.faults]


def told(archive: Archive) -> list[str]:
    """Return what is wrong with an archive."""
    return [fault.reason for fault in archive.faults]


@pytest.mark.parametrize("packing", PACKERS)
@pytest.mark.parametrize("size", [0, 1, (1 << 16) - 1, 1 << 16, 1 << 17, (1 << 17) + 1, 1 << 20, 3_000_000])
def test_all_of_a_stream_comes_out(size: int, packing: str) -> None:
    """Whatever boundaries the packed pieces have, all is unpacked, and one byte less is a cut stream."""
    content = os.urandom(size // 2) + bytes(size - size // 2)
    packed = PACKERS[packing](content)
    assert unpack(io.BytesIO(packed), packing).read() == content
    with pytest.raises(BrokenArchiveError, match="cut"):
        unpack(io.BytesIO(packed[:-1]), packing).read()


@pytest.mark.parametrize("packing", TOOLS)
def test_what_the_tools_pack_is_read(packing: str, tmp_path: Path) -> None:
    """An archive and a layer packed by gzip, bzip2, xz or zstd hold the same images and files as the plain ones."""
    plain, layer = tar_of(sample()), layer_tar(a="one", b="two")
    (tmp_path / "plain").write_bytes(plain)
    (tmp_path / "packed").write_bytes(by_tool(plain, *TOOLS[packing]))
    found = read_archive(tmp_path / "packed")
    assert found.packing == f"tar.{packing}"
    assert found.images == read_archive(tmp_path / "plain").images
    assert set(find_archives(tmp_path)) == {tmp_path / "plain", tmp_path / "packed"}
    assert files_of(by_tool(layer, *TOOLS[packing])) == files_of(layer)


def _garbage(data: bytes) -> bytes:
    return data + b"and more"


def _lost(data: bytes) -> bytes:
    return data[:-4]


def _damaged(data: bytes) -> bytes:
    return data[:-3] + bytes([data[-3] ^ 0xFF]) + data[-2:]


ENDS: dict[Callable[[bytes], bytes], str] = {
    _garbage: "is followed by something else",
    _lost: "is cut",
    _damaged: "is damaged",
}


@pytest.mark.parametrize("spoil", ENDS)
@pytest.mark.parametrize("packing", TOOLS)
def test_a_wrong_end_takes_nothing_along(packing: str, spoil: Callable[[bytes], bytes], tmp_path: Path) -> None:
    """Other bytes behind packed data, a checksum that is lost or wrong: all is there, and it is told."""
    layer = layer_tar(a="one", b="two")
    files, faults = files_of(spoil(by_tool(layer, *TOOLS[packing])))
    assert (files, []) == files_of(layer)
    (fault,) = faults
    assert ENDS[spoil] in fault

    (tmp_path / "plain").write_bytes(tar_of(sample()))
    (tmp_path / "packed").write_bytes(spoil(by_tool(tar_of(sample()), *TOOLS[packing])))
    for read in (read_archive, verify_archive):
        found = read(tmp_path / "packed")
        assert found.images == read(tmp_path / "plain").images
        (reason,) = told(found)
        assert ENDS[spoil] in reason
    assert tmp_path / "packed" in find_archives(tmp_path)


@pytest.mark.parametrize("spoil", [_lost, _damaged])
@pytest.mark.parametrize("packing", TOOLS)
def test_verify_finds_a_layer_that_lost_its_checksum(
    packing: str, spoil: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    """A manifest may name the bytes of a layer as they are, and still they do not unpack to their end."""
    layout, tar = Layout(), layer_tar(a="one")
    layer = layout.blob(spoil(by_tool(tar, *TOOLS[packing])), "application/vnd.oci.image.layer.v1.tar")
    config = {"rootfs": {"type": "layers", "diff_ids": [f"sha256:{sha256(tar).hexdigest()}"]}}
    manifest = {"config": layout.document(config, "application/vnd.oci.image.config.v1+json"), "layers": [layer]}
    as_folder(layout.end(layout.document(manifest, "application/vnd.oci.image.manifest.v1+json")), tmp_path)
    assert told(read_archive(tmp_path)) == []
    (fault,) = verify_archive(tmp_path).faults
    assert fault.digest == layer["digest"]
    assert ENDS[spoil] in fault.reason


@pytest.mark.parametrize("packing", TOOLS)
def test_a_layer_of_several_parts_is_one(packing: str) -> None:
    """Parts packed one after the other, even a byte each, are one layer, and what lies behind them is told."""
    layer = layer_tar(a="one")
    bytes_, rest = [layer[at : at + 1] for at in range(40)], layer[40:]
    parts = b"".join(packed(part, packing) for part in (*bytes_, rest))
    assert files_of(parts) == files_of(layer)
    files, (fault,) = files_of(_garbage(parts))
    assert files == files_of(layer)[0]
    assert "is followed by something else" in fault


@pytest.mark.parametrize(
    "words",
    [
        ("zst", "zstd", "--ultra", "-1", "--long=28", "--stdout", "-q"),
        ("zst", "zstd", "--ultra", "-1", "--long=30", "--stdout", "-q"),
        ("xz", "xz", "--lzma2=preset=0,dict=256MiB"),
    ],
)
def test_a_window_over_the_limit_is_told(words: tuple[str, ...], tmp_path: Path) -> None:
    """How far back a stream may look is bounded; one that asks for more is not called damaged, and takes no memory."""
    packing, *tool = words
    data = by_tool(tar_of(sample()), *tool)
    tracemalloc.start()
    with pytest.raises(BrokenArchiveError, match="looks back further than 128 MiB"):
        unpack(io.BytesIO(data), packing).read()
    assert tracemalloc.get_traced_memory()[1] < 16 << 20
    tracemalloc.stop()
    (tmp_path / "packed").write_bytes(data)
    with pytest.raises(BrokenArchiveError, match="looks back further than 128 MiB"):
        read_archive(tmp_path / "packed")
    assert "looks back further than 128 MiB" in files_of(data)[1][0]


def test_a_window_within_the_limit_is_read() -> None:
    """The largest windows that zstd and xz read by default are read."""
    assert unpack(io.BytesIO(by_tool(b"one", "zstd", "--ultra", "-1", "--long=27")), "zst").read() == b"one"
    assert unpack(io.BytesIO(by_tool(b"one", "xz", "--lzma2=preset=0,dict=128MiB")), "xz").read() == b"one"


@pytest.mark.parametrize("packing", ["bz2", "xz"])
def test_a_bomb_of_any_packing_is_left(packing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What grows without bounds is left once it passed what is free."""
    monkeypatch.setattr("dockcache_tui.sources.archives.unpacking.FREE", 1 << 20)
    with pytest.raises(BrokenArchiveError, match="as a bomb would"):
        unpack(io.BytesIO(packed(bytes(32 << 20), packing)), packing).read()


def test_xz_without_a_checksum_and_lzma_alone_are_told_apart(tmp_path: Path) -> None:
    """Xz needs no checksum; the older lzma format is named and not read."""
    assert unpack(io.BytesIO(lzma.compress(b"one", check=lzma.CHECK_NONE)), "xz").read() == b"one"
    (tmp_path / "old").write_bytes(lzma.compress(b"one", format=lzma.FORMAT_ALONE))
    with pytest.raises(ArchiveError, match="lzma data, not an image archive"):
        read_archive(tmp_path / "old")
