"""Members of a layer are where both of Docker's stores unpack them, and what those refuse is named."""

import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from dockcache_tui.core.archives.file_entry import FileKind, LayerChange
from dockcache_tui.sources.archives.image_files import ImageFiles
from sources.archive_files_making import file, folder, link, oci, special, tar

Member = tarfile.TarInfo | tuple[tarfile.TarInfo, bytes]
USR = (folder("usr"), folder("usr/bin"))


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ((*USR, link("bin", "usr/bin"), file("bin/tool")), "bin usr usr/bin usr/bin/tool"),
        ((link("bin", "usr/bin"), file("bin/tool")), "bin usr usr/bin usr/bin/tool"),
        ((*USR, link("bin", "/usr/bin"), file("bin/tool")), "bin usr usr/bin usr/bin/tool"),
        ((*USR, link("a", "b"), link("b", "usr/bin"), file("a/x")), "a b usr usr/bin usr/bin/x"),
        ((*USR, folder("d"), link("d/l", "../usr/bin"), file("d/l/x")), "d d/l usr usr/bin usr/bin/x"),
        ((*USR, folder("d"), link("d/l", "../../../usr"), file("d/l/x")), "d d/l usr usr/bin usr/x"),
        (
            (folder("x/y"), folder("x/b"), folder("b"), link("a", "x/y"), link("l", "a/../b"), file("l/t")),
            "a b l x x/b x/b/t x/y",
        ),
        (
            (*USR, link("bin", "usr/bin"), file("bin/tool"), folder("bin"), file("bin/other")),
            "bin bin/other usr usr/bin usr/bin/tool",
        ),
        ((*USR, link("l", "usr"), link("l/s", "bin"), file("l/s/x")), "l usr usr/bin usr/bin/x usr/s"),
        ((*USR, file("bin/tool"), link("bin", "usr/bin")), "bin usr usr/bin"),
        ((file(".wh.d/x"),), ".wh.d .wh.d/x"),
        ((*USR, link("s", "usr"), link("t", "s", hard=True), file("t/x")), "s t usr usr/bin usr/x"),
    ],
)
def test_members_below_symlinks(members: Sequence[Member], expected: str, tmp_path: Path, files: ImageFiles) -> None:
    """What lies below a symlink of its layer is where that leads at that point: chains, dots, absolute, dangling."""
    made = oci(tmp_path / "image", [tar(*members)])
    assert [one.entry.path for one in files.walk(made.path, made.image)] == expected.split()


@pytest.mark.parametrize("target", ["bin/tool", "/bin/tool", "./bin/../bin/tool", "lib/../bin/tool", "deep/bin/tool"])
def test_a_hard_link_through_a_symlink(target: str, tmp_path: Path, files: ImageFiles) -> None:
    """It is a name of the file that the symlink leads to, be it all in the layer that lies below one, or not."""
    links = link("bin", "usr/bin"), link("lib", "usr"), folder("deep"), link("deep/bin", "../usr/bin")
    made = oci(tmp_path / "image", [tar(*USR, file("usr/bin/tool", b"x"), *links, link("same", target, hard=True))])
    assert files.content(made.path, made.image, "same", limit=9) == b"x"
    assert files.contents(made.path, made.image).faults == ()


def test_a_whiteout_below_a_lower_symlink_makes_a_folder_of_it(tmp_path: Path, files: ImageFiles) -> None:
    """What a layer takes away somewhere has a folder there, as an engine makes one to look into."""
    made = oci(tmp_path / "image", [tar(*USR, link("bin", "usr/bin")), tar(file("bin/.wh.old"))])
    found = files.find(made.path, made.image, "bin")
    assert (found.entry.kind, found.change) == (FileKind.FOLDER, LayerChange.CHANGED)


def test_a_file_placed_by_a_link_is_read_and_wastes_what_it_hides(tmp_path: Path, files: ImageFiles) -> None:
    """It has its bytes, a hard link through the same folder leads to it, and the file it overwrites is wasted."""
    lower = tar(*USR, file("usr/bin/tool", b"old"))
    through = (link("bin", "usr/bin"), file("bin/tool", b"newer"), link("same", "bin/tool", hard=True))
    made = oci(tmp_path / "image", [lower, tar(*USR, *through)])
    assert files.content(made.path, made.image, "usr/bin/tool", limit=9) == b"newer"
    assert files.content(made.path, made.image, "same", limit=9) == b"newer"
    assert files.contents(made.path, made.image).wasted == 3
    assert files.contents(made.path, made.image).faults == ()


@pytest.mark.parametrize(
    ("upper", "expected"),
    [
        ((file("bin/tool"),), "bin bin/tool usr usr/bin usr/bin/old"),
        ((file("bin/.wh.old"),), "bin usr usr/bin usr/bin/old"),
        ((file("d/.wh.old"), file("e/f/.wh..wh..opq")), "bin d e e/f usr usr/bin usr/bin/old"),
        ((folder("usr"), link("l", "usr"), file("l/.wh.bin")), "bin l usr"),
        ((*USR, link("l", "usr/bin"), file("l/.wh..wh..opq")), "bin l usr usr/bin"),
        ((special("bin", tarfile.CHRTYPE),), "usr usr/bin usr/bin/old"),
        ((file(".wh.usr"), folder("usr"), file("usr/new")), "bin usr usr/bin usr/bin/old usr/new"),
        ((file(".wh..wh..opq"),), "bin usr usr/bin usr/bin/old"),
    ],
)
def test_layers_over_a_symlink(upper: Sequence[Member], expected: str, tmp_path: Path, files: ImageFiles) -> None:
    """A symlink of a lower layer is not followed, a folder takes its place; whiteouts are followed as files are."""
    made = oci(tmp_path / "image", [tar(*USR, file("usr/bin/old"), link("bin", "usr/bin")), tar(*upper)])
    there = [one.entry.path for one in files.walk(made.path, made.image) if one.change is not LayerChange.REMOVED]
    assert there == expected.split()


@pytest.mark.parametrize(
    ("members", "member", "reason"),
    [
        ((link("a", "b"), link("b", "a"), file("a/x")), "a/x", "without end"),
        ((link("h", "x", hard=True),), "h", "does not have"),
        ((link("h", "x", hard=True), file("x")), "h", "a later member"),
        ((folder("d"), link("h", "d", hard=True)), "h", "a folder"),
        ((file("d/x"), link("h", "d", hard=True)), "h", "a folder"),
        ((link("h", "h", hard=True),), "h", "itself"),
        ((link("h", "", hard=True),), "h", "the root"),
        ((file(".wh."),), ".wh.", "a whiteout of nothing"),
        ((file("d/.wh..."),), "d/.wh...", "a whiteout of nothing"),
        ((file("x"), file(".wh.x")), "x", "before it"),
        ((file(".wh.x"), file(".wh.x")), "x", "before it"),
        ((file("d/x"), file(".wh.d")), "d", "before it"),
        ((file(".wh.d"), file("d/x")), "d/x", "below a whiteout"),
        ((link("l", ""),), "l", "a symlink to nothing"),
        (
            (folder("x/y"), file("x/f"), file("f"), link("d", "x/y"), link("h", "d/../f", hard=True)),
            "h",
            "engines differ on where it leads",
        ),
        ((file(f".wh.{'w' * 256}"),), f".wh.{'w' * 256}", "256 bytes"),
        ((link("l", "a/" * 1_500), link("a", "b/" * 1_500), file("l/x")), "l/x", "below symlinks that lead to"),
    ],
)
def test_what_engines_refuse_is_named(
    members: Sequence[Member], member: str, reason: str, tmp_path: Path, files: ImageFiles
) -> None:
    """An image that Docker does not unpack is read all the same, and the member that it refuses is named."""
    made = oci(tmp_path / "image", [tar(*members)])
    faults = files.contents(made.path, made.image).faults
    assert any(fault.member == member and reason in fault.reason for fault in faults), faults


def test_sound_links_and_whiteouts_are_no_faults(tmp_path: Path, files: ImageFiles) -> None:
    """A hard link to a file before it, a symlink's second name and a whiteout before its file are all sound."""
    members = (
        file(".wh.y"),
        file("x"),
        file("y"),
        link("h", "./x", hard=True),
        link("s", "no"),
        link("t", "s", hard=True),
        file(f".wh.{'w' * 255}"),
        link("long", "t" * 4_095),
        folder("d"),
        link("up", "d/../x", hard=True),
        link("through", "t/../x", hard=True),
    )
    made = oci(tmp_path / "image", [tar(file("y")), tar(*members)])
    assert files.contents(made.path, made.image).faults == ()
