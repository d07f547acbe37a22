"""The records that were last seen on each node, and the tombstones of those that went, in the journal."""

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.policy import Rule
from dockcache_tui.core.records.record import Record
from dockcache_tui.core.records.tombstone import LossCause, Sight, Tombstone
from dockcache_tui.sources.journal.any_text import from_json, to_json

MAX_RECORDS = 20_000
"""Records that are remembered of all nodes; those of the node that was read longest ago go first."""
MAX_TOMBSTONES = 5_000

Place = tuple[str, str]
"""A builder and its node."""
Read = Callable[..., list[tuple[Any, ...]]]
"""Returns the rows of a query."""
_record = msgspec.msgpack.Decoder(Record)


def packed(sight: Sight) -> Mapping[str, bytes]:
    """Return the records of a sight by their ids, as they are kept."""
    return {one.id: msgspec.msgpack.encode(one) for one in sight.records}


def last_sight(read: Read, place: Place) -> tuple[Sight | None, Mapping[str, bytes]]:
    """Return when and how a node was last seen, without its records, and those as they are kept."""
    words = "SELECT taken_ns, worker, policy FROM sights WHERE builder = ? AND node = ?"
    found = read(words, *place)
    if not found:
        return None, {}
    taken, worker, policy = found[0]
    rules = from_json(policy, tuple[Rule, ...] | None)  # type: ignore[arg-type]  # a union is no class
    kept = read("SELECT record, kept FROM seen WHERE builder = ? AND node = ?", *place)
    return Sight(Instant(taken), (), worker, rules), dict(kept)


def unpacked(kept: Mapping[str, bytes]) -> tuple[Record, ...]:
    """Return the records that `packed` packed."""
    return tuple(map(_record.decode, kept.values()))


def keep_sight(
    connection: sqlite3.Connection,
    place: Place,
    sight: Sight,
    last: Sight | None,
    changes: tuple[Mapping[str, bytes], Mapping[str, bytes]],
) -> bool:
    """Keep what changed since the last sight, as it was packed then and now; False where another was kept meanwhile."""
    old, new = changes
    words = "SELECT taken_ns FROM sights WHERE builder = ? AND node = ?"
    found = connection.execute(words, place).fetchone()
    if found != (last and (last.taken_at.ns,)):
        return False
    connection.execute(
        "INSERT OR REPLACE INTO sights VALUES (?, ?, ?, ?, ?)",
        (*place, sight.taken_at.ns, sight.worker, to_json(sight.policy)),
    )
    connection.executemany(
        "DELETE FROM seen WHERE builder = ? AND node = ? AND record = ?", [(*place, one) for one in old.keys() - new]
    )
    connection.executemany(
        "INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?)",
        [(*place, one, kept) for one, kept in new.items() if old.get(one) != kept],
    )
    if fresh := new.keys() - old:
        connection.executemany(
            "DELETE FROM tombstones WHERE builder = ? AND node = ? AND record = ?", [(*place, one) for one in fresh]
        )
        _shrink(connection)
    return True


def bury(connection: sqlite3.Connection, place: Place, found: tuple[Tombstone, ...]) -> None:
    """Keep tombstones; of too many the oldest go."""
    connection.executemany(
        "INSERT OR REPLACE INTO tombstones(builder, node, record, kept, seen_ns, gone_ns, causes)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (*place, one.record.id, msgspec.msgpack.encode(one.record), one.seen_at.ns, one.gone_at.ns, _causes(one))
            for one in found
        ],
    )
    connection.execute("DELETE FROM tombstones WHERE id <= (SELECT max(id) FROM tombstones) - ?", (MAX_TOMBSTONES,))


def tombstones_of(read: Read, builder: str) -> tuple[Tombstone, ...]:
    """Return what went from a builder's nodes, what went last first."""
    words = "SELECT kept, seen_ns, gone_ns, causes FROM tombstones WHERE builder = ? ORDER BY gone_ns DESC, id"
    return tuple(
        Tombstone(_record.decode(kept), Instant(seen), Instant(gone), from_json(causes, tuple[LossCause, ...]))
        for kept, seen, gone, causes in read(words, builder)
    )


def _causes(one: Tombstone) -> str:
    return to_json(one.causes)


def _shrink(connection: sqlite3.Connection) -> None:
    """Forget whole nodes, the one that was read longest ago first, until the rest fits."""
    while connection.execute("SELECT count(*) FROM seen").fetchone()[0] > MAX_RECORDS:
        oldest = connection.execute("SELECT builder, node FROM sights ORDER BY taken_ns LIMIT 1").fetchone()
        for table in ("seen", "sights"):
            connection.execute(f"DELETE FROM {table} WHERE builder = ? AND node = ?", oldest)  # noqa: S608 - a constant
