"""The lab, reached from the overview: what each way of carrying a build between jobs costs on this machine."""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from dockcache_tui.core import wording
from dockcache_tui.core.errors import DockcacheError
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.lab.experiment import Situation
from dockcache_tui.core.lab.fields import LAB_FIELDS
from dockcache_tui.core.lab.report import conclusions, provenance
from dockcache_tui.core.lab.run import LabProgress, LabRun, LabStatus
from dockcache_tui.core.lab.summary import LabRow, summarize
from dockcache_tui.core.literal import literal
from dockcache_tui.ui.lab.lab_plot import LabPlot
from dockcache_tui.ui.shared.filter_bar import FilterBar
from dockcache_tui.ui.shared.list_view import ListView
from dockcache_tui.ui.shared.state_panel import StatePanel
from dockcache_tui.ui.table import READING_BINDINGS, Column, RecordTable, field_columns, in_order

_ORDER = list(Situation)


class LabTable(RecordTable[LabRow], inherit_bindings=False):
    """The medians of a run."""

    BINDINGS: ClassVar[list[BindingType]] = READING_BINDINGS
    DEFAULT_CSS: ClassVar[str] = "LabTable { height: 1fr; }"

    def __init__(self) -> None:
        """Declare the columns."""
        super().__init__(_columns(), key=lambda row: (row.situation, row.experiment), id="lab-table")


def _packages(row: LabRow) -> int:
    return row.counts.dependencies + row.counts.standard


def _columns() -> tuple[Column[LabRow], ...]:
    columns: dict[str, Column[LabRow]] = field_columns(LAB_FIELDS, lambda row: row, Instant.now)
    columns["situation"] = replace(
        columns["situation"],
        sort_key=lambda row: _ORDER.index(row.situation),
        style=lambda _: "record-table--accent",
    )
    columns["total"] = replace(
        columns["total"],
        text=lambda row: "failed" if row.error else wording.span(row.total.median),
        style=lambda row: "record-table--bad" if row.error else "",
    )
    columns["packages"] = replace(
        columns["packages"], text=lambda row: f"{_packages(row):,}", sort_key=_packages, justify="right"
    )
    order = ("situation", "experiment", "total", "reuse", "modules", "packages", "down", "up")
    return in_order(columns, *order)


NO_RUN = (
    "The lab has not run yet",
    "It runs the experiments of this project as their jobs would run, each on a fresh builder, and measures them.",
    "R  run the lab (many minutes)    esc  back",
)


class LabView(ListView[LabTable]):
    """One run of the lab; holds what is shown, never asks a source."""

    DEFAULT_CSS = """
    LabView {
        & #lab-note { height: auto; padding: 0 1; color: $foreground-muted; }
        &.-empty LabPlot { display: none; }
        &.-zoomed LabPlot { display: none; }
    }
    """

    def __init__(self) -> None:
        """Begin as loading."""
        super().__init__(id="lab")
        self.table, self.bar = LabTable(), FilterBar("part of a situation or an experiment")
        self._panel, self._note, self._plot = StatePanel(), Static(id="lab-note", markup=False), LabPlot()
        self.run: LabRun | None = None
        self._rows: Sequence[LabRow] = ()
        self._progress: LabProgress | None = None

    def compose(self) -> ComposeResult:
        """Lay out the state of the run, the plot, the table and the filter."""
        yield self._panel
        yield self._note
        yield self._plot
        yield self.table
        yield self.bar

    def on_mount(self) -> None:
        """Say that the runs are being read."""
        self.add_class("-empty")
        self._panel.say("Reading the lab's runs…", "")

    @property
    def path(self) -> tuple[str, ...]:
        """Return where we are: the lab, the run, the row."""
        row = self.table.cursor_row
        run = (f"run {self.run.id}",) if self.run else ()
        return ("lab", *run, *((f"{row.situation.label} · {row.experiment}",) if row else ()))

    def show(self, run: LabRun | None, progress: LabProgress | None = None) -> None:
        """Show a run as far as it is; none means that there was none."""
        self.run, self._progress = run, progress
        self._rows = summarize(run) if run else ()
        self.set_class(not self._rows, "-empty")
        if not self._rows:
            self._panel.say(*(NO_RUN if run is None else ("The lab runs", _now(progress), "esc  cancel")))
        self._note.update("\n".join(map(literal, self._words())))
        self.table.set_rows(self._rows)

    def say(self, line: str) -> None:
        """Show what is fetched before a run begins."""
        self._note.update(literal(line))

    def fail(self, error: DockcacheError) -> None:
        """Show why there is nothing to show."""
        if not self._rows:
            self._panel.say_error(error)

    def filter(self, text: str) -> None:
        """Narrow to the rows that hold a text."""
        wanted = text.casefold()
        self.table.filter(
            (lambda row: wanted in f"{row.situation.label} {row.experiment}".casefold()) if wanted else None, (text,)
        )

    def moved(self) -> None:
        """Plot the situation under the cursor."""
        super().moved()
        row = self.table.cursor_row
        self._plot.rows = [one for one in self._rows if row and one.situation is row.situation]

    def _words(self) -> list[str]:
        if self.run is None:
            return []
        if self.run.status is LabStatus.RUNNING:
            return [_now(self._progress)]
        lines = [f"{self.run.status.value}: {provenance(self.run)}"]
        lines += [f"{'✓' if one.holds else '✗'} {one.text}" for one in conclusions(self._rows)]
        return lines


def _now(progress: LabProgress | None) -> str:
    if progress is None:
        return "Starting…"
    bar = wording.bar(progress.done / progress.jobs if progress.jobs else 0, 20)
    left = f" · about {wording.span(progress.eta)} left" if progress.eta is not None else ""
    doing = progress.workflow
    return (
        f"{bar} {progress.done} of {wording.count(progress.jobs, 'job')} · round {doing.round} · "
        f"{doing.situation.label} · {doing.experiment} · {progress.job}: {progress.phase}{left}"
    )
