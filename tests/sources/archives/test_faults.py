"""Each thing that may be wrong with an archive is told with its place, and the rest is shown."""

import io
import os
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from dockcache_tui.core.archives.archive import Archive, ArchiveError, ArchiveKind, BrokenArchiveError
from dockcache_tui.sources.archives.blobs import open_blobs
from dockcache_tui.sources.archives.reading import read_archive, verify_archive
from dockcache_tui.sources.archives.unpacking import unpack
from sources.layout_making import (
    CONFIG,
    LAYER,
    MANIFEST,
    PACKERS,
    PROVENANCE,
    Files,
    Layout,
    as_folder,
    config_of,
    digest_of,
    json_of,
    layer_tar,
    packed,
    path_of,
    sample,
    saved,
    tar_of,
    zipped,
)

ONE, TWO = layer_tar(a="one"), layer_tar(b="two")


def read(files: Files, folder: Path) -> Archive:
    """Write a tar and read it."""
    (folder / "archive").write_bytes(tar_of(files))
    return read_archive(folder / "archive")


def faults(archive: Archive) -> list[tuple[str, str]]:
    """Return the faults' places and reasons."""
    return [(fault.digest or fault.member, fault.reason) for fault in archive.faults]


def test_a_config_that_tells_of_other_layers_is_told(tmp_path: Path) -> None:
    """An engine refuses an image whose config and manifest do not agree; it is shown all the same."""
    layout = Layout()
    config = layout.document(config_of(ONE, TWO), CONFIG)
    manifest = layout.document({"config": config, "layers": [layout.blob(ONE, LAYER)]}, MANIFEST)
    archive = read(layout.end(manifest), tmp_path)
    assert faults(archive) == [(manifest["digest"], "its config tells of 2 layers, its manifest of 1")]
    files = saved(ONE)
    name = next(name for name in files if name.endswith(".json"))
    files["more.json"] = json_of(config_of(ONE, TWO))
    files["manifest.json"] = files["manifest.json"].replace(name.encode(), b"more.json")
    archive = read(files, tmp_path)
    assert faults(archive) == [(archive.images[0].digest, "its config tells of 2 layers, its manifest of 1")]


def test_documents_that_are_none_of_an_image_are_told(tmp_path: Path) -> None:
    """A blob that is neither index nor manifest, and an index of which nothing is here."""
    layout = Layout()
    neither = layout.document({"a": 1}, MANIFEST)
    empty = layout.index({"digest": digest_of(b"gone"), "size": 4})
    archive = read(layout.end(neither, empty), tmp_path)
    assert faults(archive) == [
        (neither["digest"], "neither an index nor a manifest"),
        (empty["digest"], "an index of which no manifest is in the archive"),
    ]
    assert [image.missing for image in archive.images] == [True]


def test_an_image_that_index_json_names_must_be_there(tmp_path: Path) -> None:
    """Only what an inner index names may be left out."""
    layout = Layout()
    gone = {"digest": digest_of(b"gone"), "size": 4}
    archive = read(layout.end(layout.image(ONE), gone), tmp_path)
    assert faults(archive) == [(gone["digest"], "is not in the archive")]
    assert [image.missing for image in archive.images] == [False, True]


def test_what_an_image_needs_and_is_not_there_is_told(tmp_path: Path) -> None:
    """Configs and layers that are missing are named; layers that are never distributed may be."""
    layout = Layout()
    gone = [{"digest": digest_of(data), "size": 1, "mediaType": LAYER} for data in (b"a", b"b")]
    foreign = gone[1] | {"mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"}
    config = {"digest": digest_of(b"config"), "size": 1, "mediaType": CONFIG}
    manifest = layout.document({"config": config, "layers": [gone[0], foreign]}, MANIFEST)
    archive = read(layout.end(manifest), tmp_path)
    assert faults(archive) == [
        (config["digest"], "is not in the archive"),
        (gone[0]["digest"], "is not in the archive"),
    ]
    assert [layer.missing for layer in archive.images[0].layers] == [True, True]


def test_provenance_and_records_that_are_none_are_told(tmp_path: Path) -> None:
    """What is no JSON is named by its digest; the image and the record are shown."""
    layout = Layout()
    image = layout.image(ONE)
    broken = layout.blob(b"{", "application/vnd.in-toto+json", annotations=PROVENANCE)
    of = {"vnd.docker.reference.digest": image["digest"]}
    attestation = layout.document({"layers": [broken]}, MANIFEST, annotations=of)
    archive = read(layout.end(image, attestation), tmp_path)
    assert [place for place, _ in faults(archive)] == [broken["digest"]]
    assert [one.attestation_of for one in archive.images] == ["", image["digest"]]
    layout = Layout()
    config = layout.blob(b"{", "application/vnd.buildkit.historyrecord.v0")
    archive = read(layout.end(layout.document({"config": config, "layers": []}, MANIFEST)), tmp_path)
    assert (archive.kind, archive.builds) == (ArchiveKind.RECORD, ("",))
    assert [place for place, _ in faults(archive)] == [config["digest"]]


@pytest.mark.parametrize("config", [b"{", None])
def test_a_docker_save_without_a_config_shows_its_tags(config: bytes | None, tmp_path: Path) -> None:
    """Nothing tells what its layers are, but its name is known."""
    files = saved(ONE)
    name = next(name for name in files if name.endswith(".json"))
    del files[name]
    if config is not None:
        files[name] = config
    archive = read(files, tmp_path)
    assert archive.images[0].names == ("app:1",)
    assert name in {place for place, _ in faults(archive)} | {fault.member for fault in archive.faults}


def test_a_file_that_changes_while_it_is_read_is_told(tmp_path: Path) -> None:
    """A blob that goes, becomes a pipe or is cut after the archive was opened ends in a fault with its place."""
    folder = tmp_path / "folder"
    as_folder(sample(), folder)
    with open_blobs(folder) as blobs:
        first, second, *_ = blobs.sizes
        (folder / path_of(first)).unlink()
        (folder / path_of(second)).unlink()
        os.mkfifo(folder / path_of(second))
        with pytest.raises(BrokenArchiveError, match="can't be opened: No such file"):
            blobs.open(first)
        with pytest.raises(BrokenArchiveError, match="is not a file any more"):
            blobs.open(second)
    path = tmp_path / "archive"
    path.write_bytes(tar_of(sample()))
    with open_blobs(path) as blobs:
        last = list(blobs.sizes)[-1]
        os.truncate(path, 4096)
        with blobs.open(last) as stream, pytest.raises(BrokenArchiveError, match="the file is cut"):
            stream.read()


def test_a_folder_that_cannot_be_listed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of blobs that is another's is named; what is beside it is shown."""
    as_folder(sample(), tmp_path)
    listed = os.scandir

    def refused(path: Path) -> object:
        if path.name == "sha256":
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr(os, "scandir", refused)  # root, as whom tests may run, is refused nothing
    archive = read_archive(tmp_path)
    assert ("blobs/sha256", "can't be listed: Permission denied") in faults(archive)
    assert all(image.missing for image in archive.images)


def test_a_layer_that_two_digests_lead_to_is_read_for_both(tmp_path: Path) -> None:
    """In a packed tar too, a link and what it leads to are both there in one pass."""
    files = saved(ONE, TWO)
    first, second = (name for name in files if name.endswith("/layer.tar"))
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            if name == second:
                info.type, info.linkname = tarfile.LNKTYPE, first
            else:
                info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    (tmp_path / "archive").write_bytes(out.getvalue())
    with open_blobs(tmp_path / "archive") as blobs:
        read_all = {digest: stream.read() for digest, stream in blobs.each([digest_of(TWO), digest_of(ONE)])}
    assert read_all == {digest_of(ONE): ONE, digest_of(TWO): ONE}
    (fault,) = verify_archive(tmp_path / "archive").faults
    assert (fault.digest, fault.reason) == (digest_of(TWO), f"its content has another digest: {digest_of(ONE)}")


def test_a_sparse_member_is_told(tmp_path: Path) -> None:
    """GNU tar may leave holes out of a blob; engines write none, and its bytes are not as they lie there."""
    hole = bytes(1 << 20)
    layout = Layout()
    as_folder(layout.end(layout.image(hole)), tmp_path / "in")
    blob = tmp_path / "in" / path_of(digest_of(hole))
    blob.unlink()
    with blob.open("wb") as file:
        file.truncate(len(hole))
    words = [
        "tar",
        "--create",
        "--sparse",
        "--file",
        str(tmp_path / "archive"),
        "--directory",
        str(tmp_path / "in"),
        ".",
    ]
    subprocess.run(words, check=True, timeout=60)
    archive = read_archive(tmp_path / "archive")
    assert (path_of(digest_of(hole)), "a sparse file, which no archive has; left out") in faults(archive)
    assert archive.images[0].layers[0].missing


@pytest.mark.parametrize("packing", PACKERS)
def test_a_packed_stream_may_have_parts_and_zeros_and_nothing_else(packing: str) -> None:
    """Parts one after the other are one stream, zeros at the end fill up, other bytes are told with their offset."""
    part = packed(b"one", packing)
    assert unpack(io.BytesIO(part * 3), packing).read() == b"oneoneone"
    assert unpack(io.BytesIO(part + bytes(100_000) + part + bytes(7)), packing).read() == b"oneone"
    with pytest.raises(BrokenArchiveError, match="followed by something else") as caught:
        unpack(io.BytesIO(part + b"else"), packing).read()
    assert caught.value.fault.offset == len(part)


def test_a_skippable_zstd_frame_is_skipped() -> None:
    """What carries a zstd:chunked layer's table of contents holds no bytes of the layer."""
    frame = b"\x50\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"table"
    for stream in (frame + packed(b"one", "zst"), packed(b"one", "zst") + frame):
        assert unpack(io.BytesIO(stream), "zst").read() == b"one"


def _twice(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("image.tar", b"x")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("image.tar", tar_of(saved(ONE)))


def _with_a_folder(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.mkdir("folder")
        archive.writestr("image.tar", tar_of(saved(ONE)))


@pytest.mark.parametrize(
    ("write", "told"),
    [(_twice, [("image.tar", "is in the zip twice; the last one counts")]), (_with_a_folder, [])],
)
def test_odd_zips_are_read(write: Callable[[Path], None], told: list[tuple[str, str]], tmp_path: Path) -> None:
    """Names that are there twice are told, folders are nothing."""
    write(tmp_path / "artifact.zip")
    archive = read_archive(tmp_path / "artifact.zip")
    assert faults(archive) == told
    assert len(archive.images) == 1


def test_a_member_of_a_zip_that_is_not_where_it_should_be_is_told(tmp_path: Path) -> None:
    """The directory leads to headers; where none is, the member is left out."""
    data = bytearray(zipped({"image.tar": tar_of(saved(ONE)), "notes": b"words"}))
    at = data.rindex(b"PK\x03\x04")
    data[at : at + 4] = b"lost"
    (tmp_path / "artifact.zip").write_bytes(data)
    archive = read_archive(tmp_path / "artifact.zip")
    assert faults(archive) == [("notes", "has no header where the zip's directory says")]


def test_a_zip_with_an_endless_directory_is_refused(tmp_path: Path) -> None:
    """A directory of gigabytes is not read."""
    data = bytearray(zipped({"image.tar": tar_of(saved(ONE))}))
    at = data.rindex(b"PK\x05\x06") + 12
    data[at : at + 4] = (1 << 30).to_bytes(4, "little")
    (tmp_path / "artifact.zip").write_bytes(data)
    with pytest.raises(ArchiveError, match="directory is 1,073,741,824 bytes"):
        read_archive(tmp_path / "artifact.zip")


def test_documents_are_read_up_to_a_sum(tmp_path: Path) -> None:
    """Large documents one after the other end at a bound for all of them."""
    layout = Layout()
    manifests = [
        layout.blob(json_of({"layers": [], "number": number})[:-1] + b" " * (7 << 20) + b"}", MANIFEST)
        for number in range(40)
    ]
    archive = read(layout.end(*manifests), tmp_path)
    assert {reason for _, reason in faults(archive)} == {"too many large documents"}
    assert 30 < len(archive.images) < 40
