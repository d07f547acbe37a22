"""Hostile layers: what can be read is in the tree, what is wrong is named, and nothing is raised."""

import gzip
import io
import subprocess
import tarfile
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockcache_tui.core.archives.archive import MAX_FAULTS, ArchiveError, Fault
from dockcache_tui.core.archives.file_entry import FileEntry, FileKind, LayerChange, mode_of
from dockcache_tui.sources.archives import image_tree, layer_files, unpacking
from dockcache_tui.sources.archives.image_files import ImageFiles
from dockcache_tui.sources.archives.layer_files import LayerFiles
from sources.archive_files_making import Made, file, folder, link, oci, packed, special, tar

BLOCK = 512


def read(layer: bytes) -> tuple[list[FileEntry], tuple[Fault, ...]]:
    """Read a layer as it is stored."""
    reading = LayerFiles(io.BytesIO(layer), lambda _: None)
    entries = [one.entry for one in reading]
    return entries, reading.faults


def paths(files: ImageFiles, made: Made) -> list[str]:
    """Return every path of an image that is there in the end."""
    return [one.entry.path for one in files.walk(made.path, made.image) if one.change is not LayerChange.REMOVED]


@pytest.mark.parametrize(
    ("name", "path", "reason"),
    [
        ("../../etc/cron", "etc/cron", "leads out"),
        ("a/../../b", "b", "leads out"),
        ("/etc/abs", "etc/abs", "absolute"),
        ("a/b/../c", "a/c", ""),
        ("./a//b/.", "a/b", ""),
        ("..", "", "leads out"),
        ("d/" * 3_000 + "x", "", "6,001 bytes"),
        ("./" * 3_000 + "x", "x", ""),
        ("d" * 255 + "/x", "d" * 255 + "/x", ""),
        ("d" * 256 + "/x", "d" * 256 + "/x", "256 bytes"),
        ("ä" * 128, "ä" * 128, "256 bytes"),
        ("d" * 256 + "/../x", "x", ""),
        ("d/" * 2_046 + "xyz", "d/" * 2_046 + "xyz", ""),
        ("d/" * 2_046 + "wxyz", "", "4,096 bytes"),
    ],
)
def test_names_stay_inside_and_are_named(name: str, path: str, reason: str) -> None:
    """A name is cleaned as engines do it; one that tries to leave the image, or that no system takes, is a fault."""
    entries, faults = read(tar(file(name, b"x"), file("after")))
    assert [entry.path for entry in entries] == ([path] if path else []) + ["after"]
    assert [(fault.member, fault.offset) for fault in faults] == ([(name, 0)] if reason else [])
    assert all(reason in fault.reason for fault in faults)


def test_the_root_itself_is_no_fault() -> None:
    """`./` is how many tars begin."""
    assert read(tar(folder("./"), folder("/"), file("a")))[1] == ()


def test_a_member_without_a_name() -> None:
    """It is named by its place."""
    entries, faults = read(tar(file("", b"x"), file("a")))
    assert [entry.path for entry in entries] == ["a"]
    assert faults == (Fault("a member without a name", offset=0),)


def test_ten_thousand_folders_in_each_other(tmp_path: Path, files: ImageFiles) -> None:
    """A path as long as systems take is a tree of that depth; each folder opens."""
    deep = "d/" * 2_000 + "x"
    made = oci(tmp_path / "image", [tar(file(deep, b"1"), file("d/" * 10_000 + "x"))])
    assert files.find(made.path, made.image, deep).size == 1
    assert len(paths(files, made)) == 2_001
    (fault,) = files.contents(made.path, made.image).faults
    assert fault.reason == "a name of 20,001 bytes: engines refuse it"


def test_a_file_behind_a_link_stays_in_the_image(tmp_path: Path, files: ImageFiles) -> None:
    """The old trick of a link out and a file behind it: the file is where the link leads below the image's own root."""
    made = oci(tmp_path / "image", [tar(link("d", "/etc"), file("d/passwd", b"x"), file("e"))])
    assert paths(files, made) == ["d", "e", "etc", "etc/passwd"]
    assert files.contents(made.path, made.image).faults == ()


def pax(name: str, **said: str) -> tuple[tarfile.TarInfo, bytes]:
    """Return an empty file with a PAX header; `__` in a key stands for a dot."""
    info, content = file(name)
    info.pax_headers = {key.replace("__", "."): value for key, value in said.items()}
    return info, content


@pytest.mark.parametrize(
    ("said", "expected"),
    [("-2", (1 << 32) - 2), ("-1", 0), (str((1 << 32) + 7), 7), (str((1 << 32) - 2), (1 << 32) - 2)],
)
def test_owners_are_what_engines_make_of_them(said: str, expected: int) -> None:
    """A negative or long owner is read as 32 bits without a sign, -1 leaves the file to root; the walk goes on."""
    entries, faults = read(tar(pax("a", uid=said, gid=said), file("b")))
    assert [(one.path, one.uid, one.gid) for one in entries] == [("a", expected, expected), ("b", 0, 0)]
    assert faults == ()


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ("9223372037", (1 << 63) - 1),
        ("-9223372037", -(1 << 63)),
        ("9223372036854775807", (1 << 63) - 1),
        ("9223372036", 9223372036 * 10**9),
    ],
)
def test_times_beyond_64_bits_are_clamped_and_named(
    seconds: str, expected: int, tmp_path: Path, files: ImageFiles
) -> None:
    """An image with a time outside 1677 to 2262 is read, its time is the nearest there is, and that is a fault."""
    made = oci(tmp_path / "image", [tar(pax("a", mtime=seconds))])
    told = files.find(made.path, made.image, "a").entry.modified_at
    assert told
    assert told.ns == expected
    faults = files.contents(made.path, made.image).faults
    assert ["1677" in fault.reason for fault in faults] == [True] * (expected % 10**9 != 0)


def test_sums_beyond_64_bits_are_clamped_and_named(tmp_path: Path, files: ImageFiles) -> None:
    """Sparse files that together are larger than 64 bits can tell do not make an image unreadable."""
    holes = {"GNU__sparse__major": "1", "GNU__sparse__minor": "0", "GNU__sparse__realsize": str((1 << 63) - 1)}
    members = []
    for name in ("a", "b"):
        info, _ = pax(name, **holes)
        info.size = BLOCK
        members.append((info, b"0\n".ljust(BLOCK, b"\0")))
    made = oci(tmp_path / "image", [tar(*members), tar(file(".wh.a"), file(".wh.b"))])
    assert files.contents(made.path, made.image).wasted == (1 << 63) - 1
    assert any("64 bits" in fault.reason for fault in files.contents(made.path, made.image).faults)


def test_extended_attributes_and_devices(tmp_path: Path, files: ImageFiles) -> None:
    """They are a part of a file as engines take them; what no system takes is named."""
    members = (
        pax("a", SCHILY__xattr__user__x="1", SCHILY__acl__access="u"),
        pax("b", SCHILY__xattr__user__x="1" * 65_537),
        pax("c", SCHILY__xattr__="1"),
        special("disk", tarfile.BLKTYPE, devmajor=8, devminor=300),
        special("null", tarfile.CHRTYPE, devmajor=1, devminor=3),
        special("none", tarfile.CHRTYPE, devmajor=4096, devminor=3),
    )
    made = oci(tmp_path / "image", [tar(*members)])
    found = {one.entry.path: one.entry for one in files.children(made.path, made.image)}
    assert [found[name].xattrs for name in "abc"] == [(("user.x", b"1"),), (), ()]
    assert [found[name].device for name in ("disk", "null", "none")] == ["b 8:300", "c 1:3", "c 4096:3"]
    assert mode_of(found["disk"]).startswith("b")
    faults = files.contents(made.path, made.image).faults
    assert sorted(fault.member for fault in faults) == ["b", "c", "none"]


def test_hard_links_in_a_circle(tmp_path: Path, files: ImageFiles) -> None:
    """They hold no bytes, which is said; so does a link to what is not there."""
    made = oci(
        tmp_path / "image", [tar(link("a", "b", hard=True), link("b", "a", hard=True), link("c", "../x", hard=True))]
    )
    with pytest.raises(ArchiveError, match="hard links without end"):
        files.content(made.path, made.image, "a", limit=1)
    with pytest.raises(ArchiveError, match="x is not in the image"):
        files.content(made.path, made.image, "c", limit=1)


@pytest.mark.parametrize(
    ("info", "out"),
    [
        (link("d/l", "../../x"), True),
        (link("d/l", "a/../../../x"), True),
        (link("l", "/../x"), True),
        (link("l", "../x", hard=True), True),
        (link("d/l", "../x"), False),
        (link("d/e/l", "../../x"), False),
        (link("l", "/etc/x"), False),
        (link("d/l", "/x", hard=True), False),
    ],
    ids=lambda value: f"{value.name} {value.linkname}" if isinstance(value, tarfile.TarInfo) else None,
)
def test_links_that_lead_out_are_named(info: tarfile.TarInfo, *, out: bool) -> None:
    """A link that climbs above the root is shown as it is and named with its offset; others are no fault."""
    entries, faults = read(tar(info))
    assert [entry.link for entry in entries] == [info.linkname]
    expected = [(info.name, 0, "a link that leads out of the image")] if out else []
    assert [(fault.member, fault.offset, fault.reason) for fault in faults] == expected


def test_names_that_are_twice_in_a_layer(tmp_path: Path, files: ImageFiles) -> None:
    """They are named with the place of the one that counts; a folder, and what a whiteout is for, may be repeated."""
    layer = tar(folder("d"), file("d/a", b"1"), folder("d"), file("d/a", b"22"), file(".wh.b"), file("b"))
    made = oci(tmp_path / "image", [tar(file("b", b"1")), layer])
    (fault,) = files.contents(made.path, made.image).faults
    assert (fault.member, fault.digest, fault.offset) == ("d/a", made.layers[1], 4 * BLOCK)
    assert "twice" in fault.reason
    assert files.content(made.path, made.image, "d/a", limit=9) == b"22"


def test_whiteouts_of_nothing(tmp_path: Path, files: ImageFiles) -> None:
    """What AUFS left behind and whiteouts of `.`, `..` and nothing remove nothing."""
    odd = [file(f"d/{name}") for name in (".wh.", ".wh..", ".wh...", ".wh..wh.plnk", ".wh..wh.aufs", ".wh.gone")]
    made = oci(tmp_path / "image", [tar(file("d/keep")), tar(*odd)])
    assert paths(files, made) == ["d", "d/keep"]


def test_a_million_faults_are_a_hundred_and_a_count() -> None:
    """Faults do not fill the memory."""
    faults = read(tar(*(file(f"/{number}") for number in range(MAX_FAULTS + 50))))[1]
    assert len(faults) == MAX_FAULTS + 1
    assert "50" in faults[-1].reason


def test_types_that_no_engine_unpacks() -> None:
    """They are named and left out."""
    entries, faults = read(tar(special("label", b"V"), file("a")))
    assert [entry.path for entry in entries] == ["a"]
    assert "unknown type 'V'" in faults[0].reason


def test_a_size_that_lies() -> None:
    """A member that says more bytes than are left is shown without a digest, and named."""
    entries, faults = read(tar(file("a", b"1"))[: BLOCK * 2] + tar(file("lie", b"x" * 600))[: BLOCK + 100])
    assert [(entry.path, entry.size, bool(entry.digest)) for entry in entries] == [("a", 1, True), ("lie", 600, False)]
    assert faults[0].member == "lie"


@pytest.mark.skipif(
    b"GNU tar" not in subprocess.run(["tar", "--version"], capture_output=True, check=False).stdout, reason="no GNU tar"
)
@pytest.mark.parametrize("version", ["gnu", "0.0", "0.1", "1.0"])
def test_sparse_files_as_gnu_tar_writes_them(tmp_path: Path, files: ImageFiles, version: str) -> None:
    """Size, digest and content are those of the file with its holes."""
    sparse = tmp_path / "sparse"
    with sparse.open("wb") as out:
        for number in range(30):
            out.seek(number * 100_000)
            out.write(b"data %d" % number)
        out.truncate(4_000_000)
    words = ["--format=gnu"] if version == "gnu" else ["--format=posix", f"--sparse-version={version}"]
    layer = subprocess.run(
        ["tar", "-cS", *words, "-C", str(tmp_path), "sparse"], check=True, capture_output=True
    ).stdout
    assert len(layer) < 1_000_000, "tar wrote it sparse"
    made = oci(tmp_path / "image", [packed(layer)])
    content = sparse.read_bytes()
    entry = files.find(made.path, made.image, "sparse").entry
    assert (entry.size, entry.digest) == (len(content), f"sha256:{sha256(content).hexdigest()}")
    assert files.content(made.path, made.image, "sparse", limit=10**7) == content


def test_a_sparse_file_larger_than_any_disk(tmp_path: Path, files: ImageFiles) -> None:
    """Its zeros are not made up to be hashed: it is shown with its size, without a digest, and named."""
    info = tarfile.TarInfo("huge")
    info.pax_headers = {"GNU.sparse.map": "0,1", "GNU.sparse.size": str(1 << 60), "GNU.sparse.name": "huge"}
    info.size = 1
    made = oci(tmp_path / "image", [tar((info, b"x"), file("after"))])
    entry = files.find(made.path, made.image, "huge").entry
    assert (entry.size, entry.digest) == (1 << 60, "")
    (fault,) = files.contents(made.path, made.image).faults
    assert fault.member == "huge"
    assert paths(files, made) == ["after", "huge"]
    assert files.content(made.path, made.image, "huge", limit=5) == b"x\0\0\0\0"


def test_a_layer_packed_twice() -> None:
    """It is named, not unpacked again."""
    assert "packed twice" in read(packed(packed(tar(file("a")))))[1][0].reason


def test_a_bomb_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """What grows beyond all measure is stopped; what came before it is there."""
    monkeypatch.setattr(unpacking, "FREE", 1 << 20)
    entries, faults = read(packed(tar(file("first", b"1"), file("zeros", bytes(20 << 20)))))
    assert [entry.path for entry in entries] == ["first", "zeros"]
    assert "bomb" in faults[0].reason


def test_more_members_than_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading stops at a bound and says so."""
    monkeypatch.setattr(layer_files, "MAX_MEMBERS", 2)
    entries, faults = read(tar(file("a"), file("b"), file("c")))
    assert [entry.path for entry in entries] == ["a", "b"]
    assert faults == (Fault("more than 2 members", offset=2 * BLOCK),)


def test_more_names_than_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names fill no disk: reading stops at a bound and says so; one link that is too long is left out alone."""
    entries, faults = read(tar(link("l", "x" * 5_000), file("a")))
    assert [(entry.path, entry.link) for entry in entries] == [("l", ""), ("a", "")]
    assert faults[0].reason == "a link of 5,000 bytes: engines refuse it"
    monkeypatch.setattr(layer_files, "MAX_NAMES", 10)
    entries, faults = read(tar(file("a" * 8), file("b" * 8)))
    assert [entry.path for entry in entries] == ["a" * 8]
    assert "names of more than 10" in faults[0].reason


def test_folders_without_end_are_not_made_up(
    tmp_path: Path, files: ImageFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few members with long paths may stand for endless folders: past a bound the image is refused."""
    monkeypatch.setattr(image_tree, "MAX_PATHS", 3_000)
    made = oci(tmp_path / "image", [tar(*(file(f"{number}/" + "d/" * 1_500 + "x") for number in range(3)))])
    with pytest.raises(ArchiveError, match="more than 3,000 paths"):
        files.contents(made.path, made.image)
    assert not list((tmp_path / "cache").glob("*.part"))


def test_a_blob_that_is_not_its_digest(tmp_path: Path, files: ImageFiles) -> None:
    """It is read and named, and another archive with the true layer is not misled, whichever came first."""
    layer, lie = tar(file("true", b"1")), tar(file("false", b"2"))
    good, bad = oci(tmp_path / "good", [layer]), oci(tmp_path / "bad", [layer])
    (bad.path / "blobs" / "sha256" / bad.layers[0].partition(":")[2]).write_bytes(lie)
    for _ in range(2):
        assert paths(files, bad) == ["false"]
        assert paths(files, good) == ["true"]
        assert files.contents(good.path, good.image).faults == ()
        (fault,) = files.contents(bad.path, bad.image).faults
        assert (fault.digest, f"sha256:{sha256(lie).hexdigest()}" in fault.reason) == (bad.layers[0], True)
        assert files.content(bad.path, bad.image, "false", limit=9) == b"2"


def test_a_config_that_tells_of_another_tar(tmp_path: Path, files: ImageFiles) -> None:
    """A diff_id that is not the tar's digest is named."""
    made = oci(
        tmp_path / "image", [tar(file("a"))], config={"rootfs": {"type": "layers", "diff_ids": [f"sha256:{'0' * 64}"]}}
    )
    (fault,) = files.contents(made.path, made.image).faults
    assert f"sha256:{'0' * 64}" in fault.reason


SAMPLE = tar(folder("etc"), file("etc/a", b"1" * 700), link("l", "etc"), file("x" * 120, b"2" * 1_500), file("z", b"3"))


@pytest.mark.parametrize("pack", [bytes, packed], ids=["plain", "gzip"])
def test_cut_at_any_byte(pack: type[bytes]) -> None:
    """Whatever is left is read in its order; unless only the end's zeros are gone a fault is named."""
    whole = pack(SAMPLE)
    sound, none = read(whole)
    assert none == ()
    for cut in range(0, len(whole), 1 if pack is packed else 100):
        entries, faults = read(whole[:cut])
        told = [entry.path for entry in entries]
        assert told == [entry.path for entry in sound][: len(told)]
        assert faults or len(told) == len(sound) or not cut


@given(st.data())
def test_damage_anywhere_is_never_raised(data: st.DataObject) -> None:
    """Any bytes overwritten in a layer give entries and faults, and every digest that is told is of something."""
    layer = bytearray(SAMPLE)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(layer) - 1))
        damage = data.draw(st.binary(max_size=20))
        layer[at : at + len(damage)] = damage
    stored = bytes(layer) if data.draw(st.booleans()) else gzip.compress(bytes(layer))[: data.draw(st.integers(0, 900))]
    entries, _ = read(stored)
    assert all(not entry.path.startswith("/") and ".." not in entry.path.split("/") for entry in entries)
    assert all(entry.kind is not FileKind.FILE or len(entry.digest) in {0, 71} for entry in entries)
