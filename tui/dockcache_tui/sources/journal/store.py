"""The journal's file: opened, brought up to date, moved aside when it is broken."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any
from uuid import uuid4

from dockcache_tui.core.errors import SourceError
from dockcache_tui.core.instant import Instant
from dockcache_tui.sources.journal.schema import MIGRATIONS

_NAME = "journal.sqlite3"


class Store:
    """One open journal; safe to share between threads, and with other processes on the same file."""

    notice = ""
    """What the user should know of opening it; empty when there is nothing."""

    def __init__(self, folder: Path) -> None:
        """Open or make the journal in a folder that only its owner can read; raises SourceError when that can't be."""
        self._lock = RLock()
        self._folder = folder
        self._owners = folder / "owners"
        self.owner = uuid4().hex
        self._held: int | None = None
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._owners.mkdir(mode=0o700, exist_ok=True)
            try:
                self._connection = self._open()
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                self._move_aside(str(error))
                self._connection = self._open()
        except (OSError, sqlite3.Error) as error:
            raise _unusable(folder, error) from error

    def _open(self) -> sqlite3.Connection:
        path = self._folder / _NAME
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        connection = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
        try:
            for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
                connection.execute(f"PRAGMA {pragma}")
            _check(connection)
            _migrate(connection, path)
        except BaseException:
            connection.close()
            raise
        return connection

    def _move_aside(self, reason: str) -> None:
        aside = self._folder / f"{_NAME}.broken-{Instant.now().ns}"
        for end in ("", "-wal", "-shm"):
            part = self._folder / (_NAME + end)
            if part.exists():
                part.rename(f"{aside}{end}")
        self.notice = (
            f"The journal of builds could not be read ({reason}). It was kept as {aside}; a new one was begun."
        )

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Give the connection inside a transaction: all of it is kept or none."""
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self._connection
                except BaseException:
                    self._connection.execute("ROLLBACK")
                    raise
                self._connection.execute("COMMIT")
            except sqlite3.Error as error:
                raise _unusable(self._folder, error) from error

    def read(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with self._lock:
            try:
                return self._connection.execute(query, values).fetchall()
            except sqlite3.Error as error:
                raise _unusable(self._folder, error) from error

    def hold(self) -> None:
        """Show other processes that builds of this owner are alive, until close() or death."""
        with self._lock:
            if self._held is None:
                self._held = os.open(self._owners / self.owner, os.O_CREAT | os.O_RDWR, 0o600)
                fcntl.flock(self._held, fcntl.LOCK_EX)

    def is_alive(self, owner: str) -> bool:
        """Tell whether an owner still holds its lock; clears away what a dead one left."""
        path = self._owners / owner
        try:
            probe = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)
        except BlockingIOError:
            return True
        finally:
            os.close(probe)
        return False

    def close(self) -> None:
        """Let go of the file; may be called twice."""
        with self._lock:
            self._connection.close()
            if self._held is not None:
                (self._owners / self.owner).unlink(missing_ok=True)
                os.close(self._held)
                self._held = None


def _check(connection: sqlite3.Connection) -> None:
    answer = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if answer != "ok":
        raise sqlite3.DatabaseError(answer)


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("BEGIN IMMEDIATE")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        raise SourceError(
            f"{path} was written by a newer dockcache-tui",
            title="Can't read the journal",
            hint="Update dockcache-tui, or set DOCKCACHE_DATA to another folder.",
        )
    for statement in (part for script in MIGRATIONS[version:] for part in script.split(";") if part.strip()):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    connection.execute("COMMIT")


def _unusable(folder: Path, error: Exception) -> SourceError:
    return SourceError(
        f"the journal of builds in {folder} can't be used: {error}",
        title="Can't use the journal",
        hint="Free disk space or mend the rights of that folder, or set DOCKCACHE_DATA to another folder.",
    )
