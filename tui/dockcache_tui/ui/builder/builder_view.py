"""View 2: the builder's records as a forest or flat, with all that is known of the one under the cursor."""

import asyncio
from collections.abc import Hashable

from textual import work
from textual.app import ComposeResult
from textual.containers import Container

from dockcache_tui.core.errors import DockcacheError
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.fields import RECORD_FIELDS
from dockcache_tui.core.records.reading import Reading
from dockcache_tui.core.records.record import RecordKey
from dockcache_tui.ui.builder.record_detail import RecordDetail
from dockcache_tui.ui.builder.records_table import RecordRow, RecordsTable, Wish, record_key, rows_of
from dockcache_tui.ui.shared.filter_bar import FilterBar
from dockcache_tui.ui.shared.list_view import NO_MATCH, ListView
from dockcache_tui.ui.shared.state_panel import StatePanel

NOTHING_YET = (
    "This builder holds no cache yet",
    "No build has run on it, or everything was pruned.",
    "b  build the project",
)


class BuilderView(ListView[RecordsTable]):
    """The records of one builder; holds what is shown, never asks a source."""

    FIELDS = RECORD_FIELDS
    DEFAULT_CSS = """
    BuilderView {
        & #records-body { height: 1fr; layout: vertical; }
        & RecordDetail { height: 9; border-top: solid $panel; }
        &.-failed #records-body, &.-empty #records-body { display: none; }
        &.-failed StatePanel { display: block; }
        &.-zoomed RecordDetail { display: none; }
    }
    """

    def __init__(self) -> None:
        """Begin as loading."""
        super().__init__(id="builder")
        self.table, self.bar = (
            RecordsTable(),
            FilterBar("words  type:regular  size>10MB  age>7d  branch:main  !is:shared"),
        )
        self._panel, self._detail = StatePanel(), RecordDetail()
        self.reading: Reading | None = None
        self.flat = False
        self._collapsed: frozenset[RecordKey] = frozenset()

    def compose(self) -> ComposeResult:
        """Lay out the list, the detail pane and the filter."""
        yield self._panel
        with Container(id="records-body"):
            yield self.table
            yield self._detail
        yield self.bar

    def on_mount(self) -> None:
        """Say that the first reading is under way."""
        self.table.placeholder = NO_MATCH
        self.wait()

    @property
    def path(self) -> tuple[str, ...]:
        """Return where we are: the view, the inner tab, the record."""
        row = self.table.cursor_row
        under = (row.scoped.title,) if row else ()
        return ("records", "flat" if self.flat else "forest", *under)

    @property
    def marked(self) -> frozenset[Hashable]:
        """Return the keys of the marked rows, also of those out of sight, or of the one under the cursor."""
        return self.table.marks.keys or frozenset({self.table.cursor_key} - {None})

    def wait(self) -> None:
        """Show nothing until a builder is read: what is in sight is of no builder, or of another."""
        self.reading = None
        self.workers.cancel_group(self, "arrange")
        self.table.set_rows(())
        self.remove_class("-failed")
        self.add_class("-empty")
        self._panel.say("Reading the builder…", "")

    def show(self, reading: Reading) -> None:
        """Show another reading; cursor, marks, filter and folds stay."""
        unchanged = self.reading is not None and self.reading.records is reading.records
        self.reading = reading
        self.remove_class("-failed")
        self.set_class(not reading.records, "-empty")
        if not reading.records:
            self._panel.say(*NOTHING_YET)
        owning = {project for project, _ in reading.owners if project}
        self.table.say_apart(nodes=len(reading.snapshot.nodes) > 1, projects=owning)
        if unchanged:
            self.table.now = Instant.now()
            self.table.repaint()
        else:
            self.narrow()

    def fail(self, error: DockcacheError) -> None:
        """Show why there is nothing to show; what was read before stays in sight as stale."""
        if self.reading is None:
            self._panel.say_error(error)
            self.add_class("-failed")

    def next_tab(self, step: int = 1) -> None:  # noqa: ARG002 - there are two, so either way is the other
        """Go from the forest to the flat list, or back."""
        self.flat = not self.flat
        self.narrow()

    def fold(self) -> None:
        """Fold or unfold what is below the record under the cursor."""
        row = self.table.cursor_row
        if row and row.place and row.place.expandable and not row.place.link:
            self._collapsed ^= {row.scoped.record.key}
            self.narrow()

    def narrow(self) -> None:
        """Work the rows out again."""
        if self.reading is not None:
            self._wish = Wish(self.reading, self.passing, self.within, self._collapsed, self.flat)
            self._work_out()

    @work(group="arrange", exclusive=True, description="work the rows out")
    async def _work_out(self) -> None:  # a worker keeps its arguments when it is done: it takes none that are large
        wish, now = self._wish, Instant.now()
        found = await asyncio.to_thread(rows_of, wish, now)
        self.table.now = now
        self.table.filter(_in_sight, wish.filter.terms)
        self.table.set_rows(found.rows)
        self.bar.say_count(found.matching, len(wish.reading.records))

    def moved(self) -> None:
        """Show what is known of the record under the cursor."""
        if self.reading is not None:
            self._detail.show(self.reading, record_key(self.table.cursor_key), self.table.now)

    def open_row(self, row: RecordRow) -> None:  # noqa: ARG002 - the pane follows the cursor
        self._detail.focus()


def _in_sight(row: RecordRow) -> bool:
    return not row.hidden
