"""An area of the app: its views, one of them in sight, its state and its workers, and its answers to keys."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol

from textual import on
from textual.message import Message
from textual.notifications import SeverityLevel
from textual.widget import Widget
from textual.widgets import ContentSwitcher

from dockcache_tui.core import wording
from dockcache_tui.core.errors import DockcacheError
from dockcache_tui.core.literal import literal
from dockcache_tui.core.scope import ScopeFilter
from dockcache_tui.sources.export import Row, write_export
from dockcache_tui.sources.protocols import Workspace
from dockcache_tui.ui.actions import TAB_OF, Place
from dockcache_tui.ui.shared.accounts import LONGEST_NOTICE
from dockcache_tui.ui.shared.known import AllKnown
from dockcache_tui.ui.shared.list_view import ListView
from dockcache_tui.ui.shared.messages import ActionFailed, Deleted, Exported, KnownChanged
from dockcache_tui.ui.shared.picker import Choice, Picker
from dockcache_tui.ui.shared.text_screen import ListScreen
from dockcache_tui.ui.shared.waits import Waits

TROUBLE_STAYS = 15.0
"""Seconds that a notice of something that went wrong stays."""
LONGEST_TITLE = 80
LONGEST_NOTE = 90
"""Characters of what can be copied that are shown."""
_EXPORTS = (Choice("json", "JSON", "as --json prints it"), Choice("csv", "CSV", "for a spreadsheet"))


class Shell(Protocol):
    """What an area knows of the app around it, and asks of it."""

    workspace: Workspace
    waits: Waits

    @property
    def known(self) -> AllKnown:
        """All that the areas know by now; any thread may ask."""

    def bring(self, place: Place) -> None:
        """Bring a view into sight."""


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

    @property
    def refuses(self) -> bool:
        """Whether nothing can be deleted here; the view says why."""
        return False

    def narrow(self, scope: ScopeFilter) -> None:
        """Narrow its views to a branch scope."""

    def look(self) -> None:
        """Read what it shows, unless that was done."""

    def read_again(self) -> None:
        """Read again what was ever read."""

    def close(self) -> None:
        """Let go of connections."""

    # What is told

    def tell(self, message: Message) -> bool:
        """Take a message from any thread; when the app has ended nobody hears it."""
        return self.is_attached and self.post_message(message)

    def say(self, text: str, *, title: str = "", severity: SeverityLevel = "information") -> None:
        """Tell something in a notice."""
        shown = "\n".join(literal(line) for line in wording.cut(text, LONGEST_NOTICE).split("\n"))
        patience = None if severity == "information" else TROUBLE_STAYS
        name = literal(wording.cut(title, LONGEST_TITLE))
        self.notify(shown, title=name, severity=severity, timeout=patience, markup=False)

    def say_failed(self, error: DockcacheError) -> None:
        """Tell of an error in a notice."""
        hint = f"\n{error.hint}" if error.hint else ""
        self.say(f"{error}{hint}", title=error.title, severity="error")

    @on(ActionFailed)
    def _action_failed(self, event: ActionFailed) -> None:
        self.say_failed(event.error)

    @on(Deleted)
    def _deleted(self, event: Deleted) -> None:
        """Tell in a notice what came of it, or where there is more to tell in a box."""
        account = event.account
        if account.listing:
            self.app.push_screen(ListScreen(f"What became of the {event.what}", account.text, account.listing))
        else:
            self.say(account.text, severity="information" if account.agrees else "warning")

    @on(Exported)
    def _exported(self, event: Exported) -> None:
        self.say(f"Wrote {event.path}")

    # What each key does

    def action_open(self) -> None:
        """Bring the first view into sight."""
        self.shell.bring(next(iter(self._views)))

    def action_back(self) -> None:
        """End a wait, close the input, clear the filter, the marks, then go back; never quit."""
        if self.shell.waits.give_up(TAB_OF.get(self.place, self.place)):
            self.post_message(KnownChanged())
        elif not (self.listing and self.listing.step_back()):
            self.go_back()

    def go_back(self) -> None:
        """Go to where the view in sight was opened from."""

    def action_filter(self) -> None:
        """Type into the filter."""
        if self.listing:
            self.listing.bar.open()

    def action_zoom(self) -> None:
        """Give the list the whole view, or undo that."""
        self.view.toggle_class("-zoomed")

    def action_delete(self) -> None:
        """Plan the deletion of what is marked, show it and ask."""

    def action_fold(self) -> None:
        """Fold or unfold what is under the cursor."""

    def action_next_tab(self) -> None:
        self._turn(1)

    def action_previous_tab(self) -> None:
        self._turn(-1)

    def _turn(self, step: int) -> None:
        self.turn(step)
        self.post_message(ListView.Moved())  # rows alone would tell, but there may be none

    def turn(self, step: int) -> None:
        """Show the next inner tab, or the one before."""

    def action_copy(self) -> None:
        """Pick what to copy of the row under the cursor."""
        if offered := [Choice(text, label, wording.cut(text, LONGEST_NOTE)) for label, text in self.copies() if text]:
            self.app.push_screen(Picker("Copy", offered), lambda text: self._copy(text) if text else None)

    def copies(self) -> Iterable[tuple[str, str]]:
        """Return what can be copied of the row under the cursor, each text after its name."""
        return ()

    def _copy(self, text: str) -> None:
        self.app.copy_to_clipboard(text)
        self.say(f"Copied: {text[:60]}")

    def action_export(self) -> None:
        """Write the rows that are shown to a file in the current folder."""
        if self.listing:
            rows, name = self.export(), self.place.value
            ask = Picker(f"Export {wording.count(len(rows), 'row')} as", _EXPORTS)
            self.app.push_screen(ask, lambda kind: self._export(name, kind, rows) if kind else None)

    def export(self) -> Sequence[Row]:
        """Return the rows that are shown as `--json` gives them."""
        return ()

    def _export(self, view: str, kind: str, rows: Sequence[Row]) -> None:
        def work() -> Message:
            return Exported(write_export(Path.cwd(), f"dockcache-{view}", kind, rows))

        self.shell.waits.do("writing", work, self.tell, ActionFailed)
