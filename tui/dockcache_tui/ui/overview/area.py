"""The totals of all other areas; the one area that knows others."""

from textual import on

from dockcache_tui.core.scope import ScopeFilter
from dockcache_tui.ui.actions import Place
from dockcache_tui.ui.builds.area import BuildsArea
from dockcache_tui.ui.overview.overview_view import OverviewView
from dockcache_tui.ui.shared.area import Area, Shell


class OverviewArea(Area):
    """The Overview tab."""

    def __init__(self, shell: Shell, builds: BuildsArea, *others: Area) -> None:
        """Take the area that tells of builds, and those that read only when they are looked at."""
        self._builds = builds
        self._overview, self._others, self._within = OverviewView(), others, ScopeFilter()
        super().__init__(shell, self._overview)

    def action_open(self) -> None:
        for area in self._others:
            area.look()
        super().action_open()
        self.show()

    def action_explain(self) -> None:
        """Tell why the build under the cursor was not reused, or a step of it."""
        if row := self._overview.chosen:
            self._builds.explain(row.build, row.step, Place.OVERVIEW)

    @on(OverviewView.Chosen)
    def _chosen(self, event: OverviewView.Chosen) -> None:
        row = event.row
        if row.step:
            self._builds.explain(row.build, row.step, Place.OVERVIEW)
        else:
            self._builds.open_build(row.build, Place.OVERVIEW)

    def narrow(self, scope: ScopeFilter) -> None:
        self._within = scope
        self.show()

    def show(self) -> None:
        """Show the totals of what was read, and the last builds."""
        self._overview.show(self.shell.known, self._within)
