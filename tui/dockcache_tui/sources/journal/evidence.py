"""The evidence of builds in the journal: documents, and trees of files in groups that equal trees share."""

import hashlib
import os
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Any

import msgspec

from dockcache_tui.core.errors import UsageError
from dockcache_tui.core.explain.context import SentFile
from dockcache_tui.core.explain.evidence import Evidence
from dockcache_tui.core.filter.units import size
from dockcache_tui.sources.journal.any_text import from_json, to_json

BUDGET = 200_000_000
"""Bytes that the evidence of all builds may take, compressed."""
MAX_COPIES = 100
"""Builders' copies of folders that are remembered; those taken longest ago go."""
_VARIABLE = "DOCKCACHE_EVIDENCE"
_GROUP = 64
"""Files to a group, on average."""
_MAX_DECODED = 1000
"""Groups of files that are kept in memory."""
_FAST = 1

_Row = tuple[bytes, int, bytes, int, int, bytes, bytes, bytes, tuple[int, int], tuple[tuple[bytes, bytes], ...], str]
_rows = msgspec.msgpack.Decoder(list[_Row])
Decoded = dict[bytes, tuple[SentFile, ...]]
"""Groups of files that are in memory, by their digests: trees that were loaded share them."""
Read = Callable[..., list[tuple[Any, ...]]]
"""Returns the rows of a query."""


def budget(environment: Mapping[str, str] = os.environ) -> int:
    """Return the bytes that evidence may take, as DOCKCACHE_EVIDENCE has it; raises UsageError for no size."""
    text = environment.get(_VARIABLE, "")
    found = size(text) if text else BUDGET
    if found is None:
        raise UsageError(f"{_VARIABLE} is not a size: {text}", hint="Write a size such as 200MB, or 0 to keep none.")
    return found


@dataclass(frozen=True, slots=True)
class PackedTree:
    """Files in groups, each as bytes by its digest, and what names the whole."""

    digest: bytes
    groups: tuple[tuple[bytes, bytes], ...]


def pack(files: Iterable[SentFile], decoded: Decoded) -> PackedTree:
    """Group files so that a change makes few new groups; `decoded` then has them."""
    groups = []
    for group in _groups(files):
        packed = msgspec.msgpack.encode([_row(file) for file in group])
        groups.append((hashlib.sha256(packed).digest(), packed, group))
    _remember(decoded, ((digest, group) for digest, _, group in groups))
    return PackedTree(
        hashlib.sha256(b"".join(digest for digest, *_ in groups)).digest(), tuple(one[:2] for one in groups)
    )


def _remember(decoded: Decoded, groups: Iterable[tuple[bytes, tuple[SentFile, ...]]]) -> None:
    if len(decoded) > _MAX_DECODED:
        decoded.clear()
    decoded.update(groups)


def keep(connection: sqlite3.Connection, build: int, evidence: Evidence, trees: Sequence[PackedTree]) -> None:
    """Keep what is known of a build; `trees` are its contexts' files, in their order."""
    document = zlib.compress(to_json(_with_files(evidence, repeat(()))).encode())
    kept = [_keep_tree(connection, tree) for tree in trees]
    connection.execute("DELETE FROM evidence WHERE build = ?", (build,))
    connection.execute("INSERT INTO evidence VALUES (?, ?)", (build, document))
    connection.executemany(
        "INSERT INTO evidence_trees VALUES (?, ?, ?)", [(build, position, tree) for position, tree in enumerate(kept)]
    )


def load(read: Read, build: int, decoded: Decoded, *, files: bool = True) -> Evidence | None:
    """Return what is kept of a build, None where nothing is; the queries must be of one moment.

    Without files it has no contexts either.
    """
    found = read("SELECT document FROM evidence WHERE build = ?", build)
    if not found:
        return None
    evidence = from_json(zlib.decompress(found[0][0]).decode(), Evidence)
    if not files:
        return replace(evidence, graphs=tuple(replace(graph, contexts=()) for graph in evidence.graphs))
    trees = read("SELECT tree FROM evidence_trees WHERE build = ? ORDER BY position", build)
    loaded = {tree: _load_tree(read, tree, decoded) for (tree,) in set(trees)}
    return _with_files(evidence, (loaded[tree] for (tree,) in trees))


def keep_copy(connection: sqlite3.Connection, place: tuple[str, str, str], tree: PackedTree | None) -> None:
    """Keep which files a builder's node has of a folder, by builder, node and the copy's name; None: not known."""
    before = connection.execute("SELECT tree FROM copies WHERE builder = ? AND node = ? AND name = ?", place).fetchall()
    connection.execute("DELETE FROM copies WHERE builder = ? AND node = ? AND name = ?", place)
    if tree:
        row = (*place, _keep_tree(connection, tree))
        connection.execute("INSERT INTO copies(builder, node, name, tree) VALUES (?, ?, ?, ?)", row)
    old = connection.execute("SELECT tree FROM copies WHERE id <= (SELECT max(id) FROM copies) - ?", (MAX_COPIES,))
    gone = [*before, *old.fetchall()]
    connection.execute("DELETE FROM copies WHERE id <= (SELECT max(id) FROM copies) - ?", (MAX_COPIES,))
    _sweep(connection, (one for (one,) in gone))


def load_copy(read: Read, place: tuple[str, str, str], decoded: Decoded) -> tuple[SentFile, ...] | None:
    """Return the files that a builder's node has of a folder, None where that is not known."""
    found = read("SELECT tree FROM copies WHERE builder = ? AND node = ? AND name = ?", *place)
    return _load_tree(read, found[0][0], decoded) if found else None


def shrink(connection: sqlite3.Connection, room: int) -> None:
    """Forget the evidence of the oldest builds, then the oldest copies, until the rest fits; builds stay."""
    while _size(connection) > room:
        oldest = connection.execute("SELECT min(build) FROM evidence").fetchone()[0]
        if oldest is not None:
            trees = connection.execute("SELECT tree FROM evidence_trees WHERE build = ?", (oldest,)).fetchall()
            connection.execute("DELETE FROM evidence WHERE build = ?", (oldest,))
        else:
            trees = connection.execute("SELECT tree FROM copies ORDER BY id LIMIT 1").fetchall()
            connection.execute("DELETE FROM copies WHERE id = (SELECT min(id) FROM copies)")
        _sweep(connection, (tree for (tree,) in trees))


def sweep(connection: sqlite3.Connection) -> None:
    """Forget the trees that nothing refers to any more."""
    found = "SELECT id FROM trees WHERE id NOT IN (SELECT tree FROM evidence_trees)"
    _sweep(connection, (tree for (tree,) in connection.execute(found).fetchall()))


def _size(connection: sqlite3.Connection) -> int:
    words = "SELECT (SELECT total(size) FROM chunks) + (SELECT total(length(document)) FROM evidence)"
    return int(connection.execute(words).fetchone()[0])


def _sweep(connection: sqlite3.Connection, trees: Iterable[int]) -> None:
    for tree in trees:
        used = "SELECT 1 FROM evidence_trees WHERE tree = ? UNION SELECT 1 FROM copies WHERE tree = ?"
        if connection.execute(used, (tree, tree)).fetchone():
            continue
        chunks = connection.execute("SELECT DISTINCT chunk FROM tree_chunks WHERE tree = ?", (tree,)).fetchall()
        connection.execute("DELETE FROM trees WHERE id = ?", (tree,))
        connection.executemany(
            "DELETE FROM chunks WHERE id = ? AND NOT EXISTS (SELECT 1 FROM tree_chunks WHERE chunk = chunks.id)", chunks
        )


def _keep_tree(connection: sqlite3.Connection, tree: PackedTree) -> int:
    found = connection.execute("SELECT id FROM trees WHERE sha256 = ?", (tree.digest,)).fetchone()
    if found:
        return int(found[0])
    number = int(connection.execute("INSERT INTO trees(sha256) VALUES (?)", (tree.digest,)).lastrowid or 0)
    chunks = [_keep_chunk(connection, *group) for group in tree.groups]
    connection.executemany(
        "INSERT INTO tree_chunks VALUES (?, ?, ?)", [(number, position, chunk) for position, chunk in enumerate(chunks)]
    )
    return number


def _keep_chunk(connection: sqlite3.Connection, digest: bytes, group: bytes) -> int:
    found = connection.execute("SELECT id FROM chunks WHERE sha256 = ?", (digest,)).fetchone()
    if found:
        return int(found[0])
    packed = zlib.compress(group, _FAST)
    words = "INSERT INTO chunks(sha256, size, files) VALUES (?, ?, ?)"
    return int(connection.execute(words, (digest, len(packed), packed)).lastrowid or 0)


def _load_tree(read: Read, tree: int, decoded: Decoded) -> tuple[SentFile, ...]:
    words = "SELECT chunk, sha256 FROM tree_chunks JOIN chunks ON chunks.id = chunk WHERE tree = ? ORDER BY position"
    groups = []
    for chunk, digest in read(words, tree):
        group = decoded.get(digest)
        if group is None:
            ((blob,),) = read("SELECT files FROM chunks WHERE id = ?", chunk)
            group = tuple(map(_file, _rows.decode(zlib.decompress(blob))))
        groups.append((digest, group))
    _remember(decoded, groups)
    return tuple(file for _, group in groups for file in group)


def _with_files(evidence: Evidence, files: Iterator[tuple[SentFile, ...]]) -> Evidence:
    graphs = (
        replace(graph, contexts=tuple(replace(context, files=next(files)) for context in graph.contexts))
        for graph in evidence.graphs
    )
    return replace(evidence, graphs=tuple(graphs))


def _groups(files: Iterable[SentFile]) -> Iterator[tuple[SentFile, ...]]:
    """Cut where a path's own hash says so: a file that comes or goes moves no other cut."""
    group: list[SentFile] = []
    for file in files:
        group.append(file)
        if zlib.crc32(file.path) % _GROUP == 0:
            yield tuple(group)
            group = []
    if group:
        yield tuple(group)


def _row(file: SentFile) -> _Row:
    digest, content = bytes.fromhex(file.digest.removeprefix("sha256:")), bytes.fromhex(file.content)
    about = (file.path, file.mode, digest, file.size, file.mtime_ns, content)
    return (*about, file.link, file.hard_link, file.device, file.xattrs, file.error)


def _file(row: _Row) -> SentFile:
    path, mode, digest, length, mtime, content, link, hard_link, device, xattrs, error = row
    known = f"sha256:{digest.hex()}" if digest else ""
    return SentFile(path, mode, known, length, mtime, content.hex(), link, hard_link, device, xattrs, error)
