"""Keeps what was read of archives: an SQLite file a layer and one an image, made whole or not at all."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from time import time
from urllib.parse import quote
from uuid import uuid4

from platformdirs import user_cache_path

SCHEMA = 5
MAX_KEPT = 4 << 30
"""Bytes the folder may hold; the files that were not used for the longest go first."""
_MARK = 0x64636669
_LEFT_BEHIND = 86_400
"""Seconds after which a part that nobody finished is taken away."""

Build = Callable[[sqlite3.Connection], str]
"""Fills an index and returns the name it is kept by."""


class IndexFolder:
    """Any number of processes may use one folder, and be killed in it; where it can't be written nothing is kept."""

    def __init__(self, folder: Path | None = None) -> None:
        """Take a folder; else the one in the platform's cache folder."""
        self._folder = folder or user_cache_path("dockcache-tui") / "files"

    def opened(self, name: str) -> sqlite3.Connection | None:
        """Return an index that is there and of this schema, to be read by any thread in turn."""
        path = self._path(name)
        try:
            connection = sqlite3.connect(
                f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True, check_same_thread=False
            )
        except sqlite3.Error:
            return None
        try:
            marks = [connection.execute(f"PRAGMA {mark}").fetchone()[0] for mark in ("application_id", "user_version")]
            whole = connection.execute("PRAGMA page_count").fetchone()[0] * _page(connection) == path.stat().st_size
        except (sqlite3.Error, OSError):
            marks, whole = [], False
        if marks != [_MARK, SCHEMA] or not whole:
            connection.close()
            return None
        with suppress(OSError):
            os.utime(path)
        return connection

    def made(self, build: Build) -> sqlite3.Connection:
        """Make an index anew: built beside its place and put there when it is whole."""
        try:
            name = self._make(build)
        except (OSError, sqlite3.Error):
            return _unkept(build)
        return self.opened(name) or _unkept(build)

    def drop(self, name: str) -> None:
        """Take away an index that turned out to be broken."""
        with suppress(OSError):
            self._path(name).unlink()

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.sqlite3"

    def _make(self, build: Build) -> str:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = self._folder / f"{uuid4().hex}.part"
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        try:
            with closing(sqlite3.connect(part, isolation_level=None)) as connection:
                name = _build(connection, build)
            part.replace(self._path(name))
            self._tidy()
            return name
        finally:
            part.unlink(missing_ok=True)

    def _tidy(self) -> None:
        """Take away what was left behind by a kill, and the least used when there is too much."""
        kept = []
        for path in self._folder.iterdir():
            with suppress(OSError):
                told = path.stat()
                if path.suffix == ".part" and time() - told.st_mtime > _LEFT_BEHIND:
                    path.unlink()
                elif path.suffix == ".sqlite3":
                    kept.append((told.st_mtime, told.st_size, path))
        room = MAX_KEPT
        for _, size, path in sorted(kept, reverse=True):
            room -= size
            if room < 0:
                with suppress(OSError):
                    path.unlink()


def _unkept(build: Build) -> sqlite3.Connection:
    """Return an index in a file without a name, which SQLite deletes when it is closed."""
    connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    try:
        _build(connection, build)
    except BaseException:
        connection.close()
        raise
    return connection


def _build(connection: sqlite3.Connection, build: Build) -> str:
    # A part that is not finished is thrown away, so it needs no journal.
    for pragma in ("page_size=8192", "journal_mode=OFF", "synchronous=OFF", "cache_size=-16384"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("BEGIN")
    name = build(connection)
    connection.execute(f"PRAGMA application_id={_MARK}")
    connection.execute(f"PRAGMA user_version={SCHEMA}")
    connection.execute("COMMIT")
    return name


def _page(connection: sqlite3.Connection) -> int:
    size: int = connection.execute("PRAGMA page_size").fetchone()[0]
    return size
