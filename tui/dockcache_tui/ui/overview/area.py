"""The totals of all other areas; the one area that knows others."""

from collections.abc import Sequence

from dockcache_tui.core.archives.listing import ListedArchive
from dockcache_tui.core.scope import ScopeFilter
from dockcache_tui.ui.overview.overview_view import OverviewView, Places
from dockcache_tui.ui.shared.area import Area, Shell


class OverviewArea(Area):
    """The Overview tab."""

    def __init__(self, shell: Shell) -> None:
        """Begin with nothing read."""
        self._overview = OverviewView()
        super().__init__(shell, self._overview)

    def show(self, archives: Sequence[ListedArchive] | None, scope: ScopeFilter) -> None:
        """Show the totals of what was read, and the last builds; `archives` is None when none were looked for."""
        shell, error = self.shell, self.shell.failure
        failure = f"{error.title}: {error}\n{error.hint}" if error else ""
        places = Places(shell.reading, shell.caches_reading, archives)
        self._overview.show(places, shell.all_builds, scope, failure)
