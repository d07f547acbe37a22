"""Hostile and odd layers as both of Docker's stores unpack them, against our reading of the same archive."""

import tarfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from dockcache_tui.core.archives.archive import ArchiveError
from dockcache_tui.core.archives.file_entry import LayerChange, TreeEntry
from dockcache_tui.core.archives.path import path_of
from dockcache_tui.lab.engine import Engine
from dockcache_tui.sources.archives.local import LocalArchives
from engine.archive_real import WAITS, Real, printed, real_tree, save_layers
from sources.archive_files_making import file, folder, link, special, tar

USR = (folder("usr"), folder("usr/bin"))
WIDE = pytest.mark.matrix


def pax(name: str, **said: str) -> tuple[tarfile.TarInfo, bytes]:
    """Return an empty file with a PAX header."""
    info, content = file(name)
    info.pax_headers = said
    return info, content


@pytest.fixture(params=["containerd", "graph"])
def store(request: pytest.FixtureRequest, engine: Engine) -> Engine:
    """An engine with either store."""
    found: Engine = request.getfixturevalue("graph_engine") if request.param == "graph" else engine
    return found


UNPACKED: dict[str, tuple[Sequence[Any], ...]] = {
    "usr-merge": ((*USR, link("bin", "usr/bin"), file("bin/tool", b"x"), link("h", "bin/tool", hard=True)),),
    "hard link through a symlink": (
        (*USR, file("usr/bin/tool", b"x"), link("bin", "usr/bin"), link("h", "bin/tool", hard=True)),
    ),
    "lower layer": ((*USR, file("usr/bin/old"), link("bin", "usr/bin")), (file("bin/tool", b"x"),)),
    "attributes": ((pax("x", **{"SCHILY.xattr.user.a": "1", "uid": "-2"}), pax("y", uid="-1")),),
    "devices": (
        (
            special("b", tarfile.BLKTYPE, devmajor=8, devminor=300, mode=0o644),
            special("c", tarfile.CHRTYPE, devmajor=4095, devminor=1048575, mode=0o644),
        ),
    ),
    "dangling": ((link("bin", "usr/bin"), file("bin/tool", b"x")),),
    "absolute": ((*USR, link("bin", "/usr/bin"), file("bin/tool", b"x")),),
    "chain": ((*USR, link("a", "b"), link("b", "usr/bin"), file("a/tool", b"x")),),
    "dots": ((folder("x/y"), folder("x/b"), folder("b"), link("a", "x/y"), link("l", "a/../b"), file("l/t")),),
    "link later": ((*USR, file("gone/tool"), link("gone", "usr/bin")),),
    "whiteout below": ((*USR, file("usr/old")), (folder("usr"), link("l", "usr"), file("l/.wh.old"))),
    "opaque below": ((*USR, file("usr/old")), (folder("usr"), link("l", "usr"), file("l/.wh..wh..opq"))),
    "whiteout and folder": ((file("d/x"),), (file(".wh.d"), folder("d"), file("d/y"))),
    "opaque root": ((file("d/x"),), (file(".wh..wh..opq"), file("y"))),
    "overlay's whiteout": ((file("x"), file("y")), (special("x", tarfile.CHRTYPE),)),
    "folder named so": ((file(".wh.d/x"),),),
    "file over folder": ((file("a/b"), file("a", b"1")),),
    "whiteout through a lower link": ((*USR, file("usr/bin/old"), link("bin", "usr/bin")), (file("bin/.wh.old"),)),
    "whiteouts in no folder": ((file("a"),), (file("d/.wh.x"), file("e/f/.wh..wh..opq"))),
    "opaque over a file and a link": (
        (*USR, file("a"), link("b", "usr")),
        (file("a/.wh..wh..opq"), file("b/.wh..wh..opq")),
    ),
    "link over a lower folder": ((folder("d"), file("d/x")), (link("d", "e"), file("d/y"))),
    "up in a name": ((*USR, link("bin", "usr/bin"), file("bin/../x"), file("/abs/x")),),
    "link to its folder": ((link("l", "."), file("l/x"), link("r", "/"), file("r/l/y")),),
    "below a hard-linked link": ((*USR, link("s", "usr"), link("t", "s", hard=True), file("t/x")),),
    "hard links to all kinds": (
        (
            *(
                special("p", tarfile.FIFOTYPE),
                link("hp", "p", hard=True),
                special("c", tarfile.CHRTYPE, devmajor=1, devminor=3),
            ),
            *(
                link("hc", "/c", hard=True),
                link("s", "no"),
                link("hs", "s", hard=True),
                file("f", b"x"),
                link("hf", "./f", hard=True),
            ),
        ),
    ),
    "odd owners": ((pax("a", uid="4294967296"), pax("b", gid="-1", uid="-2147483648"), pax("c", uid="4294967294")),),
    "odd attributes": (
        (
            pax("b", **{"SCHILY.xattr.user.empty": "", "LIBARCHIVE.xattr.user.l": "MQ"}),
            pax("c", **{"SCHILY.xattr.security.capability": "\x01\x00\x00\x02\x00\x20\x00\x00" + "\x00" * 12}),
        ),
    ),
    "longest names": (
        (file("n" * 255), file("ä" * 127), folder("d" * 255), link("l", "t" * 4095), file("w" * 255)),
        (file(f".wh.{'w' * 255}"),),
    ),
    "long path": ((file("/".join(["p" * 250] * 15)),),),
}
REFUSED: dict[str, Sequence[Any]] = {
    "hard link to nothing": (link("h", "no", hard=True),),
    "bare whiteout": (file(".wh."),),
    "loop": (link("a", "b"), link("b", "a"), file("a/x")),
    "hard link to later": (link("h", "x", hard=True), file("x")),
    "hard link to folder": (folder("d"), link("h", "d", hard=True)),
    "hard link to implied folder": (file("d/x"), link("h", "d", hard=True)),
    "hard link to itself": (link("h", "h", hard=True),),
    "hard link to the root": (link("h", "", hard=True),),
    "whiteout of the parent": (file("d/.wh..."),),
    "whiteout after file": (file("x"), file(".wh.x")),
    "whiteout twice": (file(".wh.x"), file(".wh.x")),
    "whiteout after what is below": (file("d/x"), file(".wh.d")),
    "below a whiteout": (file(".wh.d"), file("d/x")),
    "below a file": (file("a"), file("a/b")),
    "attribute without a name": (pax("a", **{"SCHILY.xattr.user.": "1"}),),
    "long name": (file("n" * 256),),
    "name of many bytes": (file("ä" * 128),),
    "long folder": (file(f"{'n' * 256}/x"),),
    "long path": (file("/".join(["p" * 250] * 17)),),
    "long whiteout": (file(f".wh.{'w' * 256}"),),
    "whiteout below a long name": (file(f"{'n' * 256}/.wh.x"),),
    "empty symlink": (link("l", ""),),
    "long symlink": (link("l", "t" * 4096),),
    "long hard link": (link("l", "t" * 256, hard=True),),
    "symlinks to a long path": (link("l", "a/" * 1_500), link("a", "b/" * 1_500), file("l/x")),
    "long attribute": (pax("x", **{"SCHILY.xattr.user.a": "1" * 70_000}),),
}


def few(cases: Sequence[str], count: int) -> list[Any]:
    """Return cases of which all but the first few are for the wide run."""
    return [pytest.param(name, marks=[WIDE] * (number >= count)) for number, name in enumerate(cases)]


@pytest.mark.parametrize("name", few(tuple(UNPACKED), 4))
def test_members_are_where_the_engine_unpacks_them(
    name: str, store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths, kinds, owners, devices, contents and attributes are those of a running container."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    archive, tag = save_layers(store, tmp_path / "image", *(tar(*layer) for layer in UNPACKED[name]))
    real = real_tree(store, archive, tag)
    assert isinstance(real, dict), real
    reading = LocalArchives()
    try:
        (image,) = reading.read(archive).images
        there = [one for one in reading.walk(archive, image.digest) if one.change is not LayerChange.REMOVED]
        ours = {one.entry.path: _real(reading, archive, image.digest, one) for one in there if one.entry.path != WAITS}
    finally:
        reading.close()
    assert ours == real


@pytest.mark.parametrize("name", few(tuple(REFUSED), 3))
def test_what_the_engine_refuses_is_a_fault(
    name: str, store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An image that a store does not take has a fault that names a member of it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    archive, tag = save_layers(store, tmp_path / "image", tar(*REFUSED[name]))
    assert isinstance(real_tree(store, archive, tag), str)
    reading = LocalArchives()
    try:
        (image,) = reading.read(archive).images
        assert any(fault.member for fault in reading.contents(archive, image.digest).faults)
    finally:
        reading.close()


LINKED = (
    (
        *(*USR, file("usr/bin/tool", b"old"), folder("usr/share"), file("usr/share/doc", b"doc"), folder("d")),
        *(link("bin", "usr/bin"), link("abs", "/usr/bin/tool"), link("up", "../../usr/bin/tool"), link("chain", "abs")),
        *(link("rel", "usr/bin/tool"), link("d/hard-up", "up", hard=True), link("d/hard-rel", "rel", hard=True)),
        *(link("d/back", "../bin"), link("loop", "loop"), link("a", "b"), link("b", "a"), link("dangling", "no")),
        *(
            link("hidden", "usr/bin"),
            link("gone", "usr/bin"),
            file("turned/x", b"x"),
            link("hard", "bin/tool", hard=True),
        ),
    ),
    (file("usr/bin/tool", b"new"), link("sbin", "bin"), file("hidden/own", b"own"), link("turned", "usr/bin")),
    (file(".wh.gone"), file("usr/share/more", b"more")),
)
"""Layers in which symlinks lead through each other and to files of other layers."""
FINDABLE = {
    *(
        "bin/tool",
        "/bin/tool",
        "bin/../share/doc",
        "/bin/../share/more",
        "abs",
        "up",
        "chain",
        "d/hard-up",
        "d/hard-rel",
    ),
    *(
        "d/back/tool",
        "d/back/../share/doc",
        "loop",
        "loop/x",
        "a/x",
        "dangling",
        "hidden/own",
        "hidden/tool",
        "gone/tool",
    ),
    *("sbin/tool", "sbin/../../sbin/tool", "turned/tool", "turned/x/y", "bin", "hard", "no", "../../bin/tool"),
}


def test_cat_prints_what_a_process_finds(store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through symlinks of any layer, absolute, relative, hard-linked, dangling or endless, `..` after them too."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    archive, tag = save_layers(store, tmp_path / "image", *(tar(*layer) for layer in LINKED))
    ours: dict[str, str | None] = {}
    with closing(LocalArchives()) as reading:
        (image,) = reading.read(archive).images
        for path in FINDABLE:
            try:
                ours[path] = reading.content(archive, image.digest, path, limit=99).decode()
            except ArchiveError:
                ours[path] = None
    assert ours == printed(store, archive, tag, FINDABLE)


def _real(reading: LocalArchives, archive: Path, image: str, tree: TreeEntry) -> Real:
    entry = tree.entry
    kind, content, mode = entry.kind.value, entry.link or entry.device or entry.digest, entry.mode
    if kind == "hardlink":
        aim = path_of(entry.link)[0]
        target = next(one.entry for one in reading.walk(archive, image) if one.entry.path == aim)
        kind, content = target.kind.value, target.link or target.device or target.digest
    return Real(kind, 0o777 if kind == "symlink" else mode, entry.uid, entry.gid, content, entry.xattrs)
