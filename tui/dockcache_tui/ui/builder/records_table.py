"""The builder's records in the virtual table, as a forest or flat."""

from collections.abc import Collection, Hashable, Iterable
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import ClassVar

from dockcache_tui.core import wording
from dockcache_tui.core.filter import Filter
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.attribution import ScopedRecord
from dockcache_tui.core.records.fields import RECORD_FIELDS
from dockcache_tui.core.records.forest import ForestRow, forest
from dockcache_tui.core.records.reading import Reading
from dockcache_tui.core.records.record import RecordKey
from dockcache_tui.core.scope import Project, ScopeFilter, told_apart
from dockcache_tui.ui.table import Column, RecordTable, field_columns, in_order


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

    def __init__(self) -> None:
        """Declare the columns that are always there."""
        self.now = Instant.now()
        self._projects: dict[Project, str] = {}
        super().__init__(_columns(self), key=lambda row: row.key, id="records")

    def say_apart(self, *, nodes: bool, projects: Iterable[Project]) -> None:
        """Show the node where there are several `nodes`, and the project where several own records."""
        names = told_apart(projects)
        if names != self._projects or nodes != any(column.id == "node" for column in self.columns):
            self._projects = names
            self.columns = _columns(self, nodes=nodes, projects=len(names) > 1)

    def projects(self, row: RecordRow) -> str:
        """Return the project that owns a record, or how many do."""
        owning = {one.project for one in row.scoped.owners if one.project}
        if len(owning) > 1:
            return wording.count(len(owning), "project")
        return "".join(self._projects.get(one, one.short) for one in owning)


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


def _columns(table: RecordsTable, *, nodes: bool = False, projects: bool = False) -> tuple[Column[RecordRow], ...]:
    columns: dict[str, Column[RecordRow]] = field_columns(RECORD_FIELDS, attrgetter("scoped"), lambda: table.now)
    columns["step"] = replace(columns["step"], prefix=_prefix, style=_style)
    columns["below"] = Column(id="below", title="With below", text=_below, justify="right", width=10, priority=7)
    columns["state"] = Column(
        id="state", title="State", text=flags, sort_key=flags, style=_style, max_width=14, priority=6
    )
    if projects:
        columns["project"] = replace(
            columns["branches"],
            id="project",
            title="Project",
            text=table.projects,
            sort_key=table.projects,
            max_width=10,
        )
    if not nodes:
        del columns["node"]
    node, project = ("node",) * nodes, ("project",) * projects
    return in_order(
        columns, "step", *node, "size", "below", "type", "last_used_at", "usage_count", "branches", *project
    )


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked to be shown."""

    reading: Reading
    filter: Filter[ScopedRecord]
    scope: ScopeFilter
    collapsed: Collection[RecordKey] = frozenset()
    flat: bool = False

    @property
    def narrows(self) -> bool:
        """Tell whether a filter or a scope leaves records out."""
        return not self.filter.empty or self.scope.picked is not None


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows for a wish, hidden ones last; `matching` counts the records that pass, without ancestors for context."""

    rows: tuple[RecordRow, ...]
    matching: int


def rows_of(wish: Wish, now: Instant) -> Rows:
    """Work out the rows; takes a while for 100,000 records, so call it off the event loop."""
    passes = wish.filter.compile(now)
    records = wish.reading.records
    matching = [scoped for scoped in records if wish.scope.admits_owners(scoped.owners) and passes(scoped)]
    if wish.flat:
        rows = [RecordRow(scoped) for scoped in matching]
    else:
        keys = {scoped.record.key for scoped in matching} if wish.narrows else None
        places = forest(wish.reading.lineage, collapsed=wish.collapsed, matching=keys)
        rows = [RecordRow(wish.reading.by_key[place.record.key], place) for place in places]
    shown = {row.scoped.record.key for row in rows}
    hidden = [RecordRow(scoped, hidden=True) for scoped in records if scoped.record.key not in shown]
    return Rows((*rows, *hidden), len(matching))
