"""An organisation's repositories in the virtual table, the biggest usage first."""

from typing import ClassVar

from textual.binding import BindingType

from dockcache_tui.core import wording
from dockcache_tui.core.caches.cache import RepositoryUsage
from dockcache_tui.core.caches.fields import REPOSITORY_FIELDS
from dockcache_tui.core.instant import Instant
from dockcache_tui.ui.table import READING_BINDINGS, Column, RecordTable, field_columns

BAR_CELLS = 16


class RepositoriesTable(RecordTable[RepositoryUsage], inherit_bindings=False):
    """One row a repository."""

    BINDINGS: ClassVar[list[BindingType]] = READING_BINDINGS
    DEFAULT_CSS: ClassVar[str] = "RepositoriesTable { height: 1fr; }"

    def __init__(self) -> None:
        """Declare the columns."""
        self.whole = 0
        """The bytes of all of them."""
        super().__init__(_columns(self), key=lambda row: row.repo, id="repositories")


def _columns(table: RepositoriesTable) -> tuple[Column[RepositoryUsage], ...]:
    def share(row: RepositoryUsage) -> str:
        part = row.size / table.whole if table.whole else 0.0
        return f"{wording.bar(part, BAR_CELLS)} {wording.share(part):>5}"

    columns: dict[str, Column[RepositoryUsage]] = field_columns(REPOSITORY_FIELDS, lambda row: row, Instant.now)
    columns["share"] = Column(id="share", title="Share", text=share, width=BAR_CELLS + 6, priority=1)
    return tuple(columns.values())
