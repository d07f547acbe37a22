"""One file of an image is saved into the chosen folder, and nowhere and over nothing else."""

import stat
from pathlib import Path

import pytest

from dockcache_tui.core.archives.archive import ArchiveError
from dockcache_tui.sources.archives.file_content import save_file
from dockcache_tui.sources.archives.image_files import ImageFiles
from sources.archive_files_making import Made, file, link, oci, packed, tar


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """An archive with a file, one that sets an id, a link to it and a name that would leave the folder."""
    layer = tar(
        file("etc/passwd", b"root\n"),
        file("bin/su", b"elf" * 1_000_000, mode=0o4755),
        link("l", "bin/su"),
        file("../../up", b"up"),
    )
    return oci(tmp_path / "image", [packed(layer)])


@pytest.fixture
def to(tmp_path: Path) -> Path:
    """An empty folder."""
    folder = tmp_path / "to"
    folder.mkdir()
    return folder


def names(folder: Path) -> list[str]:
    """Return what is in a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_saved_whole(files: ImageFiles, made: Made, to: Path) -> None:
    """Under its own name, with its bytes, without its rights."""
    saved = files.save(made.path, made.image, "bin/su", to)
    assert saved == to / "su"
    assert saved.read_bytes() == b"elf" * 1_000_000
    assert not stat.S_IMODE(saved.stat().st_mode) & (stat.S_ISUID | stat.S_IXUSR)
    assert names(to) == ["su"]


def test_a_name_that_leads_out_is_saved_inside(files: ImageFiles, made: Made, to: Path) -> None:
    """Only the last part of a path names the file."""
    assert files.save(made.path, made.image, "up", to) == to / "up"


@pytest.mark.parametrize("there", ["file", "folder", "link", "dead link"])
def test_nothing_that_was_there_is_touched(files: ImageFiles, made: Made, to: Path, there: str) -> None:
    """Not a file, and not what a link leads to."""
    place, other = to / "passwd", to.parent / "other"
    other.write_text("mine")
    if there == "file":
        place.write_text("mine")
    elif there == "folder":
        place.mkdir()
    else:
        place.symlink_to(other if there == "link" else to.parent / "nowhere")
    with pytest.raises(ArchiveError, match="already there"):
        files.save(made.path, made.image, "etc/passwd", to)
    assert (other.read_text(), names(to)) == ("mine", ["passwd"])
    assert not (to.parent / "nowhere").exists()


def test_when_told_it_replaces_the_file_and_not_what_a_link_leads_to(files: ImageFiles, made: Made, to: Path) -> None:
    """A link is replaced itself; a folder is never replaced."""
    other = to.parent / "other"
    other.write_text("mine")
    (to / "passwd").symlink_to(other)
    assert files.save(made.path, made.image, "etc/passwd", to, replace=True).read_text() == "root\n"
    assert (other.read_text(), (to / "passwd").is_symlink()) == ("mine", False)
    (to / "su").mkdir()
    with pytest.raises(ArchiveError, match="can't be written"):
        files.save(made.path, made.image, "bin/su", to, replace=True)
    assert names(to) == ["passwd", "su"]


def test_a_file_that_breaks_off_is_not_left(files: ImageFiles, made: Made, to: Path) -> None:
    """When the archive is cut after it was indexed nothing is saved."""
    files.contents(made.path, made.image)
    blob = made.path / "blobs" / "sha256" / made.layers[0].partition(":")[2]
    blob.write_bytes(blob.read_bytes()[:-2_000])
    with pytest.raises(ArchiveError):
        files.save(made.path, made.image, "bin/su", to)
    assert names(to) == []


@pytest.mark.parametrize(
    "swapped",
    [tar(file("etc/passwd", b"evil\n"), file("bin/su", b"", mode=0o4755)), bytes(10_240), b"", b"\x1f\x8b"],
    ids=["other", "zeros", "empty", "gzip"],
)
def test_other_bytes_than_indexed_are_not_saved(files: ImageFiles, made: Made, to: Path, swapped: bytes) -> None:
    """When a layer was swapped after it was indexed its files are refused."""
    files.contents(made.path, made.image)
    blob = made.path / "blobs" / "sha256" / made.layers[0].partition(":")[2]
    blob.write_bytes(swapped)
    for path in ("etc/passwd", "bin/su"):
        with pytest.raises(ArchiveError):
            files.save(made.path, made.image, path, to)
    assert names(to) == []


def test_a_symlink_is_saved_as_what_it_leads_to(files: ImageFiles, made: Made, to: Path) -> None:
    """Under its own name there is a file with the bytes of the file it leads to in the image, no link."""
    saved = files.save(made.path, made.image, "l", to)
    assert (saved, saved.is_symlink(), saved.read_bytes()) == (to / "l", False, b"elf" * 1_000_000)


@pytest.mark.parametrize("path", ["etc", "nowhere"])
def test_what_holds_no_bytes_is_not_saved(files: ImageFiles, made: Made, to: Path, path: str) -> None:
    """A folder and what is not there leave nothing."""
    with pytest.raises(ArchiveError):
        files.save(made.path, made.image, path, to)
    assert names(to) == []


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/a", "a\0b"])
def test_no_name_leads_elsewhere(to: Path, name: str) -> None:
    """Only a plain name is written."""
    with pytest.raises(ArchiveError, match="not a file's name"):
        save_file([b"x"], name, to, replace=True)
    assert names(to) == []


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """The reason is told."""
    with pytest.raises(ArchiveError, match="No such file"):
        save_file([b"x"], "a", tmp_path / "gone", replace=False)


def test_a_name_longer_than_the_disk_takes(to: Path) -> None:
    """It is refused with the reason, and nothing is left."""
    with pytest.raises(ArchiveError, match="can't be written"):
        save_file([b"x"], "a" * 300, to, replace=False)
    assert names(to) == []
