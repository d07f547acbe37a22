"""The caches: immutable entries by repository, ref, version and key, and which of them go when room runs out."""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from secrets import token_hex

from dockcache_tui.core.instant import Instant

DAY_NS = 86_400 * 10**9
_RESERVED_NS = DAY_NS
ORDERS = {"created_at": "created", "last_accessed_at": "accessed", "size_in_bytes": "size"}


class TakenError(Exception):
    """The name is taken: an entry or a reservation has it."""


@dataclass(frozen=True, slots=True)
class Cache:
    """One finished entry; `size` in bytes, `blob` the name of its file."""

    id: int
    repo: str
    ref: str
    key: str
    version: str
    blob: str
    size: int
    created: Instant
    accessed: Instant


@dataclass(frozen=True, slots=True)
class CachesQuery:
    """Which entries are listed, and how: `key` is a prefix; `order` is one of REST's three, `page` counts from 1."""

    ref: str | None = None
    key: str = ""
    order: str = "last_accessed_at"
    descending: bool = True
    per_page: int = 30
    page: int = 1


class Caches:
    """The table of caches; every method is one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection

    def reserve(self, repo: str, ref: str, key: str, version: str) -> tuple[int, str]:
        """Reserve a name for an upload; returns id and blob; raises TakenError."""
        blob, now = token_hex(16), Instant.now().ns
        columns = "repo, ref, key, version, blob, created, accessed"
        try:
            row = self._sql.execute(
                f"INSERT INTO cache ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",  # noqa: S608
                (repo, ref, key, version, blob, now, now),
            ).fetchone()
        except sqlite3.IntegrityError as error:
            raise TakenError(key) from error
        return row["id"], blob

    def reserved(self, repo: str, ref: str, key: str, version: str) -> tuple[int, str] | None:
        """Return id and blob of a reservation."""
        row = self._sql.execute(
            "SELECT id, blob FROM cache WHERE (repo, ref, key, version) = (?, ?, ?, ?) AND size IS NULL",
            (repo, ref, key, version),
        ).fetchone()
        return (row["id"], row["blob"]) if row else None

    def reserved_as(self, repo: str, ref: str, number: int) -> str | None:
        """Return the blob of the reservation with this id."""
        row = self._sql.execute(
            "SELECT blob FROM cache WHERE (id, repo, ref) = (?, ?, ?) AND size IS NULL", (number, repo, ref)
        ).fetchone()
        return row["blob"] if row else None

    def finish(self, number: int, size: int) -> None:
        """Let everybody see an entry whose blob is in its place."""
        now = Instant.now().ns
        self._sql.execute("UPDATE cache SET size = ?, created = ?, accessed = ? WHERE id = ?", (size, now, now, number))

    def find(self, repo: str, refs: Sequence[str], keys: Sequence[str], version: str) -> Cache | None:
        """Return what a restore hits, and note the access.

        Ref by ref: the first key exactly, then each key as a prefix, the newest first.
        """
        for ref in refs:
            where = {"repo": repo, "ref": ref, "version": version}
            row = self._newest("key = :key", where | {"key": keys[0]})
            for prefix in () if row else keys:
                row = row or self._newest("key >= :key AND starts_with(key, :key)", where | {"key": prefix})
            if row:
                # On a full disk the access goes unnoticed; what is kept can be restored all the same.
                with suppress(sqlite3.OperationalError):
                    self._sql.execute("UPDATE cache SET accessed = ? WHERE id = ?", (Instant.now().ns, row["id"]))
                return _cache(row)
        return None

    def _newest(self, condition: str, values: Mapping[str, str]) -> sqlite3.Row | None:
        place = "repo = :repo AND ref = :ref AND version = :version AND size IS NOT NULL"
        order = "ORDER BY created DESC, id DESC LIMIT 1"
        row: sqlite3.Row | None = self._sql.execute(
            f"SELECT * FROM cache WHERE {place} AND {condition} {order}",  # noqa: S608
            values,
        ).fetchone()
        return row

    def listed(self, repo: str, asked: CachesQuery) -> tuple[int, tuple[Cache, ...]]:
        """Return how many entries there are and one page of them."""
        where = "repo = :repo AND size IS NOT NULL"
        where += " AND ref = :ref" * (asked.ref is not None) + " AND starts_with(key, :key)" * bool(asked.key)
        values = {"repo": repo, "ref": asked.ref, "key": asked.key, "limit": asked.per_page}
        values["offset"] = (asked.page - 1) * asked.per_page
        total = self._sql.execute(f"SELECT count(*) FROM cache WHERE {where}", values).fetchone()[0]  # noqa: S608
        way = "DESC" if asked.descending else "ASC"
        rows = self._sql.execute(
            f"SELECT * FROM cache WHERE {where} ORDER BY {ORDERS[asked.order]} {way}, id {way}"  # noqa: S608
            " LIMIT :limit OFFSET :offset",
            values,
        )
        return total, tuple(map(_cache, rows))

    def remove(self, repo: str, number: int) -> Cache | None:
        """Take an entry away; returns it for its blob to be deleted, None when there is none."""
        rows = self._removed("repo = ? AND id = ?", (repo, number))
        return rows[0] if rows else None

    def remove_key(self, repo: str, key: str, ref: str | None) -> tuple[Cache, ...]:
        """Take the entries of exactly this key away, on one ref or on all; returns them."""
        return self._removed("repo = ? AND key = ? AND ref = coalesce(?, ref)", (repo, key, ref))

    def usage(self, repo: str) -> tuple[int, int]:
        """Return how many entries there are and their bytes."""
        count, size = self._sql.execute(
            "SELECT count(*), coalesce(sum(size), 0) FROM cache WHERE repo = ? AND size IS NOT NULL", (repo,)
        ).fetchone()
        return count, size

    def refs(self, repo: str) -> Mapping[str, Instant]:
        """Return the refs that have entries, and when each last got one."""
        rows = self._sql.execute(
            "SELECT ref, max(created) AS last FROM cache WHERE repo = ? AND size IS NOT NULL GROUP BY ref", (repo,)
        )
        return {row["ref"]: Instant(row["last"]) for row in rows}

    def evict(self, repo: str, max_size: int, retention_ns: int) -> tuple[Cache, ...]:
        """Take away what was not accessed for so long, then the least recently accessed down to the size."""
        gone = self._removed("repo = ? AND accessed < ?", (repo, Instant.now().ns - retention_ns))
        over = (
            "id IN (SELECT id FROM (SELECT id, sum(size) OVER (ORDER BY accessed DESC, id DESC) AS kept"
            " FROM cache WHERE repo = ? AND size IS NOT NULL) WHERE kept > ?)"
        )
        return gone + self._removed(over, (repo, max_size))

    def free_reservations(self) -> tuple[str, ...]:
        """Forget reservations that nobody finished in a day; returns their blobs."""
        rows = self._sql.execute(
            "DELETE FROM cache WHERE size IS NULL AND created < ? RETURNING blob", (Instant.now().ns - _RESERVED_NS,)
        ).fetchall()
        return tuple(row["blob"] for row in rows)

    def _removed(self, condition: str, values: Sequence[str | int | None]) -> tuple[Cache, ...]:
        sql = f"DELETE FROM cache WHERE size IS NOT NULL AND {condition} RETURNING *"  # noqa: S608
        return tuple(map(_cache, self._sql.execute(sql, values).fetchall()))


def _cache(row: sqlite3.Row) -> Cache:
    columns = dict(row)
    return Cache(**columns | {"created": Instant(row["created"]), "accessed": Instant(row["accessed"])})
