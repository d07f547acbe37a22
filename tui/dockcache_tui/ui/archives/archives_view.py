"""View 4: the archives of this machine and the artifacts of the repository's workflows."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.widgets import Static

from dockcache_tui.core import wording
from dockcache_tui.core.archives.fields import ARCHIVE_FIELDS
from dockcache_tui.core.archives.listing import ListedArchive
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.literal import literal
from dockcache_tui.ui.archives.archives_table import ArchivesTable
from dockcache_tui.ui.shared.filter_bar import FilterBar
from dockcache_tui.ui.shared.list_view import NO_MATCH, ListView
from dockcache_tui.ui.shared.state_panel import StatePanel

NO_ARCHIVE = (
    "No archive here",
    "No image tarball, OCI layout, cache export or .dockerbuild is in this folder, and no workflow uploaded artifacts.",
    "i  export an image of the engine    r  look again",
)


class ArchivesView(ListView[ArchivesTable]):
    """The list of archives; holds what is shown, never asks a source."""

    FIELDS = ARCHIVE_FIELDS
    DEFAULT_CSS = """
    ArchivesView {
        & #archives-note { height: 1; padding: 0 1; color: $foreground-muted; text-wrap: nowrap; }
    }
    """

    def __init__(self) -> None:
        """Begin as loading."""
        super().__init__(id="archives")
        self.table, self.bar = ArchivesTable(), FilterBar("words  kind:oci  size>100MB  is:artifact  branch:main")
        self._panel, self._note = StatePanel(), Static(id="archives-note", markup=False)
        self.rows: Sequence[ListedArchive] = ()
        self._told = ""

    def compose(self) -> ComposeResult:
        """Lay out the totals, the list and the filter."""
        yield self._panel
        yield self._note
        yield self.table
        yield self.bar

    def on_mount(self) -> None:
        """Say that the first reading is under way, and let what is left of artifacts count down."""
        self.set_interval(1, self._tick)
        self.table.placeholder = NO_MATCH
        self.add_class("-empty")
        self._panel.say("Looking for archives…", "")

    @property
    def path(self) -> tuple[str, ...]:
        """Return where we are: the view, the archive."""
        row = self.table.cursor_row
        return ("archives", *((row.name,) if row else ()))

    @property
    def marked(self) -> list[ListedArchive]:
        """Return the marked rows, or the one under the cursor when none is marked."""
        return self.table.marked_rows or ([self.table.cursor_row] if self.table.cursor_row else [])

    def show(self, rows: Sequence[ListedArchive], note: str, *, whole: bool) -> None:
        """Show these rows; `note` says why there may be no artifacts, `whole` that all were looked for."""
        self.rows = rows
        self.set_class(not rows, "-empty")
        if whole and not rows:
            title, reason, hint = NO_ARCHIVE
            self._panel.say(title, f"{reason}\n{note}".strip(), hint)
        note = "" if whole and not rows else note
        self._told = literal(" · ".join(filter(None, (_totals(rows), note))))
        self._note.update(self._told)
        self.table.now = Instant.now()
        self.table.set_rows(rows)

    def say_moving(self, name: str, done: int, total: int) -> None:
        """Say how far something on its way is; an empty name says that nothing is any more."""
        moved = f"{wording.share(done / total)} of {wording.size(total)}" if total else wording.size(done)
        self._note.update(literal(f"{name}: {moved} · esc ends it") if name else self._told)

    def narrow(self) -> None:
        """Show what passes, of the branch scope."""
        scope, passes = self.within, self.passing.compile(Instant.now())
        self.table.filter(lambda row: scope.admits(row.branches) and passes(row), self.passing.terms)

    def _tick(self) -> None:
        if self.display:
            self.table.now = Instant.now()
            self.table.repaint()


def _totals(rows: Sequence[ListedArchive]) -> str:
    here = [row for row in rows if not row.artifact]
    far = [row for row in rows if row.artifact]
    parts = (("archive", " here", here), ("artifact", " on GitHub", far))
    return " · ".join(
        f"{wording.count(len(some), noun)}{where}, {wording.size(sum(row.size for row in some))}"
        for noun, where, some in parts
        if some
    )
