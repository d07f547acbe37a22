"""View 5: builds of this project and of everyone on the builder, newest first."""

from collections.abc import Sequence

from textual.app import ComposeResult

from dockcache_tui.core.builds.build import Build
from dockcache_tui.core.builds.fields import BUILD_FIELDS
from dockcache_tui.core.errors import DockcacheError
from dockcache_tui.core.instant import Instant
from dockcache_tui.ui.builds.builds_table import BuildsTable
from dockcache_tui.ui.shared.filter_bar import FilterBar
from dockcache_tui.ui.shared.list_view import NO_MATCH, ListView
from dockcache_tui.ui.shared.state_panel import StatePanel

NO_BUILD = (
    "No build yet",
    "Nothing was built on this builder yet, neither from here nor by others.",
    "b  build the project",
)


class BuildsView(ListView[BuildsTable]):
    """The list of builds; holds what is shown, never asks a source."""

    FIELDS = BUILD_FIELDS

    def __init__(self) -> None:
        """Begin without builds."""
        super().__init__(id="builds")
        self.table, self.bar, self._panel = (
            BuildsTable(),
            FilterBar("words  status:failed  reuse<100%  took>1m  branch:main"),
            StatePanel(),
        )
        self._builds: Sequence[Build] = ()

    def compose(self) -> ComposeResult:
        """Lay out the list and the filter."""
        yield self._panel
        yield self.table
        yield self.bar

    def on_mount(self) -> None:
        """Say that it reads, and let ages and times go on when nothing is heard."""
        self.wait()
        self.set_interval(1, self._tick)

    @property
    def path(self) -> tuple[str, ...]:
        """Return where we are: the view, the build."""
        build = self.table.cursor_row
        return ("builds", *((build.ref[:12],) if build else ()))

    def wait(self) -> None:
        """Say that it is not known yet whether there are builds."""
        self.show(())
        self._panel.say("Reading the builds…", "")

    def fail(self, error: DockcacheError) -> None:
        """Say why it is not known whether there are builds."""
        self.show(())
        self._panel.say_error(error)

    def show(self, builds: Sequence[Build]) -> None:
        """Show these builds; filter and cursor stay, but a cursor on the newest goes on to a newer one."""
        on_newest = not self._builds or (self.table.sort is None and self.table.followed_key == self._builds[0].ref)
        self._builds = builds
        self.set_class(not builds, "-empty")
        if not builds:
            self._panel.say(*NO_BUILD)
        self.table.now = Instant.now()
        self.table.set_rows(builds)
        if on_newest and builds:
            self.table.move_to(builds[0].ref)

    def narrow(self) -> None:
        """Show what passes, of the branch scope."""
        scope, passes = self.within, self.passing.compile(Instant.now())
        self.table.placeholder = NO_MATCH
        self.table.filter(lambda one: scope.takes(one.project, one.branch) and passes(one), self.passing.terms)

    def _tick(self) -> None:
        if self.display:
            self.table.now = Instant.now()
            self.table.repaint()
