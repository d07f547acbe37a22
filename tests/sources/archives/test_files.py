"""The files of images in archives: asked folder by folder, found by text, read and saved."""

import tarfile
from hashlib import sha256
from pathlib import Path

import pytest

from dockcache_tui.core.archives.archive import ArchiveError
from dockcache_tui.core.archives.file_entry import FileKind, LayerChange, TreeEntry
from dockcache_tui.sources.archives.image_files import ImageFiles
from dockcache_tui.sources.archives.index_folder import IndexFolder
from dockcache_tui.sources.archives.local import with_known_layers
from dockcache_tui.sources.archives.reading import read_archive
from sources.archive_files_making import Made, as_tar, file, folder, link, oci, packed, saved, tar

ADDED, CHANGED, REMOVED, SAME = LayerChange
BASE = tar(
    folder("etc"),
    file("etc/passwd", b"root\n", mtime=5),
    file("etc/old", b"12345"),
    folder("usr/lib", 0o700),
    file("usr/lib/libc.so", b"elf" * 100),
    link("lib", "usr/lib"),
    link("usr/lib/libm.so", "usr/lib/libc.so", hard=True),
)
TOP = tar(folder("etc"), file("etc/passwd", b"root\nuser\n"), file("etc/.wh.old"), file("app/Main", b"\0\x01go"))


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """An archive with a base layer and one over it."""
    return as_tar(oci(tmp_path / "image", [packed(BASE), TOP]))


def told(entries: tuple[TreeEntry, ...]) -> list[tuple[str, LayerChange, int, int, int]]:
    """Return path, change, size, waste and children of entries."""
    return [(one.entry.path, one.change, one.size, one.wasted, one.children) for one in entries]


def test_an_image_folder_by_folder(files: ImageFiles, made: Made) -> None:
    """Every folder counts what is below it; what a later layer removed is there too, as removed."""
    assert told(files.children(made.path, made.image)) == [
        ("app", ADDED, 4, 0, 1),
        ("etc", ADDED, 10, 10, 2),
        ("lib", ADDED, 0, 0, 0),
        ("usr", ADDED, 300, 0, 1),
    ]
    assert told(files.children(made.path, made.image, "etc")) == [
        ("etc/old", REMOVED, 0, 5, 0),
        ("etc/passwd", CHANGED, 10, 5, 0),
    ]
    passwd = files.find(made.path, made.image, "etc/passwd")
    assert passwd.layer == made.layers[1]
    assert passwd.entry.digest == "sha256:" + sha256(b"root\nuser\n").hexdigest()


def test_one_layer_of_an_image(files: ImageFiles, made: Made) -> None:
    """A layer shows what it did and the folders on the way there."""
    assert told(files.children(made.path, made.image, layer=made.layers[1])) == [
        ("app", ADDED, 4, 0, 1),
        ("etc", SAME, 10, 10, 2),
    ]
    assert told(files.children(made.path, made.image, "etc", layer=made.layers[0])) == [
        ("etc/old", ADDED, 5, 0, 0),
        ("etc/passwd", ADDED, 5, 0, 0),
    ]


def test_an_entry_is_as_its_header_tells(files: ImageFiles, made: Made) -> None:
    """Kind, mode, link and time come from the tar."""
    lib = files.find(made.path, made.image, "lib").entry
    assert (lib.kind, lib.link) == (FileKind.SYMLINK, "usr/lib")
    assert files.find(made.path, made.image, "usr/lib").entry.mode == 0o700
    before = files.find(made.path, made.image, "etc/passwd", layer=made.layers[0]).entry
    assert str(before.modified_at) == "1970-01-01T00:00:05Z"


def test_search_finds_parts_of_paths(files: ImageFiles, made: Made) -> None:
    """In any case of letters, in the order of paths, no more than asked for, in one layer when it is named."""
    assert [one.entry.path for one in files.search(made.path, made.image, "LIB/")] == [
        "usr/lib/libc.so",
        "usr/lib/libm.so",
    ]
    assert [one.entry.path for one in files.search(made.path, made.image, "etc", limit=2)] == ["etc", "etc/old"]
    assert [one.entry.path for one in files.search(made.path, made.image, "main", layer=made.layers[0])] == []


def test_content_is_of_the_last_layer_or_of_the_one_named(files: ImageFiles, made: Made) -> None:
    """A removed file is as it was, a hard link is its target, and no more than asked for is read."""
    read = [
        files.content(made.path, made.image, "etc/passwd", limit=100),
        files.content(made.path, made.image, "etc/passwd", layer=made.layers[0], limit=100),
        files.content(made.path, made.image, "etc/old", limit=100),
        files.content(made.path, made.image, "usr/lib/libm.so", limit=4),
    ]
    assert read == [b"root\nuser\n", b"root\n", b"12345", b"elfe"]


@pytest.mark.parametrize(("path", "reason"), [("lib", "usr/lib is a folder"), ("etc", "a folder"), ("no", "not in")])
def test_what_holds_no_bytes_says_so(files: ImageFiles, made: Made, path: str, reason: str) -> None:
    """A link, a folder and a path that is not there are errors with a reason."""
    with pytest.raises(ArchiveError, match=reason):
        files.content(made.path, made.image, path, limit=1)


def test_what_is_known_of_an_image(files: ImageFiles, made: Made) -> None:
    """Unpacked sizes, digests of the tars, bytes seen and wasted."""
    contents = files.contents(made.path, made.image)
    assert [(layer.digest, layer.unpacked_size, layer.members) for layer in contents.layers] == [
        (made.layers[0], len(BASE), 7),
        (made.layers[1], len(TOP), 4),
    ]
    assert contents.layers[0].diff_id == f"sha256:{sha256(BASE).hexdigest()}"
    assert (contents.size, contents.wasted, contents.faults) == (314, 10, ())


def test_unpacked_sizes_are_known_from_then_on(tmp_path: Path, files: ImageFiles, made: Made) -> None:
    """Before, only the archive itself tells; afterwards any reading of any archive with the layer does."""
    before, folder = read_archive(made.path), IndexFolder(tmp_path / "cache")
    assert with_known_layers(before, folder) == before
    files.contents(made.path, made.image)
    (image,) = with_known_layers(before, folder).images
    assert [layer.unpacked_size for layer in image.layers] == [len(BASE), len(TOP)]


def test_faults_of_layers_are_known_from_then_on(tmp_path: Path, files: ImageFiles) -> None:
    """What was found wrong in a layer is told by every later reading of an archive with it, and once."""
    made = oci(tmp_path / "image", [tar(file("../out"))])
    found = files.contents(made.path, made.image).faults
    assert [fault.member for fault in found] == ["../out"]
    again = with_known_layers(read_archive(made.path), IndexFolder(tmp_path / "cache"))
    assert again.faults == found
    assert with_known_layers(again, IndexFolder(tmp_path / "cache")).faults == found


def test_progress_is_told_to_its_end(files: ImageFiles, made: Made) -> None:
    """The first call counts up to all stored bytes; the next reads nothing."""
    seen: list[tuple[int, int]] = []
    files.children(made.path, made.image, done=lambda count, total: seen.append((count, total)))
    total = len(packed(BASE)) + len(TOP)
    assert seen[-1] == (total, total)
    assert [count for count, _ in seen] == sorted(count for count, _ in seen)
    seen.clear()
    files.children(made.path, made.image, "etc", done=lambda count, total: seen.append((count, total)))
    assert seen == []


def test_progress_is_told_now_and_then(tmp_path: Path, files: ImageFiles) -> None:
    """A large layer is not told of with every piece that is read."""
    seen: list[int] = []
    made = oci(tmp_path / "image", [tar(file("big", bytes(50 << 20)))])
    files.contents(made.path, made.image, done=lambda count, _: seen.append(count))
    assert 100 < len(seen) < 250
    assert seen[-1] > 50 << 20


def test_a_packed_archive_is_the_same(tmp_path: Path, files: ImageFiles, made: Made) -> None:
    """The tree of a .tar.gz is that of the tar."""
    whole = as_tar(oci(tmp_path / "again", [packed(BASE), TOP]), "w:gz")
    assert files.search(whole.path, whole.image, "") == files.search(made.path, made.image, "")
    assert files.content(whole.path, whole.image, "app/Main", limit=9) == b"\0\x01go"


def test_an_archive_that_changed_is_read_again(tmp_path: Path, files: ImageFiles) -> None:
    """Another archive in the same place is another image."""
    first = as_tar(oci(tmp_path / "a", [tar(file("one"))]))
    assert [one.entry.path for one in files.search(first.path, first.image, "")] == ["one"]
    second = as_tar(oci(tmp_path / "b", [tar(file("two"), file("three"))]))
    second.path.replace(first.path)
    assert [one.entry.path for one in files.search(first.path, second.image, "")] == ["three", "two"]
    with pytest.raises(ArchiveError, match="holds no image"):
        files.search(first.path, first.image, "")


def test_a_layer_twice_in_an_image(tmp_path: Path, files: ImageFiles) -> None:
    """The second time it overwrites what it put first."""
    layer = tar(file("a", b"123"))
    made = oci(tmp_path / "image", [layer, tar(file("b")), layer])
    assert told(files.children(made.path, made.image)) == [("a", CHANGED, 3, 3, 0), ("b", ADDED, 0, 0, 0)]


def test_names_that_are_no_utf_8(tmp_path: Path, files: ImageFiles) -> None:
    """Their bytes stay, and they are found and read by them."""
    made = oci(tmp_path / "image", [tar(file("caf\udce9/x", b"1"))])
    assert [one.entry.path for one in files.children(made.path, made.image, "caf\udce9")] == ["caf\udce9/x"]
    assert files.content(made.path, made.image, "caf\udce9/x", limit=9) == b"1"


def test_devices_and_fifos_are_shown_and_nothing_else(tmp_path: Path, files: ImageFiles) -> None:
    """They have a kind and no bytes."""
    info = tarfile.TarInfo("dev/null")
    info.type, info.devmajor, info.devminor = tarfile.CHRTYPE, 1, 3
    fifo = tarfile.TarInfo("dev/pipe")
    fifo.type = tarfile.FIFOTYPE
    made = oci(tmp_path / "image", [tar(info, fifo)])
    kinds = [one.entry.kind for one in files.children(made.path, made.image, "dev")]
    assert kinds == [FileKind.DEVICE, FileKind.FIFO]
    with pytest.raises(ArchiveError, match="a device"):
        files.content(made.path, made.image, "dev/null", limit=1)


def test_a_packed_layer_whose_name_tells_no_digest(tmp_path: Path, files: ImageFiles) -> None:
    """In a `docker save` the tar's digest stands for it: that is no fault, and it is read once."""
    made = saved(tmp_path / "saved", packed(BASE))
    contents = files.contents(made.path, made.image)
    assert contents.faults == ()
    assert made.layers[0] == contents.layers[0].diff_id
    kept = sorted((tmp_path / "cache").iterdir())
    assert files.content(made.path, made.image, "etc/passwd", limit=9) == b"root\n"
    assert sorted((tmp_path / "cache").iterdir()) == kept
