"""Archives are found, and other files named, by their content."""

import bz2
import lzma
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dockcache_tui.core.archives.archive import ArchiveError
from dockcache_tui.sources.archives import unpacking
from dockcache_tui.sources.archives.local import find_archives
from dockcache_tui.sources.archives.opening import container_of, described
from dockcache_tui.sources.archives.reading import read_archive
from sources.layout_making import PACKINGS, as_folder, layer_tar, packed, sample, saved, tar_of, zipped

PLAIN = {
    "an ELF program": b"\x7fELF\2\1\1" + bytes(600),
    "a PNG picture": b"\x89PNG\r\n\x1a\n" + bytes(20),
    "a PDF": b"%PDF-1.7\n",
    "an SQLite database": b"SQLite format 3\0" + bytes(100),
    "xz data": lzma.compress(b"x"),
    "lzip data": b"LZIP\1",
    "bzip2 data": bz2.compress(b"x"),
    "a 7z archive": b"7z\xbc\xaf\x27\x1c",
    "a cpio archive": b"070701" + b"0" * 100,
    "a SquashFS image": b"hsqs" + bytes(100),
    "a script": b"#!/bin/sh\n",
    "text": "Ünïcode words\n".encode(),
    "JSON": b' {"a": 1}',
    "zeros": bytes(100),
    "nothing": b"",
    "data of an unknown kind": bytes(range(200, 256)),
    "a tar cut inside its first header": tar_of({"a": b"x"})[:300],
    "gzip data": packed(b"x", "gz"),
    "zstd data": packed(b"x", "zst"),
    "a zip": zipped({"a": b"x"}),
    "a tar": tar_of({"a": b"x"}),
}


@pytest.mark.parametrize("kind", PLAIN)
def test_other_files_are_named(kind: str, tmp_path: Path) -> None:
    """What is no archive is named in the error, whatever the file is called."""
    assert described(PLAIN[kind]) == kind
    path = tmp_path / "image.tar"
    path.write_bytes(PLAIN[kind])
    with pytest.raises(ArchiveError, match=kind):
        read_archive(path)


@given(st.binary(max_size=700))
@settings(deadline=None)
def test_any_bytes_have_a_name(data: bytes) -> None:
    """Telling what bytes are never fails."""
    assert described(data)
    assert container_of(data) in ("", "tar", "zip", *unpacking.PACKINGS)


def test_text_that_is_cut_inside_a_character_is_text() -> None:
    """Only the beginning of a file is looked at."""
    assert described("é".encode() * 2048 + b"\xc3") == "text"
    assert described(b"abc\xff" + b"abc" * 100) == "data of an unknown kind"


def test_a_folder_tells_its_archives_newest_first(tmp_path: Path) -> None:
    """Every layout and packing is found under any name; other files, pipes and links to nowhere are not."""
    expected: list[Path] = []
    for number, (packing, write) in enumerate(PACKINGS.items()):
        path = tmp_path / f"{number}.{'txt' if number % 2 else 'tar'}"
        if packing == "folder":
            path.mkdir()
        write(sample(), path)
        os.utime(path, (number, number))
        expected.insert(0, path)
    for number, (kind, data) in enumerate(PLAIN.items()):
        (tmp_path / f"plain-{number}-{kind[:5].strip()}.tar").write_bytes(data)
    (tmp_path / "source.tar.gz").write_bytes(packed(tar_of({"src/main.go": b"package main", "README.md": b"x"}), "gz"))
    (tmp_path / "src").mkdir()
    (tmp_path / "nowhere.tar").symlink_to("missing")
    os.mkfifo(tmp_path / "pipe.tar")
    assert list(find_archives(tmp_path)) == expected
    for path in expected:
        assert read_archive(path).images


def test_a_docker_save_and_a_folder_itself_are_found(tmp_path: Path) -> None:
    """The older layout is known by its names, and a folder may be an archive and hold others."""
    as_folder(sample(), tmp_path)
    (tmp_path / "saved").write_bytes(tar_of(saved(layer_tar(a="one"))))
    os.utime(tmp_path, (1, 1))
    os.utime(tmp_path / "saved", (2, 2))
    assert find_archives(tmp_path) == (tmp_path / "saved", tmp_path)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    """The error names the folder and why."""
    with pytest.raises(ArchiveError, match=r"missing can't be listed: No such file"):
        find_archives(tmp_path / "missing")


def test_a_large_packed_tar_of_something_else_is_not_unpacked_to_be_refused(tmp_path: Path) -> None:
    """Looking for archives unpacks a megabyte of a file at most."""
    path = tmp_path / "backup.tar.gz"
    path.write_bytes(packed(tar_of({"disk.img": bytes(3 << 20), **sample()}), "gz"))
    assert find_archives(tmp_path) == ()
    assert read_archive(path).images
