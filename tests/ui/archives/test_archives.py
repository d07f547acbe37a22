"""The Archives view on real archives: listed, looked into, compared, and failed without a loss."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from dockcache_tui.sources.archives.local import LocalArchives
from sources.archive_files_making import as_tar, file, folder, link, oci, tar
from sources.record_making import Bundle, framed, message
from ui.bench import NARROW, Bench, bench
from ui.house import House

BASE = tar(folder("etc"), file("etc/motd", b"welcome\n"), file("etc/passwd", b"root"), file("blob", b"\0\x01\x02"))
TOP = tar(folder("etc"), file("etc/motd", b"hello again\n"), file("etc/.wh.passwd"), link("door", "etc"))


@pytest.fixture(autouse=True)
def _own_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Indexes and saved files stay with the test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """An archive of two layers: the upper changes one file, removes one and adds a link."""
    return as_tar(oci(tmp_path / "app", [BASE, TOP])).path


@asynccontextmanager
async def archives(*files: Path, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Bench]:
    """Run the app with these archives in sight."""
    house = House(files=files)
    async with bench(house, size) as app:
        await app.see("no cache yet")
        await app.press("4")
        yield app
    if isinstance(house.reader, LocalArchives):
        house.reader.close()


def here(name: str, then: bytes) -> bytes:
    """Return what a file in the current folder holds, and write something else to it."""
    held = Path(name).read_bytes()
    Path(name).write_bytes(then)
    return held


def away(path: Path) -> None:
    """Remove a file."""
    path.unlink()


async def test_archives_are_listed(image: Path, tmp_path: Path) -> None:
    """Every file is listed with kind, size and platform, and why there are no artifacts."""
    other = tmp_path / "picture.png"
    other.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 100)
    async with archives(image, other) as app:
        await app.see(
            r"app\.tar +oci layout", "linux/amd64", r"picture\.png +unreadable", "No artifacts: no repository"
        )
        assert "archives here" in app.screen()


async def test_no_archive_says_what_to_do() -> None:
    """An empty list says what would be listed, what to press, and once why there are no artifacts."""
    async with archives() as app:
        screen = await app.see("No archive here", "r +look again")
        assert screen.count("No artifacts") == 1


async def test_a_movement_key_loads_nothing(image: Path) -> None:
    """Moving and panning in the list asks nothing of the engine; I asks it to load the archive."""
    async with archives(image) as app:
        await app.see(r"app\.tar +oci layout")
        await app.press(*"hjklgG", "right", "left", "up", "down", "home", "end")
        await app.press("I")
        screen = await app.see(r"Loading app\.tar", "there is no engine")
        assert (screen.count("Loading app.tar"), screen.count("there is no engine")) == (1, 1)


async def test_layers_then_files(image: Path) -> None:
    """Enter opens the layers, enter on the image its whole tree, with what is wasted and what was removed."""
    async with archives(image) as app:
        await app.see(r"app\.tar +oci layout")
        await app.press("enter")
        await app.see("linux/amd64", r"Digest")
        await app.press("enter")
        await app.see("all layers", "12 B wasted", r"\+ etc/", r"door -> etc", r"blob +3 B")
        await app.press("G")
        await app.press("enter")
        await app.see(r"motd +~ changed", r"passwd +- removed +0 B +4 B")
        await app.press("escape")
        await app.see("Digest")
        await app.press("escape")
        await app.see(r"app\.tar +oci layout")


async def test_a_layer_that_is_cut_is_told(tmp_path: Path) -> None:
    """What was read of a damaged layer is shown, and the layers then say what is wrong and where."""
    path = as_tar(oci(tmp_path / "cut", [BASE, TOP[:700]])).path
    async with archives(path) as app:
        await app.see(r"cut\.tar +oci layout")
        await app.press("enter")
        await app.see("Digest")
        assert "fault" not in app.screen()
        await app.press("enter")
        await app.see("all layers", r"blob +3 B")
        await app.press("escape")
        await app.see("1 fault", "cut")


async def test_one_layer_tells_what_it_did(image: Path) -> None:
    """Enter on a layer shows only what that layer added, changed or removed."""
    async with archives(image) as app:
        await app.see(r"app\.tar +oci layout")
        await app.press("enter")
        await app.see("Digest")
        await app.press("j", "j", "enter")
        await app.see("what this layer did", r"door -> etc +\+ added", r"\+ etc/")
        assert "blob" not in app.screen()


async def test_paths_are_searched(image: Path) -> None:
    """/ in the files looks for paths anywhere, esc brings the tree back."""
    async with archives(image) as app:
        await app.see(r"app\.tar +oci layout")
        await app.press("enter", "enter")
        await app.see(r"\+ etc/")
        await app.press("/")
        await app.type("motd")
        await app.see("etc/motd")
        await app.see_no("door")
        await app.press("escape", "escape")
        await app.see("door -> etc")


async def test_a_file_is_shown_as_text_and_bytes(image: Path) -> None:
    """Enter on a file shows its text, t its bytes."""
    async with archives(image) as app:
        await app.see(r"app\.tar +oci layout")
        await app.press("enter", "enter")
        await app.see(r"\+ etc/")
        await app.press("/")
        await app.type("motd")
        await app.see("etc/motd")
        await app.press("enter")
        await app.see_no("door")
        await app.press("enter")
        await app.see("hello again", "t bytes")
        await app.press("t")
        await app.see("68 65 6c 6c 6f", "t text")
        await app.press("escape")
        await app.see_no("68 65 6c 6c 6f")


async def test_a_file_is_saved_once(image: Path) -> None:
    """The w key writes a file to the current folder, and does not write over it unasked."""
    async with archives(image) as app:
        await app.see(r"app\.tar +oci layout")
        await app.press("enter", "enter")
        await app.see(r"blob +3 B")
        await app.press("/")
        await app.type("blob")
        await app.see_no("door")
        await app.press("enter", "w")
        await app.see("Saved")
        assert here("blob", b"mine") == b"\0\x01\x02"
        await app.press("w")
        await app.see("The file was not saved", "is already there")
        assert here("blob", b"") == b"mine"


async def test_two_archives_are_compared(image: Path, tmp_path: Path) -> None:
    """Two marked archives and c tell which layers and files differ."""
    other = as_tar(oci(tmp_path / "other", [BASE])).path
    async with archives(image, other) as app:
        await app.see(r"app\.tar +oci layout", r"other\.tar +oci layout")
        await app.press("c")
        await app.see("Mark two archives")
        await app.press("space", "space", "c")
        await app.see("What differs", "1 of 2 layers are the same", "etc/motd", "door")


async def test_a_link_opens_as_the_file_it_leads_to(tmp_path: Path) -> None:
    """A symlink, through another too, and a hard link show the bytes and how many there are; one to nothing says so."""
    links = link("bin", "usr"), link("a-soft", "/bin/tool"), link("b-hard", "usr/tool", hard=True), link("c-no", "none")
    path = as_tar(oci(tmp_path / "app", [tar(file("usr/tool", b"hello there\n"), *links)])).path
    async with archives(path) as app:
        await app.see(r"app\.tar +oci layout")
        await app.press("enter", "enter")
        for name in ("a-soft", "b-hard"):
            await app.see(name)
            await app.press("enter")
            await app.see("hello there", "12 B")
            await app.press("escape", "j")
        await app.press("j")
        await app.press("enter")
        await app.see("c-no is not in the image: it leads to none")


@pytest.mark.parametrize("size", [(120, 40), NARROW])
async def test_a_comparison_narrows_to_a_kind_of_change(size: tuple[int, int], temporary: Path) -> None:
    """`]` turns from all paths to those of one kind, however many others there are; enter tells one in full."""
    many = [file(f"m{number:05}", mtime=1) for number in range(2_500)]
    touched = [file(f"m{number:05}", mtime=2) for number in range(2_500)]
    one = as_tar(oci(temporary / "one", [tar(file("app", b"1"), *many, file("script", mode=0o644), file("old"))])).path
    two = as_tar(oci(temporary / "two", [tar(file("app", b"2"), *touched, file("script", mode=0o755))])).path
    async with archives(one, two, size=size) as app:
        await app.see(r"one\.tar +oci layout", r"two\.tar +oci layout")
        await app.press("space", "space", "c")
        await app.see(
            "2,503 paths differ", "all 2,503", "content 1", "mode 1", "time 2,500", r"~ app +content", "- old"
        )
        await app.press("G")
        await app.see(r"~ m02499 +time")
        await app.press("]")
        await app.see(r"~ app +content")
        await app.see_no("script", "m00000")
        await app.press("]")
        await app.see(r"~ script +mode")
        await app.press("enter")
        await app.see("What differs in a path", "mode 0644 -> 0755")
        await app.press("escape", "[", "[", "[")
        await app.see(r"~ m00000 +time")
        await app.see_no("script")
        await app.press("]", "escape")
        await app.see(r"one\.tar +oci layout")


async def test_what_differs_in_more_paths_than_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """How many are left out is told, and each kind has its own list."""
    monkeypatch.setattr("dockcache_tui.ui.archives.workers.MAX_COMPARED", 2)
    one = as_tar(oci(tmp_path / "one", [tar(file("a", b"1"), file("b", b"1"), file("t", mtime=1))])).path
    two = as_tar(oci(tmp_path / "two", [tar(file("a", b"2"), file("b", b"2"), file("t", mtime=2))])).path
    async with archives(one, two) as app:
        await app.see(r"one\.tar +oci layout", r"two\.tar +oci layout")
        await app.press("space", "space", "c")
        await app.see("all 3", "and 1 more that matter less", "~ a", "~ b")
        await app.press("[")
        await app.see("~ t")
        await app.see_no("more that matter less")


async def test_layers_tell_which_other_archive_has_them(image: Path, tmp_path: Path) -> None:
    """A layer that another archive holds too names that archive."""
    other = as_tar(oci(tmp_path / "other", [BASE])).path
    async with archives(image, other) as app:
        await app.see(r"other\.tar +oci layout")
        await app.press("enter")
        await app.see(r"Shared with", r"other\.tar")


async def test_archives_of_unknown_branch_are_filtered(image: Path) -> None:
    """Whether its branch is known is something to filter archives by."""
    async with archives(image) as app:
        await app.see(r"app\.tar +oci layout")
        await app.press("/")
        await app.type("is:known")
        await app.see("Nothing matches", "0 of 1")


async def test_a_damaged_record_opens_as_its_build(tmp_path: Path) -> None:
    """What of a build record can be read is shown as a build, and what is wrong with it is told."""
    bundle = Bundle()
    bundle.record(framed(message()))
    bundle.manifests.append({"digest": f"sha256:{'0' * 64}", "size": 1})
    async with archives(bundle.write(tmp_path)) as app:
        await app.see(r"made\.dockerbuild +build record")
        await app.press("enter")
        await app.see(r"■ built +\[1/1\] RUN x", "hello", "The record is damaged", "not in the archive")


async def test_the_view_is_exported(image: Path) -> None:
    """The x key writes the layers, and the files in sight, as JSON or CSV."""
    async with archives(image) as app:
        await app.see(r"app\.tar +oci layout")
        await app.press("enter")
        await app.see("Digest")
        await app.press("x")
        await app.see("Export 6 rows as")
        await app.press("enter")
        await app.see("dockcache-archive")
        await app.press("enter")
        await app.see(r"door -> etc")
        await app.press("x", "down", "enter")
        await app.see(r"dockcache-archive.*\.csv")
    (layers,) = Path.cwd().glob("*.json")
    document = json.loads(layers.read_text())
    assert [row["size"] for row in document["items"]][1:3] == [len(BASE), len(TOP)]
    (listed,) = Path.cwd().glob("*.csv")
    assert "door" in listed.read_text()


async def test_everything_fits_a_narrow_terminal(image: Path) -> None:
    """At 80 columns name, kind and size stay in sight, and layers and files keep their names."""
    async with archives(image, size=NARROW) as app:
        await app.see(r"app\.tar +oci layout +[\d.]+ kB")
        await app.press("enter")
        await app.see("linux/amd64", "Packed")
        await app.press("enter")
        await app.see(r"\+ etc/", "Size")


async def test_an_archive_that_goes_away_is_told(image: Path) -> None:
    """Files of an archive that was removed meanwhile are an error in words, and the app stays."""
    async with archives(image) as app:
        await app.see(r"app\.tar +oci layout")
        await app.press("enter")
        await app.see("Digest")
        away(image)
        await app.press("enter")
        await app.see("The archive can't be read: /")
        await app.press("escape", "escape", "r")
        await app.see(r"app\.tar +unreadable")


async def test_more_paths_than_are_listed_are_told(tmp_path: Path) -> None:
    """A search that finds more than a thousand paths says that they are the first."""
    many = as_tar(oci(tmp_path / "many", [tar(*(file(f"name{number:04}") for number in range(1_001)))])).path
    async with archives(many) as app:
        await app.see(r"many\.tar +oci layout")
        await app.press("enter", "enter")
        await app.see("name0000")
        assert "only the first" not in app.screen()
        await app.press("/")
        await app.type("name")
        await app.see("only the first 1,000 found listed")


async def test_a_folder_of_more_than_is_listed_is_told(image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with more than fits is listed up to a bound, and how to get at the others is said."""
    for module in ("sources.archives.image_files", "ui.archives.archive_view"):
        monkeypatch.setattr(f"dockcache_tui.{module}.MAX_LISTED", 3)
    async with archives(image) as app:
        await app.see(r"app\.tar +oci layout")
        await app.press("enter", "enter")
        await app.see("only the first 3 in / listed, / finds others")
