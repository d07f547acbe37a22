"""The Actions caches in the virtual table."""

from dataclasses import replace
from typing import ClassVar

from dockcache_tui.core import wording
from dockcache_tui.core.caches.fields import CACHE_FIELDS
from dockcache_tui.core.caches.restoration import Verdict
from dockcache_tui.core.instant import Instant
from dockcache_tui.ui.caches.cache_rows import STEP, CacheRow
from dockcache_tui.ui.table import Column, RecordTable, field_columns, in_order

GROUP = "caches-table--group"


class CachesTable(RecordTable[CacheRow]):
    """One row an entry or a group of entries."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {GROUP}
    DEFAULT_CSS: ClassVar[str] = "CachesTable { height: 1fr; & > .caches-table--group { text-style: bold; } }"

    def __init__(self) -> None:
        """Declare the columns."""
        self.now = Instant.now()
        super().__init__(_columns(self), key=lambda row: row.key, id="caches")
        self._usual, self._why_first = self.columns, _why_first(self.columns)

    def say_why(self, *, first: bool) -> None:
        """Keep the state in sight where it is what was asked for: size and times are dropped first."""
        wanted = self._why_first if first else self._usual
        if self.columns is not wanted:
            self.columns = wanted
            self._natural.clear()


def _why_first(columns: tuple[Column[CacheRow], ...]) -> tuple[Column[CacheRow], ...]:
    by_id = {column.id: column for column in columns}
    # A reason is never cut, so it is as wide as it is.
    by_id["state"] = replace(by_id["state"], weight=0, min_width=1)
    order = ("name", "state", "ref", "created_at", "size_in_bytes")
    kept = {name: replace(by_id[name], priority=max(0, place - 1)) for place, name in enumerate(order)}
    return tuple(kept[column.id] for column in columns if column.id in kept)


def _style(row: CacheRow) -> str:
    if row.state.startswith(Verdict.HIT.value):
        return "record-table--good"
    if row.state and not row.usual:
        return "record-table--warning"
    return "" if row.entry else GROUP


def _prefix(row: CacheRow) -> str:
    fold = ("+ " if row.folded else "- ") if row.foldable else ""
    return STEP * row.depth + fold


def _left(row: CacheRow, now: Instant) -> str:
    if row.entry is None:
        return ""
    return "next" if row.entry.goes_at <= now else wording.age(now, row.entry.goes_at)


def _columns(table: CachesTable) -> tuple[Column[CacheRow], ...]:
    columns: dict[str, Column[CacheRow]] = field_columns(CACHE_FIELDS, lambda row: row.entry, lambda: table.now)
    columns["name"] = Column(
        id="name",
        title="Cache",
        text=lambda row: row.name,
        sort_key=lambda row: row.name,
        prefix=_prefix,
        style=_style,
        weight=2,
        min_width=30,
    )
    columns["size_in_bytes"] = replace(
        columns["size_in_bytes"],
        text=lambda row: wording.size(row.size) if row.entries else "",
        sort_key=lambda row: row.size,
    )
    columns["left"] = Column(
        id="left",
        title="Goes in",
        text=lambda row: _left(row, table.now),
        sort_key=lambda row: row.entry and row.entry.goes_at.ns,
        justify="right",
        width=9,
        priority=1,
    )
    columns["state"] = Column(
        id="state",
        title="State",
        text=lambda row: row.state,
        style=_style,
        weight=1,
        min_width=20,
        max_width=44,
        priority=2,
    )
    return in_order(columns, "name", "size_in_bytes", "ref", "last_accessed_at", "created_at", "left", "state")
