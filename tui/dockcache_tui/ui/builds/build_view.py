"""One build, live or past: totals, a row a step, and the output of the step under the cursor."""

from collections.abc import Callable

from textual import on
from textual.app import ComposeResult

from dockcache_tui.core.builds.build import Build, BuildStatus
from dockcache_tui.core.builds.progress import LogView
from dockcache_tui.core.instant import Instant
from dockcache_tui.ui.builds.log_pane import LogPane
from dockcache_tui.ui.builds.reuse_banner import ReuseBanner
from dockcache_tui.ui.builds.steps_table import StepsTable
from dockcache_tui.ui.shared.filter_bar import FilterBar
from dockcache_tui.ui.shared.list_view import ListView
from dockcache_tui.ui.table import RecordTable

Logs = Callable[[str], LogView]


class BuildView(ListView[StepsTable]):
    """The steps of one build; `logs` gives the output of a step by digest."""

    DEFAULT_CSS = """
    BuildView {
        & StepsTable { height: 2fr; min-height: 6; }
        &.-zoomed LogPane { display: none; }
    }
    """

    def __init__(self) -> None:
        """Begin without a build."""
        super().__init__(id="build")
        self.table, self.bar = StepsTable(id="steps"), FilterBar("part of a step's name")
        self._banner, self._log = ReuseBanner(), LogPane()
        self.build: Build | None = None
        self._logs: Logs = lambda _: LogView()

    def compose(self) -> ComposeResult:
        """Lay out totals, steps and output."""
        yield self._banner
        yield self.table
        yield self._log
        yield self.bar

    def on_mount(self) -> None:
        """Let the clock of a running build go on between two messages."""
        self.set_interval(0.25, self._tick)

    @property
    def path(self) -> tuple[str, ...]:
        """Return where we are: the build, the step."""
        step = self.table.cursor_row
        return (self.build.ref[:12] if self.build else "", *((step.name,) if step else ()))

    def show(self, build: Build, logs: Logs) -> None:
        """Show a build as it stands."""
        now = Instant.now()
        self.build, self._logs = build, logs
        self._banner.now, self._banner.build = now, build
        self.table.show(build, now)
        self._show_log()

    def moved(self) -> None:
        """Count what is shown, and show the output of the step under the cursor."""
        super().moved()
        self._show_log()

    def filter(self, text: str) -> None:
        """Narrow to the steps whose name holds a text."""
        wanted = text.casefold()
        self.table.filter((lambda step: wanted in step.name.casefold()) if wanted else None, (text,))

    @on(RecordTable.Selected)
    def _opened(self, event: RecordTable.Selected) -> None:
        event.stop()
        self._log.lines.focus()

    def _tick(self) -> None:
        if self.display and self.build and self.build.status is BuildStatus.RUNNING:
            self.show(self.build, self._logs)

    def _show_log(self) -> None:
        step = self.table.cursor_row
        self._log.show(step, self._logs(step.digest) if step else LogView())
