"""Images as skopeo's `dir:` and podman's docker-dir write them: a manifest and blobs side by side in a folder."""

from dataclasses import replace
from pathlib import Path

import pytest

from dockcache_tui.cli.main import run
from dockcache_tui.core.archives.archive import Archive, ArchiveKind
from dockcache_tui.sources.archives.local import LocalArchives, find_archives
from dockcache_tui.sources.archives.reading import read_archive, verify_archive
from sources.layout_making import PACKINGS, Files, Layout, as_folder, flat, json_of, layer_tar, sample, saved, tar_of

TARS = layer_tar(a="one"), layer_tar(b="two")


def one_image(pack: str = "gz") -> Files:
    """Return an OCI layout of one image without a name."""
    layout = Layout()
    return layout.end(layout.image(*TARS, pack=pack))


def read(path: Path, files: Files, packing: str = "folder") -> Archive:
    """Write an archive and read all its bytes."""
    PACKINGS[packing](files, path)
    return verify_archive(path)


@pytest.mark.parametrize("files", [one_image(), one_image(pack=""), sample()])
@pytest.mark.parametrize("packing", PACKINGS)
def test_a_flat_image_tells_what_the_layout_tells(packing: str, files: Files, tmp_path: Path) -> None:
    """In a folder, a tar or a zip: images and blobs are those of the OCI layout; only names are not kept."""
    layout, other = read(tmp_path / "layout", files), read(tmp_path / "flat", flat(files), packing)
    assert other.kind is ArchiveKind.DIR
    assert other.images == tuple(replace(image, names=()) for image in layout.images)
    assert {blob.digest for blob in other.blobs} == {blob.digest for blob in layout.blobs}
    assert all(blob.named for blob in other.blobs)
    assert other.faults == ()


def test_its_files_are_listed_printed_and_compared(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Tree, cat and diff read a flat image as they read the layout it was copied from."""
    as_folder(one_image(), tmp_path / "layout")
    as_folder(flat(one_image()), tmp_path / "flat")
    assert run(["archive", "cat", str(tmp_path / "flat"), "b"]) == 0
    assert capfdbinary.readouterr().out == b"two"
    archives = LocalArchives()
    (image,) = archives.read(tmp_path / "flat").images
    assert [one.entry.path for one in archives.children(tmp_path / "flat", image.digest)] == ["a", "b"]
    diff = archives.diff(tmp_path / "layout", tmp_path / "flat")
    archives.close()
    assert diff.same
    assert [bool(layer.first and layer.second) for layer in diff.images[0].layers] == [True, True]


def test_it_is_found_in_a_folder_and_others_are_not(tmp_path: Path) -> None:
    """A flat image and an unpacked `docker save` are found, as folder and tar; a website with its manifest is not."""
    as_folder(flat(one_image()), tmp_path / "flat")
    as_folder(saved(*TARS), tmp_path / "saved")
    (tmp_path / "flat.tar").write_bytes(tar_of(flat(one_image())))
    (tmp_path / "around.tar").write_bytes(tar_of({f"flat/{name}": data for name, data in flat(one_image()).items()}))
    as_folder({"manifest.json": json_of({"name": "website", "icons": []}), "version": b"3\n"}, tmp_path / "website")
    assert {path.name for path in find_archives(tmp_path)} == {"flat", "saved", "flat.tar", "around.tar"}
    assert read_archive(tmp_path / "around.tar").kind is ArchiveKind.DIR


def test_one_without_its_manifest_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    """A copy that was broken off has no manifest.json yet; the manifests of platforms beside it tell of the images."""
    files = flat(sample())
    del files["manifest.json"]
    archive = read(tmp_path / "flat", files)
    assert {image.platform for image in archive.images} == {"linux/amd64", "linux/arm64/v8", ""}
    assert [(fault.member, fault.reason) for fault in archive.faults] == [("manifest.json", "is not in the archive")]


def test_a_missing_or_changed_layer_is_told(tmp_path: Path) -> None:
    """A blob's name is its digest: what has other bytes, or is gone, is a fault with its digest."""
    files = flat(one_image())
    first, second = (name for name, data in files.items() if data[:2] == b"\x1f\x8b")
    del files[first]
    files[second] += b"x"
    faults = {(fault.digest, fault.reason) for fault in read(tmp_path / "flat", files).faults}
    assert (f"sha256:{first}", "is not in the archive") in faults
    assert any(digest == f"sha256:{second}" and "followed by something else" in reason for digest, reason in faults)
