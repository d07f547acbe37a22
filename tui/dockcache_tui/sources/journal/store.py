"""The journal's file: opened, brought up to date, moved aside when it is broken."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import RLock
from typing import Any, TypeVar
from uuid import uuid4

from dockcache_tui.core.errors import SourceError
from dockcache_tui.core.instant import Instant
from dockcache_tui.sources.file_lock import lock
from dockcache_tui.sources.journal.any_text import AnyTextConnection
from dockcache_tui.sources.journal.schema import MIGRATIONS

T = TypeVar("T")
_NAME = "journal.sqlite3"
_LOCKED = 5.0
"""Seconds that another process may keep the file to itself."""


class JournalStore:
    """One open journal; safe to share between threads, and with other processes on the same file.

    A patient one that can't be opened or written to goes on in memory, with what could be read of the file.
    """

    notice = ""
    """What the user should know of opening it; empty when there is nothing."""

    def __init__(self, folder: Path, *, patient: bool = False) -> None:
        """Open or make the journal in a folder that only its owner can read; raises SourceError unless patient."""
        self._patient, self.in_memory = patient, False
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
            self._connection = self._without(_unusable(folder, error))
        except SourceError as error:
            self._connection = self._without(error)

    def _without(self, error: SourceError) -> sqlite3.Connection:
        """Return a journal in memory in place of the file, and say so; raises the error unless patient."""
        if not self._patient or self.in_memory:
            raise error
        connection = _connect(":memory:")
        where = (self._folder / _NAME).absolute().as_uri()
        for mode in ("mode=ro", "immutable=1"):  # in a folder that can't be written to only the second one reads
            try:
                with closing(sqlite3.connect(f"{where}?{mode}", timeout=_LOCKED, uri=True)) as file:
                    if 0 < _version(file) <= len(MIGRATIONS):
                        file.backup(connection)
                break
            except sqlite3.Error:
                connection.close()
                connection = _connect(":memory:")
        connection.execute("PRAGMA foreign_keys=ON")
        _migrate(connection)
        self.in_memory = True
        self.notice = f"{self.notice} Builds are not kept: {error}. {error.hint}".strip()
        return connection

    def _open(self) -> sqlite3.Connection:
        path = self._folder / _NAME
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        connection = _connect(path)
        try:
            _refuse_newer(connection, path)
            for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
                connection.execute(f"PRAGMA {pragma}")
            _check(connection)
            _migrate(connection)
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
                try:
                    self._connection.execute("BEGIN IMMEDIATE")
                except sqlite3.Error as error:
                    self._go_without(error)
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
                self._go_without(error)
                return self._connection.execute(query, values).fetchall()

    def read_together(self, work: Callable[[Callable[..., list[tuple[Any, ...]]]], T]) -> T:
        """Return what several queries come to, all of one moment; `work` is given `read`."""
        with self._lock:
            self.read("BEGIN")
            try:
                return work(self.read)
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def keep(self, write: Callable[[sqlite3.Connection], object]) -> None:
        """Write in a transaction; where the file takes no more, in memory."""
        with self._lock:
            try:
                with self.write() as connection:
                    write(connection)
            except SourceError as error:
                if self.in_memory:
                    raise
                self._go_without(error)
                with self.write() as connection:
                    write(connection)

    def _go_without(self, error: Exception) -> None:
        before = self._connection
        problem = error if isinstance(error, SourceError) else _unusable(self._folder, error)
        if isinstance(error, sqlite3.ProgrammingError):  # it was closed
            raise problem from error
        self._connection = self._without(problem)
        before.close()

    def hold(self) -> None:
        """Show other processes that builds of this owner are alive, until close() or death; in memory nobody sees."""
        with self._lock:
            if self._held is None and not self.in_memory:
                try:
                    self._held = os.open(self._owners / self.owner, os.O_CREAT | os.O_RDWR, 0o600)
                    lock(self._held)
                except OSError as error:
                    self._go_without(error)

    def is_alive(self, owner: str) -> bool:
        """Tell whether an owner still holds its lock; clears away what a dead one left."""
        path = self._owners / owner
        try:
            probe = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            return False
        except OSError:  # of what can't be looked at nothing is known: it may be alive
            return True
        try:
            lock(probe, patience=0)
        except OSError:  # held, or on a file system that can't tell
            return True
        else:
            with suppress(OSError):
                path.unlink()
            return False
        finally:
            os.close(probe)

    def close(self) -> None:
        """Let go of the file; may be called twice."""
        with self._lock:
            self._connection.close()
            if self._held is not None:
                (self._owners / self.owner).unlink(missing_ok=True)
                os.close(self._held)
                self._held = None


def _connect(file: Path | str) -> sqlite3.Connection:
    return sqlite3.connect(
        file, timeout=_LOCKED, isolation_level=None, check_same_thread=False, factory=AnyTextConnection
    )


def _check(connection: sqlite3.Connection) -> None:
    answer = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if answer != "ok":
        raise sqlite3.DatabaseError(answer)


def _refuse_newer(connection: sqlite3.Connection, path: Path) -> None:
    if _version(connection) > len(MIGRATIONS):
        raise SourceError(
            f"{path} was written by a newer dockcache-tui",
            title="Can't read the journal",
            hint="Update dockcache-tui, or set DOCKCACHE_DATA to another folder.",
        )


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _migrate(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    version = _version(connection)
    for statement in (part for script in MIGRATIONS[version:] for part in script.split(";") if part.strip()):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    connection.execute("COMMIT")


def _unusable(folder: Path, error: Exception) -> SourceError:
    return SourceError(
        f"the journal of builds in {folder} can't be used: {error}",
        title="Can't use the journal",
        hint="Free disk space or fix the permissions of that folder, or set DOCKCACHE_DATA to another folder.",
    )
