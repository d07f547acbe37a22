"""The one SQLite file: what finished blobs are, and which names are reserved."""

import sqlite3
from pathlib import Path

from dockcache_tui.core.errors import SourceError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS repo (name TEXT PRIMARY KEY) STRICT;
CREATE TABLE IF NOT EXISTS cache (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  repo TEXT NOT NULL, ref TEXT NOT NULL, key TEXT NOT NULL, version TEXT NOT NULL,
  blob TEXT NOT NULL UNIQUE,
  size INTEGER,
  created INTEGER NOT NULL, accessed INTEGER NOT NULL,
  UNIQUE (repo, ref, version, key)
) STRICT;
CREATE INDEX IF NOT EXISTS cache_created ON cache (repo, created, id) WHERE size IS NOT NULL;
CREATE INDEX IF NOT EXISTS cache_accessed ON cache (repo, accessed, id) WHERE size IS NOT NULL;
CREATE TABLE IF NOT EXISTS artifact (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  repo TEXT NOT NULL, run INTEGER NOT NULL, job TEXT NOT NULL, name TEXT NOT NULL,
  branch TEXT NOT NULL, sha TEXT NOT NULL,
  blob TEXT NOT NULL UNIQUE,
  size INTEGER,
  digest TEXT NOT NULL DEFAULT '', type TEXT NOT NULL,
  created INTEGER NOT NULL, expires INTEGER NOT NULL, expired INTEGER NOT NULL DEFAULT 0,
  UNIQUE (repo, run, name)
) STRICT;
"""
"""A row without a size is a reservation: nobody sees it. Times are ns since the epoch, sizes bytes."""


def opened(path: Path) -> sqlite3.Connection:
    """Open the file, forgetting reservations of an earlier process; raises SourceError when it is none of ours."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.create_function("starts_with", 2, str.startswith, deterministic=True)
    try:
        # A blob is durable before its row is; NORMAL then only ever loses rows, and their blobs are swept.
        connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;" + _SCHEMA)
        connection.executescript("DELETE FROM cache WHERE size IS NULL; DELETE FROM artifact WHERE size IS NULL;")
    except sqlite3.DatabaseError as error:
        connection.close()
        raise SourceError(f"{path} can't be used: {error}", hint="Name another folder with --data.") from error
    return connection


def sweep(connection: sqlite3.Connection, blobs: Path) -> None:
    """Delete the blobs that no row names: their process ended between file and row."""
    known = {row["blob"] for table in ("cache", "artifact") for row in connection.execute(f"SELECT blob FROM {table}")}  # noqa: S608
    for blob in blobs.iterdir():
        if blob.name not in known:
            blob.unlink()
