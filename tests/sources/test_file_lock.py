"""File locks, between processes and between two openings of one file."""

import errno
import fcntl
import subprocess
import sys
from pathlib import Path
from threading import Timer

import pytest

from dockcache_tui.core.errors import DockcacheError, UsageError
from dockcache_tui.sources.file_lock import lock, locked
from dockcache_tui.sources.journal.store import JournalStore
from dockcache_tui.sources.part_file import PartFile


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The file to lock."""
    return tmp_path / "lock"


def test_one_at_a_time(path: Path) -> None:
    """Nobody gets past a lock until its file is closed."""
    with locked(path), pytest.raises(BlockingIOError):
        locked(path, patience=0)
    locked(path, patience=0).close()


def test_a_lock_is_waited_for(path: Path) -> None:
    """With patience, and without an end of it, the lock is had as soon as it is free."""
    for patience in (60.0, None):
        held = locked(path)
        Timer(0.2, held.close).start()
        with locked(path, patience=patience):
            assert held.closed


def test_those_who_share_are_many(path: Path) -> None:
    """Shared locks go together; who wants it alone gets it from them when it is the last."""
    with path.open("w") as one:
        lock(one, shared=True)
        with path.open() as other:
            lock(other, shared=True, patience=0)
            with pytest.raises(BlockingIOError):
                lock(one, patience=0)
        lock(one, patience=0)
        with pytest.raises(BlockingIOError):
            locked(path, patience=0)


def test_what_a_locked_file_holds_stays(tmp_path: Path) -> None:
    """A file of data can be locked itself, and another who wants to write it is refused."""
    path = tmp_path / "data.part"
    path.write_bytes(b"half")
    with PartFile(path) as part:
        with pytest.raises(UsageError, match="is being written by another process"):
            PartFile(path)
        part.resume()
        assert part.size == 3


def test_a_killed_process_holds_nothing(path: Path) -> None:
    """A lock goes with its process."""
    code = "import sys, time; from pathlib import Path; from dockcache_tui.sources.file_lock import locked\n"
    code += "held = locked(Path(sys.argv[1])); print('held', flush=True); time.sleep(600)"
    with subprocess.Popen((sys.executable, "-c", code, path), stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(BlockingIOError):
            locked(path, patience=0)
        holder.kill()
        locked(path, patience=60).close()


def test_a_file_system_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told as what it is, and an owner of whom nothing can be told is taken for alive."""

    def refused(_file: object, _how: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    store = JournalStore(tmp_path)
    (tmp_path / "owners" / "other").touch()
    monkeypatch.setattr(fcntl, "flock", refused)
    assert store.is_alive("other")
    assert (tmp_path / "owners" / "other").exists()
    with pytest.raises(DockcacheError, match="can't be written: No locks available"):
        PartFile(tmp_path / "x.part")
    store.close()
