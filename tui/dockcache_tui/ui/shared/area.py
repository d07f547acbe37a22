"""An area of the app: its views, one of them in sight, its state and its workers, and its answers to shared keys."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Protocol

from textual.message import Message
from textual.notifications import SeverityLevel
from textual.widget import Widget
from textual.widgets import ContentSwitcher

from dockcache_tui.core.builds.build import Build
from dockcache_tui.core.caches.reading import CachesReading
from dockcache_tui.core.errors import DockcacheError
from dockcache_tui.core.records.reading import Reading
from dockcache_tui.core.scope import Checkout, ScopeFilter
from dockcache_tui.sources.export import Row
from dockcache_tui.sources.github.protocol import ActionsSource
from dockcache_tui.sources.protocols import Builder, Workspace
from dockcache_tui.ui.actions import Place
from dockcache_tui.ui.shared.list_view import ListView
from dockcache_tui.ui.shared.open_build import OpenBuild
from dockcache_tui.ui.shared.picker import Choice
from dockcache_tui.ui.shared.scopes import Surroundings
from dockcache_tui.ui.shared.threads import Waits


class Shell(Protocol):
    """What an area knows of the app around it, and asks of it."""

    workspace: Workspace
    waits: Waits
    scope: ScopeFilter

    @property
    def checkout(self) -> Checkout | None:
        """What git says of the project's folder, once it was asked."""

    @property
    def reading(self) -> Reading | None:
        """The last reading of the builder."""

    @property
    def failure(self) -> DockcacheError | None:
        """Why there is no newer one."""

    @property
    def caches_reading(self) -> CachesReading | None:
        """The last reading of the Actions caches."""

    @property
    def all_builds(self) -> tuple[Build, ...]:
        """Every build known, newest first, as far as each has come."""

    @property
    def surroundings(self) -> Surroundings:
        """What scopes are told apart by."""

    @property
    def builder_name(self) -> str:
        """The builder that is shown, or was asked for; empty when none was named."""

    def connected(self) -> Builder | None:
        """Return the builder while it is connected."""

    def actions_source(self) -> ActionsSource:
        """Open the repository that is looked at; raises UsageError when none is known. Blocks."""

    def bring(self, place: Place) -> None:
        """Bring a view into sight."""

    def open_build(self, opened: OpenBuild) -> None:
        """Bring a build into sight."""

    def show_header(self) -> None:
        """Show how things stand by now."""

    def show_overview(self) -> None:
        """Add up the totals again."""

    def refresh_bindings(self) -> None:
        """Show which keys do something by now."""

    def read_again(self) -> None:
        """Read all that was ever read again."""

    def say(self, text: str, *, title: str = "", severity: SeverityLevel = "information") -> None:
        """Tell something in a notice."""

    def say_failed(self, error: DockcacheError) -> None:
        """Tell of an error in a notice."""


class Area(ContentSwitcher):
    """One area; a key that it does not answer does nothing."""

    DEFAULT_CSS: ClassVar[str] = "Area { height: 1fr; }"

    def __init__(self, shell: Shell, *views: Widget) -> None:
        """Take the app around it, and the views, of which the first is in sight."""
        super().__init__(*views, initial=views[0].id, id=f"{views[0].id}-area")
        self.shell = shell
        self._views = {Place(str(view.id)): view for view in views}

    @property
    def places(self) -> Iterable[Place]:
        """Return the places of its views."""
        return self._views.keys()

    @property
    def place(self) -> Place:
        """Return which of its views is in sight."""
        return Place(self.current) if self.current else next(iter(self._views))

    @property
    def view(self) -> Widget:
        """Return the view in sight."""
        return self._views[self.place]

    @property
    def listing(self) -> ListView[Any] | None:
        """Return the view in sight, when it is one of a list."""
        view = self.view
        return view if isinstance(view, ListView) else None

    @property
    def path(self) -> tuple[str, ...]:
        """Return where we are."""
        return self.listing.path if self.listing else (self.place.value,)

    def tell(self, message: Message) -> bool:
        """Take a message from any thread; when the app has ended nobody hears it."""
        return self.is_attached and self.post_message(message)

    def narrow(self, scope: ScopeFilter) -> None:
        """Narrow its views to a branch scope."""

    def read_again(self) -> None:
        """Read again what was ever read."""

    def close(self) -> None:
        """Let go of connections."""

    @property
    def refuses(self) -> bool:
        """Whether nothing can be deleted here; the view says why."""
        return False

    def delete(self) -> None:
        """Plan the deletion of what is marked, show it and ask."""

    def back(self) -> None:
        """Go to where the view in sight was opened from."""

    def fold(self) -> None:
        """Fold or unfold what is under the cursor."""

    def turn(self, step: int) -> None:
        """Show the next inner tab, or the one before."""

    def copies(self) -> Iterable[tuple[str, str]]:
        """Return what can be copied of the row under the cursor, each text after its name."""
        return ()

    def copy(self) -> list[Choice]:
        """Return what can be copied, as a picker offers it."""
        return [Choice(text, label, text) for label, text in self.copies() if text]

    def export(self) -> Sequence[Row]:
        """Return the rows that are shown as `--json` gives them."""
        return ()
