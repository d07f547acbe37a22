"""A layer's files in an index, read once for all archives that hold it, and what hard links keep across layers."""

import io
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import new, sha256
from typing import Any, TypeAlias

import msgspec

from dockcache_tui.core.archives.archive import BrokenArchiveError, Fault, FaultList, Layer, LayerContents
from dockcache_tui.core.archives.file_entry import FileEntry, FileKind
from dockcache_tui.core.archives.path import order_of, path_in_order, path_of
from dockcache_tui.core.instant import Instant
from dockcache_tui.sources.archives.index_folder import IndexFolder
from dockcache_tui.sources.archives.layer_files import STEP, LayerFiles
from dockcache_tui.sources.archives.placement import place_members

KINDS = tuple(FileKind)
Row: TypeAlias = tuple[int, int, int, int, int, int | None, bytes, bytes, str, bytes]
Open = Callable[[], io.BufferedIOBase]
Done = Callable[[int], None]

ENTRY = "kind, size, mode, uid, gid, mtime, link, digest, device, xattrs"
_MAKE = (
    f"CREATE TABLE entry(key BLOB, seq INTEGER, {ENTRY}, header INTEGER, PRIMARY KEY(key, seq)) WITHOUT ROWID",
    "CREATE TABLE layer(digest TEXT, unpacked INTEGER, members INTEGER, diff_id TEXT, faults TEXT)",
)

MAX_LOOKED_UP = 1_000_000
"""The most paths that are looked for in the layers above; the bytes of the rest count where they are stored."""
MAX_HELD = 100_000
"""The most links and targets of a layer that are held in memory; the rest counts where it is stored, too."""


class LayerIndex:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        row = connection.execute("SELECT digest, unpacked, members, diff_id, faults FROM layer").fetchone()
        try:
            self.contents = LayerContents(*row[:4])
            self.faults: tuple[Fault, ...] = msgspec.json.decode(row[4], type=tuple[Fault, ...])
        except (TypeError, msgspec.MsgspecError) as error:
            raise sqlite3.DatabaseError(f"not as it was written: {error}") from error

    def entries(self) -> Iterator[FileEntry]:
        """Yield the entries in the order of paths, equal ones as they were read."""
        for key, *row in self._connection.execute(f"SELECT key, {ENTRY} FROM entry ORDER BY key, seq"):  # noqa: S608
            yield entry_of(path_in_order(key), row)

    def header(self, file: FileEntry) -> int | None:
        """Return where in the unpacked tar a file's first header is; None when the layer has no such file."""
        query = "SELECT header FROM entry WHERE key = ? AND kind = ? AND digest = ? ORDER BY seq DESC LIMIT 1"
        kind, digest = KINDS.index(file.kind), _bytes(file.digest)
        row = self._connection.execute(query, (order_of(file.path), kind, digest)).fetchone()
        return row[0] if row else None

    def hard_links(self) -> Iterator[tuple[str, str]]:
        """Yield path and target of every hard link, in the order of paths."""
        query = "SELECT key, link FROM entry WHERE kind = ? ORDER BY key, seq"
        for key, link in self._connection.execute(query, (KINDS.index(FileKind.HARDLINK),)):
            yield path_in_order(key), path_of(link.decode("utf-8", "surrogateescape"))[0]

    def file(self, path: str) -> FileEntry | None:
        """Return a file of this layer, None for anything else."""
        query = f"SELECT {ENTRY} FROM entry WHERE key = ? AND kind = ? ORDER BY seq DESC LIMIT 1"  # noqa: S608 -- a constant
        row = self._connection.execute(query, (order_of(path), KINDS.index(FileKind.FILE))).fetchone()
        return entry_of(path, row) if row else None

    def hides(self, path: str) -> bool:
        """Tell whether a file of a lower layer is hidden by what this one has in its place, or above it no folder."""
        keys = [order_of(path)]
        while (end := keys[-1].rfind(b"\0")) > 0:
            keys.append(keys[-1][:end])
        query = "SELECT 1 FROM entry WHERE key = ? AND kind <> ? LIMIT 1"
        wanted = [-1, *(KINDS.index(FileKind.FOLDER) for _ in keys[1:])]
        return any(self._connection.execute(query, pair).fetchone() for pair in zip(keys, wanted, strict=True))

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def kept_index(folder: IndexFolder, digest: str) -> LayerIndex | None:
    """Return the index of the layer of this digest, if there is a sound one."""
    connection = folder.opened(_name(digest))
    if connection is None:
        return None
    try:
        return LayerIndex(connection)
    except sqlite3.DatabaseError:
        connection.close()
        drop_index(folder, digest)
        return None


def drop_index(folder: IndexFolder, digest: str) -> None:
    """Take away an index that turned out to be broken."""
    folder.drop(_name(digest))


def layer_index(folder: IndexFolder, layer: Layer, first: io.BufferedIOBase, again: Open, done: Done) -> LayerIndex:
    """Return the index of a layer, made when there is none for the bytes that really are stored under its digest.

    They are read from `first`, and from `again` should they be needed once more.
    """
    algorithm = "sha512" if layer.digest.startswith("sha512:") else "sha256"
    streams = _streams(first, again)
    if index := kept_index(folder, layer.digest):
        actual = _digest(next(streams), algorithm, done)
        if actual == layer.digest:
            return index
        index.close()
        if other := kept_index(folder, actual):
            return other

    def build(connection: sqlite3.Connection) -> str:
        files = LayerFiles(next(streams), done, algorithm)
        for statement in _MAKE:
            connection.execute(statement)
        connection.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", _rows(files))
        faults = FaultList()
        for fault in (*files.faults, *place_members(connection), *_twice(connection)):
            faults.add(fault)
        told = msgspec.json.encode(faults.all()).decode()
        row = (files.digest, files.unpacked_size, files.files, files.diff_id, told)
        connection.execute("INSERT INTO layer VALUES (?, ?, ?, ?, ?)", row)
        # A packed layer of a `docker save` may be known by the digest of its tar alone.
        return _name(layer.digest if layer.digest == files.diff_id else files.digest)

    return LayerIndex(folder.made(build))


def faults_of(layer: Layer, index: LayerIndex) -> tuple[Fault, ...]:
    """Return what is wrong with a layer of an archive: its members, and digests that are not as said."""
    found = [replace(fault, digest=layer.digest) for fault in index.faults]
    if layer.digest not in {index.contents.digest, index.contents.diff_id}:
        found.append(Fault(f"its bytes have the digest {index.contents.digest}", digest=layer.digest))
    elif layer.diff_id.startswith("sha256:") and layer.diff_id != index.contents.diff_id:
        said = f"it unpacks to {index.contents.diff_id}, not to the {layer.diff_id} of the config"
        found.append(Fault(said, digest=layer.digest))
    return tuple(found)


def row_of(entry: FileEntry) -> Row:
    """Return an entry without its path as the columns of an index."""
    return (
        KINDS.index(entry.kind),
        entry.size,
        entry.mode,
        entry.uid,
        entry.gid,
        entry.modified_at.ns if entry.modified_at else None,
        entry.link.encode("utf-8", "surrogateescape"),
        _bytes(entry.digest),
        entry.device,
        _packed(entry.xattrs) if entry.xattrs else b"",
    )


def entry_of(path: str, row: Sequence[Any]) -> FileEntry:
    """Return the entry that `row_of` made these columns of."""
    kind, size, mode, uid, gid, mtime, link, digest, device, xattrs = row
    return FileEntry(
        path,
        KINDS[kind],
        size,
        mode,
        uid,
        gid,
        None if mtime is None else Instant(mtime),
        link.decode("utf-8", "surrogateescape"),
        f"sha256:{digest.hex()}" if digest else "",
        device,
        _unpacked(xattrs) if xattrs else (),
    )


def _bytes(digest: str) -> bytes:
    return bytes.fromhex(digest.removeprefix("sha256:"))


def _packed(xattrs: tuple[tuple[str, bytes], ...]) -> bytes:
    return msgspec.msgpack.encode([(name.encode("utf-8", "surrogateescape"), value) for name, value in xattrs])


def _unpacked(xattrs: bytes) -> tuple[tuple[str, bytes], ...]:
    pairs = msgspec.msgpack.decode(xattrs, type=list[tuple[bytes, bytes]])
    return tuple((name.decode("utf-8", "surrogateescape"), value) for name, value in pairs)


def _twice(connection: sqlite3.Connection) -> Iterator[Fault]:
    """Yield the paths that are there twice; folders may be, and whiteouts are for what lies below."""
    folder, *whiteouts = map(KINDS.index, (FileKind.FOLDER, FileKind.WHITEOUT, FileKind.OPAQUE))
    query = (
        "SELECT key, header FROM entry JOIN (SELECT key, max(seq) AS seq FROM entry WHERE kind NOT IN (?, ?)"
        " GROUP BY key HAVING count(*) > 1 AND (min(kind) <> ? OR max(kind) <> ?)) USING (key, seq)"
    )
    for key, header in connection.execute(query, (*whiteouts, folder, folder)):
        yield Fault(
            "is in the layer twice: the last one counts, and Docker's older store refuses it",
            member=path_in_order(key),
            offset=header,
        )


def _rows(files: LayerFiles) -> Iterator[tuple[bytes, int, *Row, int]]:
    for number, (entry, header) in enumerate(files):
        yield order_of(entry.path), number, *row_of(entry), header


def _streams(first: io.BufferedIOBase, again: Open) -> Iterator[io.BufferedIOBase]:
    yield first
    while True:
        with again() as stream:
            yield stream


def _digest(stream: io.BufferedIOBase, algorithm: str, done: Done) -> str:
    """Return the digest of what is stored; nothing where it can't be read to its end."""
    hashed, count = new(algorithm), 0
    try:
        while part := stream.read(STEP):
            hashed.update(part)
            count += len(part)
            done(count)
    except BrokenArchiveError:
        return ""
    return f"{algorithm}:{hashed.hexdigest()}"


def _name(digest: str) -> str:
    # A digest is text from outside: it must not become a path.
    return f"layer-{sha256(digest.encode('utf-8', 'backslashreplace')).hexdigest()[:40]}"


def heirs(layers: Sequence[LayerIndex]) -> Mapping[tuple[int, str], FileEntry]:
    """Return by layer and path the hard links that still show a file whose own name a later layer hides."""
    found: dict[tuple[int, str], FileEntry] = {}
    looked_up = 0
    for number, layer in enumerate(layers[:-1]):
        above = layers[number + 1 :]
        hidden: dict[str, FileEntry | None] = {}
        for path, target in layer.hard_links():
            asked = (path, target) if target not in hidden else (path,)
            looked_up += len(above) * sum(one.count("/") + 1 for one in asked)
            if looked_up > MAX_LOOKED_UP or len(found) + len(hidden) >= MAX_HELD:
                return found
            if target not in hidden:
                hidden[target] = layer.file(target) if any(later.hides(target) for later in above) else None
            file = hidden[target]
            if file and not any(later.hides(path) for later in above):
                found[number, path] = file
    return found


def moved_bytes(shown: Mapping[tuple[int, str], FileEntry]) -> dict[tuple[int, str], int]:
    """Return what the paths of files count for that other names show: the first of these has the bytes."""
    moved: dict[tuple[int, str], int] = {}
    for (number, path), file in shown.items():
        if (number, file.path) not in moved:
            moved[number, file.path] = 0
            moved[number, path] = file.size
    return moved
