"""Puts the members of a layer where engines unpack them, and names what both of Docker's stores refuse."""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, groupby, takewhile

from dockcache_tui.core.archives.archive import Fault
from dockcache_tui.core.archives.file_entry import FileKind
from dockcache_tui.core.archives.path import NowhereError, followed, order_of, path_in_order, path_of

_KINDS = tuple(FileKind)
_FOLDER, _SYMLINK, _HARDLINK, _WHITEOUT, _OPAQUE = map(
    _KINDS.index, (FileKind.FOLDER, FileKind.SYMLINK, FileKind.HARDLINK, FileKind.WHITEOUT, FileKind.OPAQUE)
)
_MAX_LINKS = 255
"""Symlinks that engines follow on the way to one member."""


def place_members(connection: sqlite3.Connection) -> Iterator[Fault]:
    """Move what lies below a symlink of the layer to where it leads; yields what engines refuse."""
    if _has_below_symlink(connection) or _has_linked_below_symlink(connection):
        yield from _Placing(connection).faults()
    if connection.execute("SELECT 1 FROM entry WHERE kind = ? LIMIT 1", (_WHITEOUT,)).fetchone():
        yield from _whiteouts(connection)
    yield from _hard_links(connection)


class _Placing:
    """Goes through the members in their order, as an engine does, each below what those before it made."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._sequence = 0
        self._names: list[str] = []
        self._places: list[str] = []
        """Where each folder on the way to the last member is, `_names` as the tar names it."""

    def faults(self) -> Iterator[Fault]:
        query = "SELECT key, seq, kind, link, header FROM entry ORDER BY seq"
        for key, sequence, kind, link, header in self._connection.execute(query):
            self._sequence = sequence
            named = path_in_order(key)
            try:
                place = self._placed(named, kind)
                aim = link.decode("utf-8", "surrogateescape") if kind == _HARDLINK else ""
                target = self._target(aim) if kind == _HARDLINK else None
                parted = ".." in aim.split("/") and target != self._climbed(aim)
            except NowhereError as error:
                yield _refused(f"lies below {error}", key, header)
                self._drop(key)
                continue
            if parted:
                reason = "a hard link up from a symlink: engines differ on where it leads"
                yield Fault(reason, member=named, offset=header)
            self._move(key, place, target)
            if kind not in (_FOLDER, _WHITEOUT, _OPAQUE):
                self._replace(place)

    def _placed(self, named: str, kind: int) -> str:
        """Return where a member belongs; of what makes a folder opaque the folder is followed too."""
        folder, _, name = named.rpartition("/")
        if kind == _OPAQUE:
            return self._folder(named)
        place = self._folder(folder)
        return f"{place}/{name}" if place else name

    def _folder(self, named: str) -> str:
        parts = named.split("/") if named else []
        same = 0
        for one, other in zip(parts, self._names, strict=False):
            if one != other:
                break
            same += 1
        del self._names[same:], self._places[same:]
        for part in parts[same:]:
            place = self._followed(self._places[-1] if self._places else "", part)
            self._names.append(part)
            self._places.append(place)
        return self._places[-1] if self._places else ""

    def _followed(self, folder: str, name: str) -> str:
        """Return where a name in a folder leads, as a system finds it whose root is the layer's."""
        return followed(folder, name, self._link, _MAX_LINKS)

    def _target(self, link: str) -> str:
        """Return the place of a hard link's target, whose own name is not followed."""
        folder, _, name = path_of(link)[0].rpartition("/")
        place = ""
        for part in folder.split("/") if folder else ():
            place = self._followed(place, part)
        return f"{place}/{name}" if place else name

    def _climbed(self, link: str) -> str:
        """Return its place where `..` leads up from where a symlink led, as containerd has it."""
        folder, _, name = link.rpartition("/")
        place = self._followed("", folder)
        return f"{place}/{name}" if place else name

    def _link(self, path: str) -> str | None:
        """Return where what is at a path by now leads, if it is a symlink or a hard link to one."""
        query = "SELECT kind, link FROM entry WHERE key = ? AND seq < ? AND kind <> ? ORDER BY seq DESC LIMIT 1"
        for _ in range(_MAX_LINKS):
            row = self._connection.execute(query, (order_of(path), self._sequence, _OPAQUE)).fetchone()
            link: str = row[1].decode("utf-8", "surrogateescape") if row else ""
            if row is None or row[0] != _HARDLINK:
                return link if row and row[0] == _SYMLINK else None
            path = path_of(link)[0]
        return None

    def _move(self, key: bytes, place: str, target: str | None) -> None:
        new = order_of(place)
        if new != key:
            self._connection.execute("UPDATE entry SET key = ? WHERE key = ? AND seq = ?", (new, key, self._sequence))
        if target is not None:
            link = target.encode("utf-8", "surrogateescape")
            query = "UPDATE entry SET link = ? WHERE key = ? AND seq = ?"
            self._connection.execute(query, (link, new, self._sequence))

    def _replace(self, place: str) -> None:
        """Take away what was below a folder that a member took the place of."""
        key = order_of(place)
        query = "DELETE FROM entry WHERE key > ? AND key < ? AND seq < ?"
        self._connection.execute(query, (key + b"\0", key + b"\1", self._sequence))
        if place in self._places:
            self._names, self._places = [], []

    def _drop(self, key: bytes) -> None:
        self._connection.execute("DELETE FROM entry WHERE key = ? AND seq = ?", (key, self._sequence))


def _has_below_symlink(connection: sqlite3.Connection) -> bool:
    query = (  # joined blobs are text in SQLite, which sorts apart
        "SELECT 1 FROM entry one WHERE kind IN (?, ?) AND (EXISTS (SELECT 1 FROM entry"
        " WHERE key > CAST(one.key || x'00' AS BLOB) AND key < CAST(one.key || x'01' AS BLOB))"
        " OR EXISTS (SELECT 1 FROM entry WHERE key = one.key AND kind = ?)) LIMIT 1"
    )
    return connection.execute(query, (_SYMLINK, _HARDLINK, _OPAQUE)).fetchone() is not None


def _has_linked_below_symlink(connection: sqlite3.Connection) -> bool:
    """Tell whether the target of a hard link is named through a symlink or a hard link to one."""
    symlink = "SELECT 1 FROM entry WHERE key = ? AND kind IN (?, ?)"
    query = "SELECT DISTINCT link FROM entry WHERE kind = ? ORDER BY link"  # those of a folder come together
    asked: list[bytes] = []
    for (link,) in connection.execute(query, (_HARDLINK,)):
        if b"/../" in link:
            return True
        *folders, _ = order_of(path_of(link.decode("utf-8", "surrogateescape"))[0]).split(b"\0")
        same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(folders, asked, strict=False)))
        keys = (b"\0".join(folders[:end]) for end in range(same + 1, len(folders) + 1))
        if any(connection.execute(symlink, (key, _SYMLINK, _HARDLINK)).fetchone() for key in keys):
            return True
        asked = folders
    return False


@dataclass
class _Out:
    """A whiteout of a layer, while what is below it is read; `folder` is the place of the first folder after it."""

    key: bytes
    place: int
    header: int
    folder: int | None = None


def _whiteouts(connection: sqlite3.Connection) -> Iterator[Fault]:
    """Yield whiteouts of what the layer has before them, and what lies below one; a folder takes a whiteout's place."""
    above: list[_Out] = []
    lost: list[_Out] = []
    rows = connection.execute("SELECT key, seq, kind, header FROM entry ORDER BY key, seq")
    for key, same in groupby(rows, key=lambda row: bytes(row[0])):
        while above and not key.startswith(above[-1].key + b"\0"):
            above.pop()
        members = iter(same)
        _, first, _, header = row = next(members)
        if above and first < above[-1].place:
            yield _before(above[-1])
        elif above and (above[-1].folder is None or first < above[-1].folder):
            yield _refused("lies below a whiteout of the same layer", key, header)
        if out := _last_out(key, chain((row,), members)):
            if out.place > first:
                yield _before(out)
            above.append(out)
            lost += [out] * (out.folder is not None)
    for out in lost:
        reason = "a whiteout that a folder of the same layer takes the place of: lower layers show through"
        yield Fault(reason, member=path_in_order(out.key), offset=out.header)
    connection.executemany("DELETE FROM entry WHERE key = ? AND seq = ?", ((out.key, out.place) for out in lost))


def _last_out(key: bytes, rows: Iterable[tuple[bytes, int, int, int]]) -> _Out | None:
    out: _Out | None = None
    for _, place, kind, header in rows:
        if kind == _WHITEOUT:
            out = _Out(key, place, header)
        elif kind == _FOLDER and out and out.folder is None:
            out.folder = place
    return out


def _before(out: _Out) -> Fault:
    return _refused("a whiteout of what the same layer has before it", out.key, out.header)


def _hard_links(connection: sqlite3.Connection) -> Iterator[Fault]:
    """Yield hard links to what an engine does not have at that point, or can't link to."""
    query = "SELECT key, seq, link, header FROM entry WHERE kind = ? ORDER BY seq"
    for key, place, link, header in connection.execute(query, (_HARDLINK,)):
        target = order_of(path_of(link.decode("utf-8", "surrogateescape"))[0])
        if reason := _unlinkable(connection, key, place, target):
            yield _refused(f"a hard link to {reason}", key, header)


def _unlinkable(connection: sqlite3.Connection, key: bytes, place: int, target: bytes) -> str:
    if target in (key, b""):
        return "itself" if target else "the root"
    outs = (_WHITEOUT, _OPAQUE)
    found = "SELECT kind FROM entry WHERE key = ? AND seq < ? AND kind NOT IN (?, ?) ORDER BY seq DESC LIMIT 1"
    if row := connection.execute(found, (target, place, *outs)).fetchone():
        return "a folder" if row[0] == _FOLDER else ""
    below = "SELECT 1 FROM entry WHERE key > ? AND key < ? AND seq < ? LIMIT 1"
    if connection.execute(below, (target + b"\0", target + b"\1", place)).fetchone():
        return "a folder"
    later = "SELECT 1 FROM entry WHERE key = ? AND kind NOT IN (?, ?) LIMIT 1"
    return "a later member" if connection.execute(later, (target, *outs)).fetchone() else "what the layer does not have"


def _refused(reason: str, key: bytes, header: int) -> Fault:
    return Fault(f"{reason}: engines refuse it", member=path_in_order(key), offset=header)
