"""View 3 of an organisation: how much each repository keeps; each opens its caches."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from dockcache_tui.core import wording
from dockcache_tui.core.caches.cache import RepositoryUsage
from dockcache_tui.core.caches.fields import REPOSITORY_FIELDS
from dockcache_tui.core.errors import DockcacheError
from dockcache_tui.core.instant import Instant
from dockcache_tui.ui.shared.filter_bar import FilterBar
from dockcache_tui.ui.shared.list_view import ListView
from dockcache_tui.ui.shared.state_panel import StatePanel
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


NO_REPOSITORY = ("No Actions cache", "No repository of this organisation keeps one.", "r  read again")


class OrganisationView(ListView[RepositoriesTable]):
    """The list of an organisation's repositories; holds what is shown, never asks a source."""

    FIELDS = REPOSITORY_FIELDS
    DEFAULT_CSS = """
    OrganisationView {
        & #organisation-note { height: 1; padding: 0 1; color: $foreground-muted; text-wrap: nowrap; }
        &.-empty #organisation-note { display: none; }
    }
    """

    def __init__(self, organisation: str) -> None:
        """Begin as loading."""
        super().__init__(id="organisation")
        self.table, self.bar = RepositoriesTable(), FilterBar("words  size>1GB  caches>100")
        self._organisation = organisation
        self._panel, self._note = StatePanel(), Static(id="organisation-note", markup=False)
        self._rows: Sequence[RepositoryUsage] = ()

    def compose(self) -> ComposeResult:
        """Lay out the totals, the list and the filter."""
        yield self._panel
        yield self._note
        yield self.table
        yield self.bar

    def on_mount(self) -> None:
        """Say that the first reading is under way."""
        self.table.placeholder = "Nothing matches. esc clears the filter."
        self.add_class("-empty")
        self._panel.say(f"Reading the usage of {self._organisation}…", "")

    @property
    def path(self) -> tuple[str, ...]:
        """Return where we are: the organisation, the repository."""
        row = self.table.cursor_row
        return (self._organisation, *((row.repo,) if row else ()))

    def show(self, rows: Sequence[RepositoryUsage]) -> None:
        """Show these repositories; filter and cursor stay."""
        self._rows = rows
        self.set_class(not rows, "-empty")
        if not rows:
            self._panel.say(*NO_REPOSITORY)
        self.table.whole = sum(row.size for row in rows)
        many = wording.count(len(rows), "repository", "repositories")
        caches = wording.count(sum(row.count for row in rows), "cache")
        self._note.update(f"{many} · {caches} · {wording.size(self.table.whole)}")
        self.table.set_rows(rows)

    def fail(self, error: DockcacheError) -> bool:
        """Show why there is nothing to show, and tell whether there is not; what was read before stays."""
        if not self._rows:
            self._panel.say_error(error)
            self.add_class("-empty")
        return not self._rows

    def narrow(self) -> None:
        """Show what passes."""
        self.table.filter(self.passing.compile(Instant.now()), self.passing.terms)
