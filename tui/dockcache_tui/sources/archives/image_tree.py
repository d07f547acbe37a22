"""An image's tree in an index: what its layers make together, asked folder by folder."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from threading import RLock
from typing import Any

import msgspec

from dockcache_tui.core.archives.archive import ArchiveError, Fault, FaultList, ImageContents, Layer
from dockcache_tui.core.archives.file_entry import FileEntry, FileKind, LayerChange, TreeEntry
from dockcache_tui.core.archives.overlay import PathChange, TreeNode, overlay, settle
from dockcache_tui.core.archives.path import NowhereError, followed, holds, path_of
from dockcache_tui.sources.archives.layer_index import ENTRY, LayerIndex, entry_of, heirs, moved_bytes, row_of

MAX_PATHS = 10_000_000
MAX_LAYERS = 200
"""Engines take 127."""
MAX_SUM = (1 << 63) - 1
"""The largest number that SQLite keeps."""

_CHANGES = tuple(LayerChange)
_PUT_THERE = LayerChange.ADDED, LayerChange.CHANGED
_DONE = *_PUT_THERE, LayerChange.REMOVED
_BOTH, _WHOLE, _LAYER = range(3)
_STATE = f"s.layer, s.change, s.total, s.wasted, s.children, {', '.join(f's.{name}' for name in ENTRY.split(', '))}"
_COLUMNS = f"id INTEGER, view INTEGER, layer INTEGER, change, total, wasted, children, {ENTRY}"
_MAKE = (
    "CREATE TABLE path(id INTEGER PRIMARY KEY, parent INTEGER, name BLOB)",
    f"CREATE TABLE state({_COLUMNS}, PRIMARY KEY(id, layer, view)) WITHOUT ROWID",
    "CREATE TABLE image(contents TEXT)",
)
_PUT = "INSERT INTO state VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_PATHS = "SELECT id, parent, name FROM path WHERE id > 0 ORDER BY id"
_MANY, _BATCH = 1_000, 500
_MAX_LINKS = 40
"""Links that Linux follows on the way to one file."""


class ImageTree:
    """The tree of one image; any thread may ask."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._lock = RLock()
        try:
            text = connection.execute("SELECT contents FROM image").fetchone()[0]
            self.contents = msgspec.json.decode(text, type=ImageContents)
        except (TypeError, msgspec.MsgspecError) as error:
            raise sqlite3.DatabaseError(f"not as it was written: {error}") from error
        self._digests = [layer.digest for layer in self.contents.layers]

    def children(self, folder: str, layer: str, limit: int) -> tuple[TreeEntry, ...]:
        """Return what is in a folder, by name; ArchiveError when it is not there."""
        view, values = self._view(layer)
        with self._lock:
            number = self._number(folder)
            rows = self._connection.execute(
                f"SELECT p.name, {_STATE} FROM path p JOIN state s ON s.id = p.id"  # noqa: S608 -- constants
                f" WHERE p.parent = ? AND +p.id > 0 AND {view} ORDER BY p.name LIMIT ?",
                (number, *values, limit),
            ).fetchall()
        return tuple(self._entry(f"{folder}/{_text(name)}" if folder else _text(name), row) for name, *row in rows)

    def search(self, text: str, layer: str, limit: int) -> tuple[TreeEntry, ...]:
        """Return the first paths that hold a text, in upper or lower case."""
        self._view(layer)
        hits = (number_path for number_path in self._climbed(_PATHS) if holds(number_path[1], text))
        told = (entry for number, path, _ in hits if (entry := self._told(number, path, layer)))
        return tuple(islice(told, limit))

    def walk(self, layer: str = "") -> Iterator[TreeEntry]:
        """Yield every path, a folder before what it holds; memory by depth only."""
        view, values = self._view(layer)
        query = (
            f"SELECT p.id, p.parent, p.name, {_STATE} FROM path p JOIN state s ON s.id = p.id"  # noqa: S608 -- constants
            f" WHERE p.id > 0 AND {view} ORDER BY p.id"
        )
        for _, path, row in self._climbed(query, values):
            yield self._entry(path, row)

    def find(self, path: str, layer: str = "") -> TreeEntry:
        """Return a path; ArchiveError when it is not there."""
        entry = self._told(self._number(path), path, layer)
        if entry is None:
            raise ArchiveError(f"{path} is not in the layer {layer}")
        return entry

    def origin(self, path: str, layer: str = "") -> tuple[str, FileEntry]:
        """Return which layer last put a path, up to a layer, and what it put; ArchiveError when none did.

        A hard link is what it links to.
        """
        at = path
        for _ in range(_MAX_LINKS):
            told = self._last(self._number(at), at, layer, _PUT_THERE)
            if told is None:
                raise ArchiveError(f"{at} is not in the layers up to {layer}")
            if told.entry.kind is not FileKind.HARDLINK:
                return told.layer, told.entry
            at, layer = path_of(told.entry.link)[0], told.layer
        raise ArchiveError(f"{path} is a chain of hard links without end, it holds no bytes")

    def place(self, path: str, layer: str = "") -> str:
        """Return where a process finds a path, as a layer left it; ArchiveError when that is nowhere.

        Symlinks are followed. What is not there any more is where it was.
        """
        numbers: dict[str, int | None] = {"": 0}

        def link_of(at: str) -> str | None:
            folder, _, name = at.rpartition("/")
            above = numbers[folder]
            numbers[at] = None if above is None else self._child(above, name)
            return self._symlink(numbers[at], at, layer)

        try:
            place = followed("", path, link_of, _MAX_LINKS)
        except NowhereError as error:
            raise ArchiveError(f"{path} is {error}") from error
        if not place or self._last(self._found(place), place, layer, _DONE):
            return place
        named = path_of(path)[0]
        told = self._last(self._found(named), named, layer, _DONE)
        if told and told.change is LayerChange.REMOVED:
            return named
        leads = "" if place == named else f": it leads to {place}"
        raise ArchiveError(f"{named} is not in the image{leads}")

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _told(self, number: int, path: str, layer: str) -> TreeEntry | None:
        view, values = self._view(layer)
        query = f"SELECT {_STATE} FROM state s WHERE s.id = ? AND {view}"  # noqa: S608 -- constants
        with self._lock:
            row = self._connection.execute(query, (number, *values)).fetchone()
        return self._entry(path, row) if row else None

    def _last(self, number: int | None, path: str, layer: str, changes: Iterable[LayerChange]) -> TreeEntry | None:
        """Return what the last layer up to one that did any of these to a path left there."""
        upto = self._digests.index(layer) if layer in self._digests else len(self._digests)
        query = (
            f"SELECT {_STATE} FROM state s WHERE s.id = ? AND s.view <> {_WHOLE} AND s.layer <= ?"  # noqa: S608
            f" AND s.change IN ({', '.join(str(_CHANGES.index(change)) for change in changes)})"
            " ORDER BY s.layer DESC LIMIT 1"
        )
        with self._lock:
            row = self._connection.execute(query, (number, upto)).fetchone()
        return self._entry(path, row) if row else None

    def _symlink(self, number: int | None, path: str, layer: str) -> str | None:
        """Return where a symlink leads that is there once a layer is on; a hard link to one is one."""
        told = self._last(number, path, layer, _DONE)
        if told is None or told.change is LayerChange.REMOVED:
            return None
        entry = told.entry
        if entry.kind is FileKind.HARDLINK:
            try:
                entry = self.origin(path, layer)[1]
            except ArchiveError:
                return None
        return entry.link if entry.kind is FileKind.SYMLINK else None

    def _view(self, layer: str) -> tuple[str, tuple[int, ...]]:
        if not layer:
            return f"s.view <> {_LAYER}", ()
        if layer not in self._digests:
            raise ArchiveError(f"the image has no layer {layer}")
        return f"s.view <> {_WHOLE} AND s.layer = ?", (self._digests.index(layer),)

    def _number(self, path: str) -> int:
        number = self._found(path)
        if number is None:
            raise ArchiveError(f"{path} is not in the image")
        return number

    def _found(self, path: str) -> int | None:
        number: int | None = 0
        for name in path.split("/") if path else ():
            number = None if number is None else self._child(number, name)
        return number

    def _child(self, folder: int, name: str) -> int | None:
        query = "SELECT id FROM path WHERE parent = ? AND name = ? AND +id > 0"
        with self._lock:
            row = self._connection.execute(query, (folder, _key(name))).fetchone()
        return row[0] if row else None

    def _climbed(self, query: str, values: Sequence[int] = ()) -> Iterator[tuple[int, str, Sequence[Any]]]:
        """Yield number, path and the further columns of rows in the order of paths; only one path is held at a time."""
        above: list[tuple[int, int]] = [(0, 0)]
        path = ""
        for number, parent, name, *row in self._rows(query, values):
            while above[-1][0] != parent:
                above.pop()
            path = f"{path[: above[-1][1]]}/{_text(name)}" if parent else _text(name)
            above.append((number, len(path)))
            yield number, path, row

    def _rows(self, query: str, values: Sequence[int]) -> Iterator[Sequence[Any]]:
        with self._lock:
            cursor = self._connection.execute(query, values)
        while True:
            with self._lock:
                rows = cursor.fetchmany(_BATCH)
            if not rows:
                return
            yield from rows

    def _entry(self, path: str, row: Sequence[Any]) -> TreeEntry:
        layer, change, total, wasted, children, *entry = row
        digest = self._digests[layer] if self._digests else ""
        return TreeEntry(entry_of(path, entry), digest, _CHANGES[change], total, wasted, children)


def build_tree(
    connection: sqlite3.Connection, layers: Sequence[tuple[Layer, LayerIndex]], faults: Iterable[Fault]
) -> None:
    """Lay the layers over each other, the lowest first, and write what comes of it."""
    if len(layers) > MAX_LAYERS:
        raise ArchiveError(f"an image of {len(layers):,} layers is more than the {MAX_LAYERS} that are read")
    found = FaultList()
    for fault in faults:
        found.add(fault)
    for statement in _MAKE:
        connection.execute(statement)
    shown = heirs([index for _, index in layers])
    settled = [_settled(number, pair, shown, found) for number, pair in enumerate(layers)]
    count = _write(connection, overlay(settled, moved_bytes(shown)))
    connection.execute("CREATE UNIQUE INDEX child ON path(parent, name, id)")
    root = f"SELECT total, wasted FROM state WHERE id = 0 AND view <> {_LAYER}"  # noqa: S608 -- a constant
    size, wasted = connection.execute(root).fetchone()
    if MAX_SUM in (size, wasted):
        found.add(Fault("sizes that 64 bits do not hold: they are shown as the largest number that does"))
    told = tuple(replace(index.contents, digest=layer.digest) for layer, index in layers)
    contents = ImageContents(told, size, wasted, count - 1, found.all())
    connection.execute("INSERT INTO image VALUES (?)", (msgspec.json.encode(contents).decode(),))


def _settled(
    number: int, pair: tuple[Layer, LayerIndex], shown: Mapping[tuple[int, str], FileEntry], faults: FaultList
) -> Iterator[FileEntry]:
    """Yield a layer's entries as they stand; a hard link that alone shows a file has that file's digest."""
    layer, index = pair

    def dropped(entry: FileEntry) -> None:
        faults.add(Fault("lies below something that is not a folder", digest=layer.digest, member=entry.path))

    for entry in settle(index.entries(), dropped):
        file = shown.get((number, entry.path)) if entry.kind is FileKind.HARDLINK else None
        yield replace(entry, digest=file.digest) if file else entry


def _write(connection: sqlite3.Connection, nodes: Iterator[TreeNode]) -> int:
    """Write the nodes; returns how many there are."""
    count = 0
    while batch := list(islice(nodes, _MANY)):
        paths = [(node.number, node.parent, _key(node.name)) for node in batch]
        connection.executemany("INSERT INTO path VALUES (?, ?, ?)", paths)
        states = (state for node in batch for state in _states(node))
        connection.executemany(_PUT, states)
        count += len(batch)
        if count > MAX_PATHS:
            raise ArchiveError(f"an image of more than {MAX_PATHS:,} paths is more than is read")
    return count


def _states(node: TreeNode) -> Iterator[tuple[int | str | bytes | None, ...]]:
    for change in node.changes:
        shared = change == node.whole
        yield _state(node.number, _BOTH if shared else _LAYER, change)
    if node.whole not in node.changes:
        yield _state(node.number, _WHOLE, node.whole)


def _state(number: int, view: int, change: PathChange) -> tuple[int | str | bytes | None, ...]:
    size, wasted = min(change.size, MAX_SUM), min(change.wasted, MAX_SUM)
    what = (change.layer, _CHANGES.index(change.change), size, wasted, change.children)
    return (number, view, *what, *row_of(change.entry))


def _key(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")
