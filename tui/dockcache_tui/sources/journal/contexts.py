"""Context manifests kept small: files are grouped so that a change makes few new groups."""

import hashlib
import os
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from dockcache_tui.core.builds.manifest import ContextFile, ContextManifest
from dockcache_tui.sources.context_manifest import Stamp

_GROUP = 64
"""Files to a group, on average."""

_Row = tuple[bytes, int, int, str, bytes, str]
_rows = msgspec.msgpack.Decoder(list[_Row])
_stamps = msgspec.msgpack.Decoder(dict[bytes, tuple[int, int, int, str]])


def save(connection: sqlite3.Connection, manifest: ContextManifest) -> int:
    """Store a manifest, sharing every group that is already there; return its id."""
    chunks = [_chunk(connection, group) for group in _groups(manifest.files)]
    cursor = connection.execute("INSERT INTO contexts(root) VALUES (?)", (os.fsencode(manifest.root),))
    context = int(cursor.lastrowid or 0)
    connection.executemany(
        "INSERT INTO context_chunks VALUES (?, ?, ?)",
        [(context, position, chunk) for position, chunk in enumerate(chunks)],
    )
    return context


def load(root: bytes, blobs: Iterable[bytes]) -> ContextManifest:
    """Put a manifest together from its root and its groups in order."""
    files = []
    for blob in blobs:
        for path, mode, size, digest, link, error in _rows.decode(zlib.decompress(blob)):
            files.append(ContextFile(os.fsdecode(path), mode, size, digest, os.fsdecode(link), error))
    return ContextManifest(os.fsdecode(root), tuple(files))


def pack_stamps(stamps: Mapping[str, Stamp]) -> bytes:
    """Write the stamps of a context's files."""
    rows = {
        os.fsencode(path): (stamp.mtime_ns, stamp.size, stamp.inode, stamp.sha256) for path, stamp in stamps.items()
    }
    return zlib.compress(msgspec.msgpack.encode(rows), 1)


def unpack_stamps(blob: bytes) -> dict[str, Stamp]:
    """Read the stamps of a context's files."""
    return {os.fsdecode(path): Stamp(*stamp) for path, stamp in _stamps.decode(zlib.decompress(blob)).items()}


def _chunk(connection: sqlite3.Connection, group: list[_Row]) -> int:
    data = msgspec.msgpack.encode(group)
    digest = hashlib.sha256(data).digest()
    row = connection.execute("SELECT id FROM chunks WHERE sha256 = ?", (digest,)).fetchone()
    if row is None:
        cursor = connection.execute("INSERT INTO chunks(sha256, files) VALUES (?, ?)", (digest, zlib.compress(data)))
        return int(cursor.lastrowid or 0)
    return int(row[0])


def _groups(files: Iterable[ContextFile]) -> Iterator[list[_Row]]:
    """Cut where a path's own hash says so: a file that comes or goes moves no other cut."""
    group: list[_Row] = []
    for file in files:
        path = os.fsencode(file.path)
        group.append((path, file.mode, file.size, file.sha256, os.fsencode(file.link), file.error))
        if zlib.crc32(path) % _GROUP == 0:
            yield group
            group = []
    if group:
        yield group
