"""Hostile archives: what can be read is told, the fault has a place, nothing else happens."""

import gzip
import io
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from dockcache_tui.core.archives.archive import Archive, ArchiveError, BrokenArchiveError
from dockcache_tui.sources.archives import tar_members, unpacking
from dockcache_tui.sources.archives.blobs import open_blobs
from dockcache_tui.sources.archives.reading import read_archive, verify_archive
from dockcache_tui.sources.archives.unpacking import unpack
from sources.layout_making import (
    CONFIG,
    LAYER,
    MANIFEST,
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

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ONE = layer_tar(a="one")
GB = 1 << 30


def small() -> Files:
    """Return a layout of one image."""
    layout = Layout()
    return layout.end(layout.image(ONE))


def told(archive: Archive, words: str) -> list[str]:
    """Return the places of the faults whose reasons have these words."""
    return [fault.digest or fault.member or str(fault.offset) for fault in archive.faults if words in fault.reason]


def read(files: Files, folder: Path) -> Archive:
    """Write a tar and read it."""
    (folder / "archive").write_bytes(tar_of(files))
    return read_archive(folder / "archive")


def tar_with(path: Path, files: Files, *infos: tarfile.TarInfo) -> None:
    """Write a tar with members of other types behind its files."""
    with tarfile.open(path, "w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for info in infos:
            archive.addfile(info, io.BytesIO(bytes(info.size)))


def member(name: str, type_: bytes = tarfile.REGTYPE, link: str = "", size: int = 0) -> tarfile.TarInfo:
    """Return a member."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = type_, link, size
    return info


def with_large(path: Path, large: str, files: Files) -> None:
    """Write a tar in which one file is 1 GB of nothing, as a hole."""
    with path.open("wb") as file:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = GB if name == large else len(data)
            file.write(info.tobuf())
            file.seek(GB, os.SEEK_CUR) if name == large else file.write(data + bytes(-len(data) % 512))
        file.write(bytes(1024))


@pytest.mark.parametrize("what", ["index.json", "manifest", "config"])
def test_a_document_of_1_gb_is_named_and_not_read(what: str, tmp_path: Path) -> None:
    """No document is read past a bound; what does not depend on it is shown."""
    layout = Layout()
    other = layout.image(layer_tar(b="two"))
    config = layout.document(config_of(ONE), CONFIG)
    manifest = layout.document({"config": config, "layers": [layout.blob(ONE, LAYER)]}, MANIFEST)
    files = layout.end(other, manifest)
    name = {"index.json": "index.json", "manifest": path_of(manifest["digest"]), "config": path_of(config["digest"])}[
        what
    ]
    with_large(tmp_path / "archive", name, files)
    archive = read_archive(tmp_path / "archive")
    assert told(archive, "a document of 1,073,741,824 bytes") == [
        {"index.json": what}.get(what, "sha256:" + name[-64:])
    ]
    assert other["digest"] in {image.digest for image in archive.images}


def test_a_large_document_in_a_packed_tar_is_named(tmp_path: Path) -> None:
    """The one pass over a packed tar keeps no large documents."""
    files = small() | {"index.json": b"{" + b" " * (9 << 20) + b"}"}
    (tmp_path / "archive").write_bytes(packed(tar_of(files), "gz"))
    archive = read_archive(tmp_path / "archive")
    assert told(archive, "a document of") == ["index.json"]
    assert len(archive.images) == 1


@pytest.mark.parametrize("kind", ["manifest", "config"])
def test_a_document_with_another_digest_is_told_and_shown(kind: str, tmp_path: Path) -> None:
    """A changed manifest or config is a fault that names the digest; what it says is still shown."""
    layout = Layout()
    config = layout.document(config_of(ONE), CONFIG)
    manifest = layout.document({"config": config, "layers": [layout.blob(ONE, LAYER)]}, MANIFEST)
    files = layout.end(manifest)
    digest = {"manifest": manifest, "config": config}[kind]["digest"]
    files[path_of(digest)] = files[path_of(digest)].replace(b"}", b" }", 1)
    archive = read(files, tmp_path)
    assert told(archive, "another digest") == [digest]
    assert [layer.created_by for layer in archive.images[0].layers if not layer.empty] == ["RUN make 0"]


def test_a_changed_config_of_a_docker_save_is_told_and_shown(tmp_path: Path) -> None:
    """The name of an old config is its digest."""
    files = saved(ONE)
    name = next(name for name in files if name.endswith(".json"))
    files[name] = files[name].replace(b"linux", b"plan9")
    archive = read(files, tmp_path)
    assert told(archive, "another digest") == [f"sha256:{name[:64]}"]
    assert archive.images[0].platform == "plan9/amd64"


@pytest.mark.parametrize("pack", ["", "gz", "zst"])
def test_a_changed_layer_is_found_when_it_is_verified(pack: str, tmp_path: Path) -> None:
    """Recomputing names each blob whose bytes changed, and tells the unpacked size of the sound ones."""
    layout = Layout()
    files = layout.end(layout.image(ONE, layer_tar(b="two"), pack=pack))
    (first, second) = (digest_of(packed(tar, pack)) for tar in (ONE, layer_tar(b="two")))
    broken = bytearray(files[path_of(second)])
    broken[-20] ^= 1
    files[path_of(second)] = bytes(broken)
    assert not read(files, tmp_path).faults
    archive = verify_archive(tmp_path / "archive")
    assert [fault.digest for fault in archive.faults] == [second]
    sizes = {layer.digest: layer.unpacked_size for layer in archive.images[0].layers if not layer.empty}
    assert sizes[first] == len(ONE)


def test_a_layer_that_unpacks_to_another_tar_is_found(tmp_path: Path) -> None:
    """The config's digest is of the tar; a blob with the right digest may still be another layer."""
    layout = Layout()
    config = layout.document(config_of(layer_tar(b="two")), CONFIG)
    blob = layout.blob(packed(ONE, "gz"), f"{LAYER}+gzip")
    files = layout.end(layout.document({"config": config, "layers": [blob]}, MANIFEST))
    (tmp_path / "archive").write_bytes(tar_of(files))
    assert told(verify_archive(tmp_path / "archive"), "unpacks to") == [blob["digest"]]


def test_an_index_that_leads_to_itself_ends(tmp_path: Path) -> None:
    """Only with a wrong digest can an index lead to itself; the way is told and left."""
    layout = Layout()
    image = layout.image(ONE)
    digest = digest_of(b"any")
    inner = layout.index({"digest": digest, "size": 1})
    layout.files[path_of(digest)] = json_of({"manifests": [inner, image]})
    archive = read(layout.end({"digest": digest, "size": 1}), tmp_path)
    assert told(archive, "leads to itself") == [digest]
    assert [one.digest for one in archive.images] == [image["digest"]]


def test_indexes_of_indexes_are_each_read_once(tmp_path: Path) -> None:
    """Forty levels that each lead ten times to the next are forty documents, not ten to the forty."""
    layout = Layout()
    below = layout.image(ONE)
    for _ in range(40):
        below = layout.index(*[below] * 10)
    archive = read(layout.end(below), tmp_path)
    assert len(archive.images) == 1
    assert not archive.faults


def test_names_without_end_are_not_spread_over_images(tmp_path: Path) -> None:
    """Thousands of names for an index of thousands of images end at a bound, and are told."""
    layout = Layout()
    index = layout.index(*(layout.image(str(number).encode()) for number in range(100)))
    tags = [index | {"annotations": {"io.containerd.image.name": f"app:{number}"}} for number in range(5000)]
    archive = read(layout.end(*tags), tmp_path)
    assert told(archive, "more than 10,000 manifests")
    assert len(archive.images) == 100
    assert len(archive.images[0].names) < 200


def test_deep_indexes_end(tmp_path: Path) -> None:
    """A chain of thousands of indexes ends in a fault, or in the image at its end."""
    layout = Layout()
    below = layout.image(ONE)
    for _ in range(3000):
        below = layout.index(below)
    archive = read(layout.end(below), tmp_path)
    assert told(archive, "too deep")


@pytest.mark.parametrize(
    "info",
    [
        member("../../outside"),
        member("/etc/passwd"),
        member("blobs/../../up"),
        member("link", tarfile.SYMTYPE, "../../etc/passwd"),
        member("link", tarfile.SYMTYPE, "/etc/passwd"),
        member("link", tarfile.LNKTYPE, "../up"),
    ],
    ids=lambda info: f"{info.name} {info.linkname}",
)
def test_names_and_links_that_lead_outside_are_told(info: tarfile.TarInfo, tmp_path: Path) -> None:
    """They are faults with the member's name and offset; the rest is read."""
    tar_with(tmp_path / "archive", small(), info)
    archive = read_archive(tmp_path / "archive")
    (fault,) = archive.faults
    assert "leads outside" in fault.reason
    assert fault.member == info.name
    assert fault.offset
    assert len(archive.images) == 1


def test_links_in_a_circle_and_devices_are_told(tmp_path: Path) -> None:
    """Links that lead to each other lead to no layer, and a device or pipe is no file: it is named with its offset."""
    files = saved(ONE)
    layer = next(name for name in files if name.endswith("layer.tar"))
    del files[layer]
    circle = (member(layer, tarfile.SYMTYPE, "other"), member(f"{layer[:64]}/other", tarfile.SYMTYPE, "layer.tar"))
    tar_with(tmp_path / "archive", files, *circle, member("dev", tarfile.CHRTYPE), member("pipe", tarfile.FIFOTYPE))
    archive = read_archive(tmp_path / "archive")
    assert told(archive, "not in the archive") == [digest_of(ONE)]
    assert archive.images[0].layers[0].missing
    assert told(archive, "that no archive has") == ["dev", "pipe"]
    assert all(fault.offset for fault in archive.faults if fault.member in {"dev", "pipe"})


def test_a_name_that_is_there_twice_is_told_and_the_last_counts(tmp_path: Path) -> None:
    """Extracting would leave the last; so do we, and say so."""
    again = small()
    tar_with(
        tmp_path / "archive",
        {"index.json": b"{}"} | {name: data for name, data in again.items() if name != "index.json"},
    )
    with (tmp_path / "archive").open("r+b") as file:
        data = file.read().rstrip(b"\0")
        file.seek(len(data) + -len(data) % 512)
        file.write(tar_of({"index.json": again["index.json"]}))
    archive = read_archive(tmp_path / "archive")
    assert told(archive, "twice") == ["index.json"]
    assert len(archive.images) == 1


def test_more_members_than_any_image_has_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Members are noted up to a bound, which is told with the place where it was reached."""
    monkeypatch.setattr(tar_members, "MAX_MEMBERS", 6)
    files = sample()
    (tmp_path / "archive").write_bytes(tar_of(files))
    archive = read_archive(tmp_path / "archive")
    assert [fault.reason for fault in archive.faults if fault.offset] == ["too many members; the rest was not read"]


def test_a_folder_with_links_and_pipes_is_read_without_them(tmp_path: Path) -> None:
    """A blob that is a link to a file outside, or a FIFO that would be waited on for ever, is left alone and told."""
    files = sample()
    as_folder(files, tmp_path)
    names = [name for name in files if name.startswith("blobs/")][:2]
    for name in names:
        (tmp_path / name).unlink()
    (tmp_path / names[0]).symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / names[1])
    archive = verify_archive(tmp_path)
    assert sorted(told(archive, "a link or not a file")) == sorted(names)
    assert len(told(archive, "not in the archive")) >= 2


def test_a_pipe_is_no_archive(tmp_path: Path) -> None:
    """Asked for by itself, a FIFO is refused and not waited on."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ArchiveError, match="not a file"):
        read_archive(tmp_path / "pipe")


@pytest.mark.parametrize("packing", ["gz", "zst"])
def test_a_bomb_is_left_at_a_bound(packing: str) -> None:
    """A stream that grows 200-fold past 1 GiB is a bomb: the fault says how far it was read."""
    piece = bytes(128 << 20)
    part = gzip.compress(piece, 1) if packing == "gz" else zstd.compress(piece)
    stream = unpack(io.BytesIO(part * 16), packing)
    with pytest.raises(BrokenArchiveError, match=r"grows to more than 1,07\d,\d{3},\d{3} bytes, as a bomb would"):
        all(iter(partial(stream.read, 1 << 20), b""))


@pytest.mark.parametrize("packing", ["gz", "zst"])
def test_a_stream_without_end_is_left_at_a_bound(packing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """However little it is packed, a stream is not read past a size that no image has."""
    monkeypatch.setattr(unpacking, "MAX_GROWN", 1 << 20)
    stream = unpack(io.BytesIO(packed(os.urandom(2 << 20), packing)), packing)
    with pytest.raises(BrokenArchiveError, match=r"grows to more than 1,\d{3},\d{3} bytes"):
        stream.read()


def test_what_comes_before_a_bomb_is_shown(tmp_path: Path) -> None:
    """A packed tar with a member that unpacks to gigabytes is read up to the bound."""
    files = tar_of(small())
    end = len(files.rstrip(b"\0"))
    head = files[: end + -end % 512] + member("blobs/zeros", size=2 * GB).tobuf()
    (tmp_path / "archive").write_bytes(gzip.compress(head) + gzip.compress(bytes(128 << 20), 1) * 16)
    archive = read_archive(tmp_path / "archive")
    assert told(archive, "as a bomb would")
    assert len(archive.images) == 1


@pytest.mark.parametrize(
    ("wrap", "words"),
    [
        (lambda tar: packed(packed(tar, "gz"), "gz"), "gzip data of something that is not a tar: gzip data"),
        (lambda tar: packed(packed(tar, "zst"), "gz"), "gzip data of something that is not a tar: zstd data"),
        (lambda tar: packed(zipped({"a.tar": tar}), "zst"), "zstd data of something that is not a tar: a zip"),
        (lambda tar: zipped({"b.zip": zipped({"a.tar": tar})}), "a zip without an image archive; b.zip is a zip"),
        (lambda _: zipped({}), "a zip without an image archive"),
        (lambda _: tar_of({"src/main.go": b"x"}), "a tar of src/main.go, not an image archive"),
        (lambda _: tar_of({}), "a tar of nothing"),
        (lambda _: tar_of({"manifest.json": b'{"name": "a web app"}'}), "it holds no image"),
        (lambda _: packed(b"words", "gz"), "gzip data of something that is not a tar: text"),
    ],
)
def test_what_is_no_archive_is_named(wrap: Callable[[bytes], bytes], words: str, tmp_path: Path) -> None:
    """The error says what was found, layer by layer."""
    (tmp_path / "archive").write_bytes(wrap(tar_of(small())))
    with pytest.raises(ArchiveError, match=words):
        read_archive(tmp_path / "archive")


def test_members_of_zips_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    """Names that lead outside, other methods and encryption are faults; the archive beside them is read."""
    path = tmp_path / "artifact.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../up.tar", b"x")
        archive.writestr("packed.bz2", b"x", zipfile.ZIP_BZIP2)
        archive.writestr("image.tar", tar_of(small()))
    found = read_archive(path)
    assert told(found, "leads outside") == ["../up.tar"]
    assert told(found, "packed by method 12") == ["packed.bz2"]
    assert len(found.images) == 1


def test_a_zip_that_lies_about_a_size_is_told(tmp_path: Path) -> None:
    """A directory that says more or less than is there ends in a fault, not in other bytes."""
    data = zipped({"image.tar": tar_of(small())}, zipfile.ZIP_STORED)
    at = data.rindex(b"PK\x01\x02") + 20
    size = int.from_bytes(data[at : at + 4], "little")
    for lie in (size - 2048, size + 4096, 0xFFFFFFF0):
        (tmp_path / "a.zip").write_bytes(data[:at] + lie.to_bytes(4, "little") + data[at + 4 :])
        try:
            found = read_archive(tmp_path / "a.zip")
        except ArchiveError:
            continue
        assert found.faults or {image.digest for image in found.images} == {
            image.digest for image in read(small(), tmp_path).images
        }


def test_a_cache_config_that_is_none_is_told(tmp_path: Path) -> None:
    """A cyclic cache config is shown, and a blob it misses is told; one that is no JSON is a fault."""
    layout = Layout()
    kind = "application/vnd.buildkit.cacheconfig.v0"
    cyclic = layout.document({"layers": [{"blob": digest_of(ONE), "parent": 1}, {"blob": "sha256:b"}]}, kind)
    broken = layout.blob(b"{", kind)
    caches = [
        layout.document({"config": one, "layers": [layout.blob(ONE, LAYER)]}, MANIFEST) for one in (cyclic, broken)
    ]
    archive = read(layout.end(*caches), tmp_path)
    assert [len(image.layers) for image in archive.images] == [2, 0]
    assert [fault.digest for fault in archive.faults] == ["sha256:b", broken["digest"]]


@pytest.mark.parametrize(
    "index",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b'{"manifests": {}}',
        b'{"manifests": [{}]}',
        b'{"manifests": [null]}',
        b"\xff\xfe",
        b"1",
    ],
)
def test_an_index_that_is_none_is_told_and_images_are_found_without_it(index: bytes, tmp_path: Path) -> None:
    """The manifests among the blobs still tell of the images."""
    archive = read(small() | {"index.json": index}, tmp_path)
    assert [fault.member for fault in archive.faults] == ["index.json"]
    assert len(archive.images) == 1


def test_blobs_with_other_names_are_no_blobs(tmp_path: Path) -> None:
    """Only a whole digest in small letters names a blob."""
    odd = {f"blobs/sha256/{name}": b"x" for name in ("ABC", "a" * 63, "A" * 64, "../x", "a" * 64 + "/b")}
    (tmp_path / "archive").write_bytes(tar_of(small() | odd))
    with open_blobs(tmp_path / "archive") as blobs:
        assert len(blobs.sizes) == 3


_PEAK = dedent(
    """
    import sys
    from pathlib import Path
    from dockcache_tui.sources.archives.reading import read_archive
    archive = read_archive(Path(sys.argv[1]))
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    print(len(archive.images), len(archive.faults), peak.split()[1])
    """
)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process's own peak")
def test_30_gb_take_no_memory(tmp_path: Path) -> None:
    """An archive whose layer is 30 GB (a hole on this disk) is read in less than 120 MB."""
    path = tmp_path / "archive"
    layout = Layout()
    layer: dict[str, Any] = {"digest": digest_of(b"no one has the time"), "size": 30 * GB, "mediaType": LAYER}
    config = layout.document(config_of(ONE), CONFIG)
    files = layout.end(layout.document({"config": config, "layers": [layer]}, MANIFEST))
    with path.open("wb") as file:
        info = tarfile.TarInfo(path_of(layer["digest"]))
        info.size = 30 * GB
        file.write(info.tobuf(tarfile.GNU_FORMAT))
        file.seek(30 * GB, os.SEEK_CUR)
        file.write(tar_of(files))
    out = subprocess.run(
        [sys.executable, "-c", _PEAK, str(path)], check=True, capture_output=True, text=True, timeout=300
    )
    images, faults, peak = map(int, out.stdout.split())
    assert (images, faults) == (1, 0)
    assert peak < 120_000
