"""The builder's records in the virtual table, as a forest or flat."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import ClassVar

from dockcache_tui.core import wording
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.attribution import ScopedRecord
from dockcache_tui.core.records.forest import ForestRow
from dockcache_tui.core.records.record import RecordKey
from dockcache_tui.ui.table import Column, RecordTable


@dataclass(frozen=True, slots=True)
class RecordRow:
    """A record as a row, with its place in the forest (None in the flat view); a `hidden` one only keeps its mark."""

    scoped: ScopedRecord
    place: ForestRow | None = None
    hidden: bool = False

    @property
    def key(self) -> tuple[RecordKey, RecordKey | None]:
        """Return what tells the row from all others, the same in both views but for links."""
        return self.place.key if self.place else (self.scoped.record.key, None)


def record_key(row_key: Hashable | None) -> RecordKey | None:
    """Return the record a row's key stands for."""
    return row_key[0] if isinstance(row_key, tuple) else None


class RecordsTable(RecordTable[RecordRow]):
    """One row a record; a link row points at a record that is shown elsewhere in full."""

    DEFAULT_CSS: ClassVar[str] = "RecordsTable { height: 1fr; }"

    def __init__(self, *, many_nodes: bool = False) -> None:
        """Declare the columns; the node is shown when there is more than one."""
        self.now = Instant.now()
        super().__init__(_columns(self, many_nodes=many_nodes), key=lambda row: row.key, id="records")

    def say_nodes(self, *, many_nodes: bool) -> None:
        """Show or hide the node column."""
        if many_nodes != any(column.id == "node" for column in self.columns):
            self.columns = _columns(self, many_nodes=many_nodes)

    def age(self, moment: Instant | None) -> str:
        """Return how long ago a moment was when the records were read."""
        return wording.age(moment, self.now)


def flags(row: RecordRow) -> str:
    """Return in words why a record is not free to go, that it can still change, or that its parent is gone."""
    record = row.scoped.record
    orphan = "parent missing" if row.place and row.place.missing else ""
    words = ("in use" * record.in_use, "shared" * record.shared, "mutable" * record.mutable, orphan)
    return " ".join(word for word in words if word)


def _style(row: RecordRow) -> str:
    if row.place and (row.place.link or row.place.context):
        return "record-table--muted"
    return "record-table--warning" if not row.scoped.record.reclaimable else ""


def _prefix(row: RecordRow) -> str:
    if row.place is None:
        return ""
    return f"{row.place.guide}{'+ ' if row.place.collapsed else ''}"


def _below(row: RecordRow) -> str:
    if row.place is None or row.place.count == 1 or row.place.link:
        return ""
    return wording.size(row.place.total)


def _branches(row: RecordRow) -> str:
    return " ".join(branch.short for branch in row.scoped.branches)


def _columns(table: RecordsTable, *, many_nodes: bool) -> tuple[Column[RecordRow], ...]:
    node: Column[RecordRow] = Column(
        id="node",
        title="Node",
        text=lambda row: row.scoped.record.node,
        sort_key=lambda row: row.scoped.record.node,
        max_width=18,
        priority=4,
    )
    return (
        Column(
            id="what",
            title="Record",
            text=lambda row: row.scoped.title,
            sort_key=lambda row: row.scoped.title,
            prefix=_prefix,
            style=_style,
            weight=1,
            min_width=28,
        ),
        *([node] if many_nodes else []),
        Column(
            id="size",
            title="Size",
            text=lambda row: wording.size(row.scoped.record.size),
            sort_key=lambda row: row.scoped.record.size,
            justify="right",
            width=9,
        ),
        Column(id="below", title="With below", text=_below, justify="right", width=10, priority=7),
        Column(
            id="type",
            title="Type",
            text=lambda row: row.scoped.record.type,
            sort_key=lambda row: row.scoped.record.type,
            max_width=19,
            priority=3,
        ),
        Column(
            id="used",
            title="Used",
            text=lambda row: table.age(row.scoped.record.last_used_at),
            sort_key=lambda row: row.scoped.record.last_used_at and row.scoped.record.last_used_at.ns,
            justify="right",
            width=6,
            priority=1,
        ),
        Column(
            id="uses",
            title="Uses",
            text=lambda row: str(row.scoped.record.usage_count),
            sort_key=lambda row: row.scoped.record.usage_count,
            justify="right",
            width=6,
            priority=5,
        ),
        Column(
            id="branch",
            title="Branch",
            text=_branches,
            sort_key=_branches,
            style=lambda _: "record-table--accent",
            max_width=20,
            priority=2,
        ),
        Column(id="state", title="State", text=flags, sort_key=flags, style=_style, max_width=14, priority=6),
    )
