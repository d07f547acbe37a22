"""The totals of all other areas; the one area that knows others."""

from dockcache_tui.core.scope import ScopeFilter
from dockcache_tui.ui.overview.overview_view import OverviewView
from dockcache_tui.ui.shared.area import Area, Shell


class OverviewArea(Area):
    """The Overview tab."""

    def __init__(self, shell: Shell, *others: Area) -> None:
        """Take the areas that read only when they are looked at."""
        self._overview, self._others, self._within = OverviewView(), others, ScopeFilter()
        super().__init__(shell, self._overview)

    def action_open(self) -> None:
        for area in self._others:
            area.look()
        super().action_open()
        self.show()

    def narrow(self, scope: ScopeFilter) -> None:
        self._within = scope
        self.show()

    def show(self) -> None:
        """Show the totals of what was read, and the last builds."""
        self._overview.show(self.shell.known, self._within)
