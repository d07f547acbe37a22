"""The app: its areas, the header over them, the branch scope, and who answers which key."""

import gc
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

from textual import on
from textual.app import App, ComposeResult, SystemCommand
from textual.binding import BindingType
from textual.screen import Screen
from textual.widgets import ContentSwitcher

from dockcache_tui.core.instant import Instant
from dockcache_tui.core.scope import BranchScope, ScopeFilter
from dockcache_tui.sources.protocols import Workspace
from dockcache_tui.ui.actions import ACTIONS, BY_ID, IN_SIGHT, TAB_OF, TABS, Place, bindings
from dockcache_tui.ui.archives.area import ArchivesArea
from dockcache_tui.ui.builder.area import BuilderArea
from dockcache_tui.ui.builder.messages import BuilderSwitched, BuildHeard, ReadFailed, RecordsLoaded
from dockcache_tui.ui.builds.area import BuildsArea
from dockcache_tui.ui.builds.messages import BuildEnded, JournalChanged, ProjectFailed, ProjectRead
from dockcache_tui.ui.caches.area import CachesArea
from dockcache_tui.ui.caches.messages import CachesLoaded
from dockcache_tui.ui.lab.area import LabArea
from dockcache_tui.ui.overview.area import OverviewArea
from dockcache_tui.ui.shared import scopes
from dockcache_tui.ui.shared.area import Area
from dockcache_tui.ui.shared.frame import DARK, LIGHT, KeysBar, TabBar
from dockcache_tui.ui.shared.header import MastheadBar, budget_words, masthead
from dockcache_tui.ui.shared.known import AllKnown
from dockcache_tui.ui.shared.list_view import ListView
from dockcache_tui.ui.shared.messages import BuildOpened, KnownChanged
from dockcache_tui.ui.shared.picker import Picker
from dockcache_tui.ui.shared.text_screen import TextScreen, commands_text, help_text
from dockcache_tui.ui.shared.waits import Waits

_COLLECT_EVERY, _QUICKLY_COLLECTED = 10, 10_000
"""After so many loadings all is collected, if there are no more rows: that takes a tenth of a second."""


class DockcacheApp(App[None]):
    """See a builder's cache and build again with one key."""

    TITLE = "dockcache-tui"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 - Textual declares it of the instance
    BINDINGS: ClassVar[list[BindingType]] = [*bindings()]
    COMMAND_PALETTE_BINDING = "ctrl+p"
    CSS = """
    * { scrollbar-size-vertical: 1; scrollbar-background: $surface; scrollbar-corner-color: $surface; }
    * { scrollbar-background-hover: $surface; scrollbar-background-active: $surface; scrollbar-color: $boost; }
    Input, Input:focus { border: none; height: 1; padding: 0; background: $surface; }
    ContentSwitcher { height: 1fr; }
    Footer { background: $panel; }
    .-wide #records-body { layout: horizontal; }
    .-wide RecordDetail { width: 44; height: 100%; border-top: none; border-left: solid $panel; }
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        builder: str = "",
        scope: BranchScope | None = None,
        filter_text: str = "",
        read_only: bool = False,
    ) -> None:
        """Take where to ask, and how to begin."""
        super().__init__()
        self.workspace, self.waits, self.read_only = workspace, Waits(), read_only
        self._asked, self._filter_text, self._loads = scope, filter_text, 0
        self._scope, self._narrowed = ScopeFilter(scope), ScopeFilter()
        self.builder, self.caches, self.lab = BuilderArea(self, builder), CachesArea(self), LabArea(self)
        self.archives = ArchivesArea(self, self.caches.threads.open)
        self.builds = BuildsArea(self, self.builder.threads.connected)
        self.overview = OverviewArea(self, self.builds, self.caches, self.archives)
        self.areas: Sequence[Area] = (
            *(self.overview, self.builder, self.caches),
            *(self.archives, self.builds, self.lab),
        )
        self._area_of = {place: area for area in self.areas for place in area.places}
        self._header, self._tabs = MastheadBar(), TabBar([(key, place.value, title) for key, place, title in TABS])
        self._switcher = ContentSwitcher(*self.areas, initial=self.builder.id)

    def compose(self) -> ComposeResult:
        """Lay out header, tabs, areas and footer."""
        yield self._header
        yield self._tabs
        yield self._switcher
        yield KeysBar(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        """Start reading, and show the builder, or the organisation that was asked for."""
        for theme in (DARK, LIGHT):
            self.register_theme(theme)
        self.theme = DARK.name
        self.builds.read_again()
        self.builder.begin(self._filter_text)
        (self.caches if self.workspace.organisation else self.builder).action_open()
        self.set_interval(1, self.show_header)

    async def on_unmount(self) -> None:
        """Let go of what was opened; a build of ours ends with the workspace."""
        for area in self.areas:
            area.close()

    # What the areas know of each other

    @property
    def area(self) -> Area:
        """Return the area in sight."""
        return next((area for area in self.areas if area.id == self._switcher.current), self.builder)

    @property
    def place(self) -> Place:
        """Return the view in sight."""
        return self.area.place

    @property
    def known(self) -> AllKnown:
        """Return all that the areas know by now; any thread may ask."""
        return AllKnown(
            self.builds.checkout,
            self.builder.builder_name,
            self.builder.reading,
            self.builder.failure,
            self.caches.reading,
            self.archives.rows,
            self.builds.all,
            self._scope,
        )

    def bring(self, place: Place) -> None:
        """Bring a view into sight."""
        area = self._area_of[place]
        area.current = place.value
        self._switcher.current = area.id
        self._tabs.active = TAB_OF.get(place, place)
        (area.listing.table if area.listing else area.view).focus()
        self._show_path()
        self.refresh_bindings()

    @on(ListView.Moved)
    def _show_path(self) -> None:
        self._tabs.path = self.area.path

    def show_header(self) -> None:
        """Show how things stand by now."""
        caches, now = self.caches.threads, Instant.now()
        shown = masthead(self.known, self.builds.running, now, paused=self.builder.threads.paused)
        self._header.state = replace(
            shown,
            running="  ".join(filter(None, (shown.running, self.waits.told(TAB_OF.get(self.place, self.place))))),
            budget=budget_words(caches.budget, now),
            recorded=self.workspace.recorded,
            read_only=self.read_only,
        )

    def refresh_bindings(self) -> None:
        """Show which keys do something, unless the screens are closed: threads may tell of things to the very end."""
        if self.screen_stack:
            super().refresh_bindings()

    # What an area tells of that others follow

    @on(KnownChanged)
    def _known_changed(self) -> None:
        self.overview.show()
        self.show_header()

    @on(ProjectRead)
    def _project_read(self, event: ProjectRead) -> None:
        scope, own = replace(self._scope, default=event.checkout.default), self.known.own
        if self._asked and own and not scope.projects:
            scope = replace(scope, projects=(own,))
        self._asked = None
        self._narrow(scope)

    @on(ProjectFailed)
    def _project_failed(self) -> None:
        self._narrow(self._scope)

    @on(JournalChanged)
    def _journal_changed(self) -> None:
        self.builder.read_again()

    @on(BuildOpened)
    def _build_opened(self, event: BuildOpened) -> None:
        self.builds.open(event.opened)

    @on(RecordsLoaded)
    def _records_loaded(self, event: RecordsLoaded) -> None:
        self._collect(len(event.reading.records))
        self.builds.show(again=True)

    @on(ReadFailed)
    def _read_failed(self) -> None:
        self.builds.show()

    @on(BuildHeard)
    def _build_heard(self, event: BuildHeard) -> None:
        self.builds.hear(event.event)

    @on(BuilderSwitched)
    def _builder_switched(self) -> None:
        self.builds.forget()

    @on(CachesLoaded)
    def _caches_loaded(self, event: CachesLoaded) -> None:
        self._collect(len(event.reading.entries))
        self._narrow(self._scope)
        self.refresh_bindings()

    def _collect(self, rows: int) -> None:
        """Collect the cycles that Textual leaves behind with each layout, now and then and where nobody feels it."""
        self._loads += 1
        if self._loads % _COLLECT_EVERY == 0 and rows <= _QUICKLY_COLLECTED:
            gc.collect()

    # What each key does

    @on(TabBar.Picked)
    async def _tab_picked(self, event: TabBar.Picked) -> None:
        await self.action_ask(event.tab)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Offer what applies here in the palette, then what Textual offers."""
        for action in ACTIONS:
            if self.place in action.where and not (self.read_only and action.changes):
                yield SystemCommand(action.label, action.tooltip, partial(self.run_action, action.command))
        yield from super().get_system_commands(screen)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide what does not apply here, dim what --read-only forbids."""
        known = BY_ID.get(str(parameters[0]) if action == "ask" else action)
        if known is None or not self.screen_stack:
            return True
        if self.screen is not self.screen_stack[0] and known.id not in ("interrupt", "quit"):
            return False
        if self.place not in known.where:
            return False
        refused = known.id == "delete" and self.area.refuses
        return None if known.changes and (self.read_only or refused) else True

    async def action_ask(self, action: str) -> None:
        """Have an action of the registry done by the area that it is of."""
        asked = BY_ID[action]
        area = self.area if asked.of == IN_SIGHT else self._area_of[Place(asked.of)]
        await self.run_action(asked.name or action, area)

    def action_scope(self) -> None:
        """Pick a branch scope for every view."""
        found = scopes.offered(self.known)
        picked = next((choice.value for choice, scope in found if scopes.same(scope, self._scope)), "")

        def answered(value: str | None) -> None:
            if value:
                self._narrow(found[int(value)][1])

        self.push_screen(Picker("Branch scope of every view", [choice for choice, _ in found], picked=picked), answered)

    def _narrow(self, scope: ScopeFilter) -> None:
        """Narrow every area to a branch scope."""
        self._scope = scope
        if (there := self.known.there) != self._narrowed:
            self._narrowed = there
            for area in self.areas:
                area.narrow(there)
        self._known_changed()

    @on(BuildEnded)
    def action_refresh(self) -> None:
        """Read all that was ever read again."""
        for area in self.areas:
            area.read_again()

    def action_log(self) -> None:
        self.push_screen(TextScreen("Commands", commands_text(self.workspace.commands()), at_end=True))

    def action_help(self) -> None:
        self.push_screen(TextScreen("Keys", help_text(self.place, read_only=self.read_only)))

    async def action_quit(self) -> None:
        """Leave; the builds are asked first whether one of ours runs."""
        self.builds.quit()
