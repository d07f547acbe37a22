"""An organisation's repositories in the virtual table, the biggest usage first."""

from typing import ClassVar

from textual.binding import BindingType

from dockcache_tui.core import wording
from dockcache_tui.core.caches.cache import RepositoryUsage
from dockcache_tui.ui.table import READING_BINDINGS, Column, RecordTable

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

    return (
        Column(
            id="repo",
            title="Repository",
            text=lambda row: row.repo,
            sort_key=lambda row: row.repo,
            weight=1,
            min_width=24,
        ),
        Column(
            id="count",
            title="Caches",
            text=lambda row: f"{row.count:,}",
            sort_key=lambda row: row.count,
            justify="right",
            width=8,
        ),
        Column(
            id="size",
            title="Size",
            text=lambda row: wording.size(row.size),
            sort_key=lambda row: row.size,
            justify="right",
            width=9,
        ),
        Column(id="share", title="Share", text=share, width=BAR_CELLS + 6, priority=1),
    )
