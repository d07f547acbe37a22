"""The files of a build context."""

import os
import socket
import stat
import subprocess
import time
from hashlib import sha256
from pathlib import Path
from random import Random
from threading import Timer

import pytest

from dockcache_tui.core.builds.build import SourceFile
from dockcache_tui.core.explain.context import Context, SentFile
from dockcache_tui.core.explain.headers import header
from dockcache_tui.lab.engine import Engine
from dockcache_tui.sources import context_reader
from dockcache_tui.sources.context_reader import ContextReader
from dockcache_tui.sources.file_stamps import FileStamps
from why.folder import read_folder
from why.projects import Project


def read(root: Path, dockerfile: Path | None = None) -> dict[str, SentFile]:
    """Return the files of a context by path."""
    return {os.fsdecode(file.path): file for file in ContextReader(root, dockerfile).read()}


def paths(root: Path) -> list[str]:
    """Return the paths of a context that are no folders."""
    return [path for path, file in read(root).items() if not stat.S_ISDIR(file.mode)]


def hashed(begun: bytes, content: bytes = b"") -> str:
    """Return BuildKit's digest of a file."""
    return f"sha256:{sha256(begun + content).hexdigest()}"


def test_every_kind_of_file(tmp_path: Path) -> None:
    """Each kind of file is told as a client sends it, with BuildKit's own digest; no link is followed."""
    (tmp_path / "d").mkdir(mode=0o750)
    file = tmp_path / "d" / "a"
    file.write_text("words")
    file.chmod(0o741)
    os.setxattr(file, "user.x", b"y")
    (tmp_path / "d" / "hard").hardlink_to(file)
    (tmp_path / "link").symlink_to("/etc")
    os.mkfifo(tmp_path / "pipe", 0o600)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
    (tmp_path / "socket").chmod(0o755)
    files = read(tmp_path)
    plain, xattrs, content = file.stat(), {b"user.x": b"y"}, sha256(b"words").hexdigest()
    assert [files[name].mode for name in files] == [(tmp_path / name).lstat().st_mode for name in files]
    assert {name: one.digest for name, one in files.items()} == {
        "d": hashed(header(stat.S_IFDIR | 0o750)),
        "d/a": hashed(header(plain.st_mode, 5, xattrs=xattrs), b"words"),
        "d/hard": hashed(header(plain.st_mode, 5, xattrs=xattrs), b"words"),
        "link": hashed(header(stat.S_IFLNK | 0o777, link=b"/etc")),
        "pipe": hashed(header(stat.S_IFIFO | 0o600)),
        "socket": hashed(header(stat.S_IFSOCK | 0o755)),
    }
    told = files["d/hard"]
    assert (told.size, told.content, told.xattrs) == (5, content, ((b"user.x", b"y"),))
    assert (told.mtime_ns, told.hard_link, files["d/a"].hard_link) == (plain.st_mtime_ns, b"d/a", b"")
    assert (files["link"].link, files["pipe"].size) == (b"/etc", 0)


@pytest.mark.parametrize("seed", range(12))
def test_as_the_simple_reading(seed: int, tmp_path: Path) -> None:
    """Whatever the files and ignore rules, each digest is that of a plain reading whose digests are the daemon's."""
    place = tmp_path / "p"
    Project(Random(seed), place, with_parents=True).make()  # noqa: S311 - the same each time
    rules = [line for line in (place / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    files = ContextReader(place).read()
    assert Context("context", "", files).tree.at(b"/", follows=False) == read_folder(place, rules).at(
        b"/", follows=False
    )
    assert [file.path for file in files] == sorted(file.path for file in files)


def test_a_folder_for_what_is_in_it(tmp_path: Path) -> None:
    """A folder that is left out is sent when a rule takes something in it in again, and the folders on the way too."""
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c" / "x").touch()
    (tmp_path / "a" / "y").touch()
    (tmp_path / "e").mkdir()
    (tmp_path / ".dockerignore").write_text("*\n!a/b/c/x\n!e/none\n")
    assert list(read(tmp_path)) == ["a", "a/b", "a/b/c", "a/b/c/x"]


def test_what_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file or folder that may not be read is there, with the reason and no digest."""
    (tmp_path / "secret").write_text("x")
    (tmp_path / "d").mkdir()
    opened, listed = os.open, os.scandir

    def refuse(path: bytes, flags: int) -> int:
        if path.endswith(b"secret"):
            raise PermissionError(13, "Permission denied")
        return opened(path, flags)

    def refuse_list(path: bytes) -> object:
        if path.endswith(b"/d"):
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr(os, "open", refuse)
    monkeypatch.setattr(os, "scandir", refuse_list)
    files = read(tmp_path)
    assert {(one.digest, one.error) for one in files.values()} == {("", "Permission denied")}
    assert list(files) == ["d", "secret"]


def test_a_file_that_vanishes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that goes while we look is not there."""
    (tmp_path / "gone").touch()
    opened = os.open

    def missing(path: bytes, flags: int) -> int:
        os.unlink(path)  # noqa: PTH108 -- bytes
        return opened(path, flags)

    monkeypatch.setattr(os, "open", missing)
    assert read(tmp_path) == {}


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take files for settled at once."""
    monkeypatch.setattr(context_reader, "_FRESH", -(10**10))


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("ignore", ["", "*.log\n!d/keep.log\n"])
def test_an_unchanged_file_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ignore: str) -> None:
    """Only what has other times, another size or inode is read; a change that keeps size and mtime shows in ctime."""
    root, stamps = tmp_path / "p", FileStamps(tmp_path / "stamps")
    (root / "d").mkdir(parents=True)
    for name in ("a", "b", "c.log", "d/e", "d/keep.log", "link-free"):
        (root / name).write_text(name)
    (root / ".dockerignore").write_text(ignore)
    first = ContextReader(root, known=stamps.known(os.fsencode(root)))
    before = first.read()
    stamps.keep(first.root, first.known)
    opened, seen = os.open, list[bytes]()

    def counted(path: bytes, flags: int) -> int:
        seen.append(path.rpartition(b"/")[2])
        return opened(path, flags)

    monkeypatch.setattr(os, "open", counted)
    second = ContextReader(root, known=stamps.known(os.fsencode(root)))
    assert (second.read(), second.is_news, seen) == (before, False, [])
    times = (root / "a").stat()
    (root / "a").write_text("A")
    os.utime(root / "a", ns=(times.st_atime_ns, times.st_mtime_ns))
    (root / "new.txt").write_text("new")
    (root / "new.log").write_text("new")
    third = ContextReader(root, known=stamps.known(os.fsencode(root)))
    after = {file.path: file for file in third.read()}
    assert (sorted(set(seen)), third.is_news) == ([b"a", *([] if ignore else [b"new.log"]), b"new.txt"], True)
    assert after[b"a"].content == sha256(b"A").hexdigest()
    assert after == {file.path: file for file in ContextReader(root).read()}


UNNOTICED = {
    "touch -r": "cp -p d/a ../ref; printf two > d/a; touch -r ../ref d/a",
    "cp -p": "printf two > ../ref; touch -r d/a ../ref; cp -p ../ref d/a",
    "as rsync": "printf two > d/.a; touch -r d/a d/.a; mv d/.a d/a",
    "tar x": "mkdir ../t; printf two > ../t/a; touch -r d/a ../t/a; tar c -C ../t a | tar x -C d",
    "git checkout": "git -C d checkout -q two; touch -r ../when d/a",
    "hard link": "printf two > ../ref; touch -r d/a ../ref; ln -f ../ref d/a",
    "another folder": "mv d ../old; mv ../other d",
    "same second": "printf two > d/a; touch -d @$(stat -c %Y d/a) d/a",
    "xattr": "",
    "folder mode": "chmod 700 d",
}
"""Ways to change a file or folder that leave its size and mtime as they are, or nearly."""


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("way", UNNOTICED)
def test_no_edit_is_missed_for_what_is_known(way: str, tmp_path: Path) -> None:
    """Whatever keeps size and mtime has another ctime or inode, so that the file is read again."""
    root = tmp_path / "p"
    for folder, text in ((tmp_path / "other", "two"), (root / "d", "one")):
        folder.mkdir(parents=True)
        (folder / "a").write_text(text)
    shell("git init -q; git add a; git -c user.name=x -c user.email=x commit -qm 1; git checkout -qb two", root / "d")
    shell(
        "printf two > a; git -c user.name=x -c user.email=x commit -qam 2; git checkout -q -; cp -r .git ../../other",
        root / "d",
    )
    shell("touch -d '2020-01-01 00:00:00.5' d/a ../other/a ../when", root)
    first = ContextReader(root)
    before = first.read()
    assert len(first.known.files) == len(before)
    time.sleep(0.02)
    if way == "xattr":  # for which there need be no command
        os.setxattr(root / "d" / "a", b"user.x", b"y")
    else:
        shell(UNNOTICED[way], root)
    after = ContextReader(root, known=first.known).read()
    assert after == ContextReader(root).read()
    changed = {file.path for file in set(after) ^ set(before) if not file.path.startswith(b"d/.git")}
    assert changed & {b"d", b"d/a"}


def shell(words: str, folder: Path) -> None:
    """Run some commands in a folder."""
    subprocess.run(("sh", "-e", "-c", words), cwd=folder, check=True, capture_output=True, timeout=30)


@pytest.mark.usefixtures("settled")
def test_other_rules_let_other_files_through(tmp_path: Path) -> None:
    """What is known of files says nothing of which are sent once .dockerignore changed."""
    (tmp_path / "a").touch()
    reader = ContextReader(tmp_path)
    assert [file.path for file in reader.read()] == [b"a"]
    (tmp_path / ".dockerignore").write_text("a\n")
    assert [file.path for file in ContextReader(tmp_path, known=reader.known).read()] == [b".dockerignore"]


def test_a_fresh_file_is_not_remembered(tmp_path: Path) -> None:
    """A file changed just now may change again within the same times: its stamp is not kept."""
    (tmp_path / "a").write_text("words")
    reader = ContextReader(tmp_path)
    assert (len(reader.read()), reader.known.files) == (1, {})


@pytest.mark.parametrize("broken", [b"", b"\xff", b"\x93\xc4\x00\x91\x01\x90"])
def test_broken_stamps(tmp_path: Path, broken: bytes) -> None:
    """Stamps that can't be read are none; where they can't be kept the reading is none the worse."""
    stamps = FileStamps(tmp_path)
    stamps.keep(b"/p", ContextReader(tmp_path).known)
    (kept,) = tmp_path.iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    kept.write_bytes(broken)
    assert stamps.known(b"/p").files == {}
    (tmp_path / "file").touch()
    FileStamps(tmp_path / "file").keep(b"/p", ContextReader(tmp_path).known)


def test_stamps_are_bounded(tmp_path: Path) -> None:
    """The stamps of the folders read last are kept."""
    stamps = FileStamps(tmp_path / "stamps")
    for number in range(40):
        stamps.keep(b"/p%d" % number, ContextReader(tmp_path).known)
    assert len(list((tmp_path / "stamps").iterdir())) == 30


def test_what_changed_meanwhile(tmp_path: Path) -> None:
    """What changed, came, went or was moved after a moment is told, and nothing else."""
    for name in ("same", "edited", "gone", "d/in", "d/stays", "old/x", "chmod"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    reader = ContextReader(tmp_path)
    files = reader.read()
    time.sleep(0.05)
    moment = time.time_ns()
    assert reader.changed_since(moment, files) == ()
    time.sleep(0.05)
    (tmp_path / "d" / "new").touch()
    assert reader.changed_since(moment, files) == (b"d", b"d/new")
    (tmp_path / "edited").write_text("other")
    (tmp_path / "chmod").chmod(0o600)
    assert reader.changed_since(moment, files) == (b"chmod", b"d", b"d/new", b"edited")
    (tmp_path / "gone").unlink()
    (tmp_path / "old").rename(tmp_path / "renamed")
    changed = reader.changed_since(moment, files)
    assert changed == (b"", b"chmod", b"d", b"d/new", b"edited", b"gone", b"old", b"old/x", b"renamed")


def test_a_stopped_reading(tmp_path: Path) -> None:
    """A reading that is stopped tells what it did not come to; what it read is known the next time."""
    (tmp_path / "big").touch()
    os.truncate(tmp_path / "big", 1 << 40)
    reader = ContextReader(tmp_path)
    stopper = Timer(0.3, reader.stop)
    stopper.start()
    (file,) = reader.read()
    assert (file.digest, file.error) == ("", "it was not read before the build was over")


def test_dockerfiles_own_ignore_file_wins(tmp_path: Path) -> None:
    """NAME.dockerignore beside the Dockerfile replaces the context's .dockerignore."""
    for name in ("a", "b"):
        (tmp_path / name).touch()
    (tmp_path / ".dockerignore").write_text("a\n.dockerignore\n*.d*\n")
    assert paths(tmp_path) == ["b"]
    (tmp_path / "X.dockerignore").write_text("b\n*.*\n")
    assert list(read(tmp_path, tmp_path / "X")) == ["a"]
    assert ContextReader(tmp_path, tmp_path / "X").ignore == SourceFile("X.dockerignore", "b\n*.*\n")
    assert ContextReader(tmp_path / "a").ignore == SourceFile(".dockerignore", "")


TREE = (
    "a.log", "b.txt", "d/a.log", "d/b.txt", "d/e/a.log", "d/e/keep.log", "d/e/f/x", "node_modules/m/i.js",
    "k/node_modules/q", "keep", "x1", "xa", "foo", "d/barfoo", "sp ace", "#hash", "star*", "starx", "a+b", "[odd]",
    "deep/1/2/3/4",
)  # fmt: skip

IGNORES = (
    "",
    "*.log",
    "**/*.log\n!d/e/keep.log",
    "*\n!keep\n!d/e",
    "d\n!d/e/f\n",
    "d/*\n!d/b.txt\n",
    "**/node_modules",
    "node_modules/\n!node_modules/m",
    "x[0-9]\n",
    "x[^0-9]\n[a-b].*",
    "**foo",
    "**/foo\n",
    "/d/e/../b.txt\n",
    "star\\*",
    "# note\n #hash\n",
    "  sp ace  ",
    "**\n!deep/**/4",
    "deep/**\n!deep/1/2",
    "a?b\n?eep",
    "!keep\nkeep",
    "*\n!d/**/*.log\n**/a.log",
    "a+b",
    ".\n",
    "d/**/x\nd/e/*",
)


def sent_to_buildkit(engine: Engine, builder: str, root: Path, out: Path) -> set[str]:
    """Return the files of a context that really reach BuildKit."""
    dockerfile = out.with_suffix(".Dockerfile")
    dockerfile.write_text("FROM scratch\nCOPY . /\n")
    words = ("build", "--builder", builder, "--output", f"type=local,dest={out}", "--file", str(dockerfile), str(root))
    subprocess.run(("docker", "buildx", *words), env=engine.variables, check=True, capture_output=True, timeout=60)
    return {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}


@pytest.mark.parametrize("ignore", IGNORES)
def test_same_files_as_buildkit(engine: Engine, docker_builder: str, tmp_path: Path, ignore: str) -> None:
    """What we let through is what BuildKit receives."""
    root = tmp_path / "context"
    for name in TREE:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    (root / ".dockerignore").write_text(ignore)
    assert set(paths(root)) == sent_to_buildkit(engine, docker_builder, root, tmp_path / "out")
