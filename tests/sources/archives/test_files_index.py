"""The index of files: made once, shared, whole after a kill, made again when it is broken, and not needed."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
import tracemalloc
from contextlib import closing
from pathlib import Path
from textwrap import dedent

import pytest

from dockcache_tui.core.archives.archive import ArchiveError
from dockcache_tui.sources.archives import index_folder
from dockcache_tui.sources.archives.image_files import ImageFiles
from dockcache_tui.sources.archives.image_tree import ImageTree
from dockcache_tui.sources.archives.index_folder import IndexFolder
from dockcache_tui.sources.archives.local import LocalArchives
from dockcache_tui.sources.archives.reading import read_archive
from sources.archive_files_making import Made, as_tar, file, oci, packed, tar

LAYER = packed(tar(*(file(f"d{number % 7}/{number}", b"%d" % number) for number in range(500))))

READER = """
import sys
from pathlib import Path
from dockcache_tui.sources.archives.image_files import ImageFiles
from dockcache_tui.sources.archives.index_folder import IndexFolder
from dockcache_tui.sources.archives.reading import read_archive

path, image, folder = sys.argv[1:]
files = ImageFiles(read_archive, IndexFolder(Path(folder)))
print("ready", flush=True)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of the indexes."""
    return tmp_path / "cache"


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """An archive of one layer."""
    return oci(tmp_path / "image", [LAYER])


def paths(folder: Path, made: Made) -> int:
    """Count the paths of an image as a new process would."""
    files = ImageFiles(read_archive, IndexFolder(folder))
    try:
        return len(list(files.walk(made.path, made.image)))
    finally:
        files.close()


def indexes(folder: Path, kind: str) -> list[Path]:
    """Return the kept indexes of layers or trees."""
    return sorted(folder.glob(f"{kind}-*.sqlite3"))


def test_a_layer_is_read_once_for_all_archives(tmp_path: Path, folder: Path, made: Made) -> None:
    """Another archive with the layer adds only its own tree and its own layer."""
    other = oci(tmp_path / "other", [LAYER, tar(file("more"))])
    assert (paths(folder, made), paths(folder, other)) == (507, 508)
    assert (len(indexes(folder, "layer")), len(indexes(folder, "tree"))) == (2, 2)
    assert not list(folder.glob("*.part"))


def test_again_nothing_is_read(folder: Path, made: Made) -> None:
    """A tree that is kept is used without its layers."""
    paths(folder, made)
    for layer in indexes(folder, "layer"):
        layer.unlink()
    assert paths(folder, made) == 507
    assert indexes(folder, "layer") == []


def test_only_the_owner_reads_it(folder: Path, made: Made) -> None:
    """Names of private files are in it."""
    paths(folder, made)
    assert [oct(path.stat().st_mode & 0o777) for path in (folder, *folder.iterdir())] == ["0o700", "0o600", "0o600"]


@pytest.mark.parametrize("kind", ["tree", "layer"])
@pytest.mark.parametrize("damage", ["empty", "cut", "text", "zeros", "other"])
def test_a_broken_index_is_made_again(folder: Path, made: Made, kind: str, damage: str) -> None:
    """Whatever became of its bytes, the answer is right."""
    paths(folder, made)
    (index,) = indexes(folder, kind)
    whole = index.read_bytes()
    page = 8192
    broken = {
        "empty": b"",
        "cut": whole[: len(whole) // 2],
        "text": b"hello" * 3_000,
        "zeros": whole[:page] + bytes(len(whole) - page),
        "other": whole[:page] + b"\x0d" * (len(whole) - page),
    }
    index.write_bytes(broken[damage])
    if kind == "layer":
        indexes(folder, "tree")[0].unlink()
    assert paths(folder, made) == 507
    assert paths(folder, made) == 507


def test_an_index_of_another_version_is_made_again(folder: Path, made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that an older or newer dockcache-tui made is not read."""
    paths(folder, made)
    monkeypatch.setattr(index_folder, "SCHEMA", index_folder.SCHEMA + 1)
    assert paths(folder, made) == 507
    (index,) = indexes(folder, "tree")
    with sqlite3.connect(index) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == index_folder.SCHEMA
    connection.close()


def test_where_nothing_can_be_kept_all_works(tmp_path: Path, made: Made) -> None:
    """A cache folder that can't be made leaves nothing behind and changes no answer."""
    (tmp_path / "cache").write_text("no folder")
    files = ImageFiles(read_archive, IndexFolder(tmp_path / "cache"))
    assert len(files.search(made.path, made.image, "")) == 507
    assert files.content(made.path, made.image, "d0/7", limit=9) == b"7"
    files.close()
    assert (tmp_path / "cache").read_text() == "no folder"


def test_a_full_disk_changes_no_answer(folder: Path, made: Made) -> None:
    """An index that can't be written whole is not kept, and all works as where nothing can be kept."""
    code = f"{READER}\nimport resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))\n"
    code += "print(len(list(files.walk(Path(path), image))))"
    words = [sys.executable, "-c", code, str(made.path), made.image, str(folder)]
    assert subprocess.run(words, check=True, capture_output=True, text=True).stdout == "ready\n507\n"
    assert list(folder.iterdir()) == []


def test_several_processes_at_once(folder: Path, made: Made) -> None:
    """All of them get the whole tree, and one index of each kind is left."""
    code = f"{READER}\nsys.stdin.read()\nprint(len(list(files.walk(Path(path), image))))"
    words = [sys.executable, "-c", code, str(made.path), made.image, str(folder)]
    readers = [subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    for reader in readers:
        assert reader.stdout
        assert reader.stdout.readline() == "ready\n"
    for reader in readers:
        assert reader.stdin
        reader.stdin.close()
    for reader in readers:
        assert reader.stdout
        with reader.stdout:
            assert reader.stdout.read() == "507\n"
        assert reader.wait() == 0
    assert sorted(path.name.partition("-")[0] for path in folder.iterdir()) == ["layer", "tree"]


def test_killed_at_any_moment(folder: Path, made: Made) -> None:
    """What a killed process left is no index: the next one makes it whole, and in a day clears the rest away."""
    code = READER + dedent("""
        import os, signal
        def stop(count, total):
            if count == total:
                os.kill(os.getpid(), signal.SIGKILL)
        files.children(Path(path), image, done=stop)
        """)
    words = [sys.executable, "-c", code, str(made.path), made.image, str(folder)]
    assert subprocess.run(words, check=False, capture_output=True).returncode == -signal.SIGKILL
    (left,) = folder.iterdir()
    assert left.suffix == ".part"
    assert paths(folder, made) == 507
    long_ago = time.time() - 100_000
    os.utime(left, (long_ago, long_ago))
    for layer in indexes(folder, "layer"):
        layer.unlink()
    for tree in indexes(folder, "tree"):
        tree.unlink()
    assert paths(folder, made) == 507
    assert not left.exists()


def test_who_is_told_of_progress_may_end_it(folder: Path, made: Made) -> None:
    """An exception of the one who is told ends the reading at once, and leaves nothing behind."""
    files = ImageFiles(read_archive, IndexFolder(folder))

    def stop(count: int, total: int) -> None:
        raise KeyboardInterrupt(count, total)

    with pytest.raises(KeyboardInterrupt):
        files.contents(made.path, made.image, done=stop)
    assert list(folder.iterdir()) == []
    assert len(files.search(made.path, made.image, "")) == 507
    files.close()


def test_a_tree_that_is_closed_while_it_is_asked(folder: Path, made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """The app ends while a thread reads: that is told, and the index is not taken for a broken one."""
    files = ImageFiles(read_archive, IndexFolder(folder))
    files.contents(made.path, made.image)
    kept = indexes(folder, "tree")
    monkeypatch.setattr(ImageTree, "search", lambda tree, *_: (tree.close(), tree.children("", "", 1)))
    with pytest.raises(ArchiveError, match="closed meanwhile"):
        files.search(made.path, made.image, "")
    assert indexes(folder, "tree") == kept


def test_the_folder_stays_within_its_bounds(
    tmp_path: Path, folder: Path, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was not used for the longest goes first when a new index needs the room."""
    paths(folder, made)
    for path in folder.iterdir():
        os.utime(path, (1, 1))
    size = sum(path.stat().st_size for path in folder.iterdir())
    monkeypatch.setattr(index_folder, "MAX_KEPT", size - 1)
    other = oci(tmp_path / "other", [tar(file("a"))])
    assert paths(folder, other) == 1
    assert sum(path.stat().st_size for path in folder.iterdir()) < size
    assert paths(folder, made) == 507


def test_memory_is_that_of_a_small_layer(tmp_path: Path, folder: Path) -> None:
    """Twenty thousand members take hardly more memory than two thousand: none of them is kept."""
    peaks = []
    for count in (2_000, 20_000):
        made = oci(tmp_path / str(count), [tar(*(file(f"{number:0200}") for number in range(count)))])
        files = ImageFiles(read_archive, IndexFolder(folder))
        tracemalloc.start()
        files.contents(made.path, made.image)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        files.close()
    assert peaks[1] - peaks[0] < 1_000_000


def test_a_file_is_listed_again_only_when_it_is_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read of a packed archive is known while its size, time and place stay the same, and no longer."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = as_tar(oci(tmp_path / "image", [tar(file("a"))]), "w:gz").path
    with closing(LocalArchives()) as archives:
        first, told = archives.read(path), path.stat()
        path.write_bytes(bytes(told.st_size))
        os.utime(path, ns=(told.st_atime_ns, told.st_mtime_ns))
        assert archives.read(path) == first
        os.utime(path, ns=(told.st_atime_ns, told.st_mtime_ns + 1))
        with pytest.raises(ArchiveError):
            archives.read(path)
