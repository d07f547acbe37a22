"""The archives of this machine and of the repository's workflows in the virtual table."""

from typing import ClassVar

from dockcache_tui.core import wording
from dockcache_tui.core.archives.listing import ListedArchive
from dockcache_tui.core.instant import Instant
from dockcache_tui.ui.table import Column, RecordTable


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
    return (
        Column(
            id="name",
            title="Archive",
            text=lambda row: row.name,
            sort_key=lambda row: row.name,
            style=_style,
            weight=1,
            min_width=24,
        ),
        Column(id="kind", title="Kind", text=lambda row: row.kind, sort_key=lambda row: row.kind, max_width=14),
        Column(
            id="size",
            title="Size",
            text=lambda row: wording.size(row.size),
            sort_key=lambda row: row.size,
            justify="right",
            width=9,
        ),
        Column(id="holds", title="Holds", text=_holds, max_width=26, priority=4),
        Column(
            id="branch",
            title="Branch",
            text=lambda row: row.branches[0].short if row.branches else "",
            sort_key=lambda row: row.branches[0].short if row.branches else None,
            style=lambda _: "record-table--accent",
            max_width=16,
            priority=2,
        ),
        Column(
            id="age",
            title="Age",
            text=lambda row: wording.age(row.made_at, table.now),
            sort_key=lambda row: row.made_at and row.made_at.ns,
            justify="right",
            width=6,
            priority=3,
        ),
        Column(
            id="expires",
            title="Goes in",
            text=lambda row: _expires(row, table.now),
            sort_key=lambda row: row.expires_at and row.expires_at.ns,
            justify="right",
            width=9,
            priority=1,
        ),
        Column(id="state", title="State", text=lambda row: row.state, style=_style, max_width=40, priority=5),
    )
