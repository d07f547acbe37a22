"""The archives of this machine and of the repository's workflows in the virtual table."""

from dataclasses import replace
from typing import ClassVar

from dockcache_tui.core import wording
from dockcache_tui.core.archives.fields import ARCHIVE_FIELDS
from dockcache_tui.core.archives.listing import ListedArchive
from dockcache_tui.core.instant import Instant
from dockcache_tui.ui.table import Column, RecordTable, field_columns, in_order


class ArchivesTable(RecordTable[ListedArchive]):
    """One row a file or an artifact."""

    DEFAULT_CSS: ClassVar[str] = "ArchivesTable { height: 1fr; }"

    def __init__(self) -> None:
        """Declare the columns."""
        self.now = Instant.now()
        super().__init__(_columns(self), key=lambda row: row.key, id="archives-table")


def _style(row: ListedArchive) -> str:
    return "record-table--bad" if row.state else ""


def _holds(row: ListedArchive) -> str:
    if row.archive is None:
        return ""
    if row.archive.builds:
        return wording.count(len(row.archive.builds), "build")
    if not row.archive.images:
        return wording.count(len(row.archive.blobs), "blob")
    platforms = row.platforms
    more = f" and {len(platforms) - 1} more" if len(platforms) > 1 else ""
    return f"{platforms[0]}{more}" if platforms else wording.count(len(row.archive.images), "image")


def _expires(row: ListedArchive, now: Instant) -> str:
    if row.artifact is None or row.expires_at is None:
        return ""
    left = row.expires_at.seconds_since(now)
    return "gone" if row.artifact.expired or left <= 0 else wording.age(now, row.expires_at)


def _columns(table: ArchivesTable) -> tuple[Column[ListedArchive], ...]:
    columns: dict[str, Column[ListedArchive]] = field_columns(ARCHIVE_FIELDS, lambda row: row, lambda: table.now)
    columns["name"] = replace(columns["name"], style=_style)
    columns["holds"] = Column(id="holds", title="Holds", text=_holds, max_width=26, priority=4)
    columns["expires_at"] = replace(columns["expires_at"], text=lambda row: _expires(row, table.now))
    columns["state"] = replace(columns["state"], style=_style)
    return in_order(columns, "name", "kind", "size", "holds")
