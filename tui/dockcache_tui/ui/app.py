"""The app: its areas, the header over them, the branch scope, and what each key does."""

import gc
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, ClassVar

from textual import on
from textual.app import App, ComposeResult, SystemCommand
from textual.binding import BindingType
from textual.message import Message
from textual.notifications import SeverityLevel
from textual.screen import Screen
from textual.widgets import ContentSwitcher

from dockcache_tui.core import wording
from dockcache_tui.core.builds.build import Build
from dockcache_tui.core.caches.reading import CachesReading
from dockcache_tui.core.errors import DockcacheError
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.literal import literal
from dockcache_tui.core.records.reading import Reading
from dockcache_tui.core.scope import BranchScope, Checkout, ScopeFilter
from dockcache_tui.sources.export import Row, write_export
from dockcache_tui.sources.github.protocol import ActionsSource
from dockcache_tui.sources.protocols import Builder, Workspace
from dockcache_tui.ui.actions import ACTIONS, BY_ID, TAB_OF, TABS, Place, bindings
from dockcache_tui.ui.archives.area import ArchivesArea
from dockcache_tui.ui.builder.area import BuilderArea
from dockcache_tui.ui.builder.messages import BuilderSwitched, BuildHeard, ReadFailed, RecordsLoaded
from dockcache_tui.ui.builds.area import BuildsArea
from dockcache_tui.ui.caches.area import CachesArea
from dockcache_tui.ui.caches.messages import CachesLoaded
from dockcache_tui.ui.lab.area import LabArea
from dockcache_tui.ui.overview.area import OverviewArea
from dockcache_tui.ui.shared import scopes
from dockcache_tui.ui.shared.accounts import LONGEST_NOTICE
from dockcache_tui.ui.shared.area import Area
from dockcache_tui.ui.shared.header import MastheadBar
from dockcache_tui.ui.shared.header_state import Standing, budget_words, masthead
from dockcache_tui.ui.shared.keys_bar import KeysBar
from dockcache_tui.ui.shared.list_view import ListView
from dockcache_tui.ui.shared.messages import ActionFailed, Deleted
from dockcache_tui.ui.shared.open_build import OpenBuild
from dockcache_tui.ui.shared.picker import Choice, Picker
from dockcache_tui.ui.shared.tab_bar import TabBar
from dockcache_tui.ui.shared.text_screen import ListScreen, TextScreen
from dockcache_tui.ui.shared.texts import commands_text, help_text
from dockcache_tui.ui.shared.theme import DARK, LIGHT
from dockcache_tui.ui.shared.threads import Waits

TWICE_WITHIN = 2.0
"""Seconds in which a second ctrl+c counts."""
TROUBLE_STAYS = 15.0
"""Seconds that a notice of something that went wrong stays."""
LONGEST_TITLE = 80
_COLLECT_EVERY, _QUICKLY_COLLECTED = 10, 10_000
"""After so many loadings all is collected, if there are no more rows: that takes a tenth of a second."""

_QUITTING = (
    Choice("stay", "Stay", "the build goes on"),
    Choice("quit", "Quit and cancel the build", "what it has built so far stays in the cache"),
)
_EXPORTS = (Choice("json", "JSON", "as --json prints it"), Choice("csv", "CSV", "for a spreadsheet"))


@dataclass
class ProjectRead(Message):
    """What git and the journal say of the project."""

    checkout: Checkout
    builds: tuple[Build, ...]
    notice: str


@dataclass
class ProjectFailed(Message):
    """Git or the journal could not be read."""

    error: DockcacheError


@dataclass
class Exported(Message):
    """A view was written to a file."""

    path: Path


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
        self.scope = self._narrowed = ScopeFilter(scope)
        self.checkout: Checkout | None = None
        self._filter_text, self._notice = filter_text, ""
        self._loads, self._interrupted, self._paused = 0, 0.0, False
        self.overview, self.builder, self.caches = OverviewArea(self), BuilderArea(self, builder), CachesArea(self)
        self.archives, self.builds, self.lab = ArchivesArea(self), BuildsArea(self), LabArea(self)
        self._areas: Sequence[Area] = (
            self.overview,
            self.builder,
            self.caches,
            self.archives,
            self.builds,
            self.lab,
        )
        self._area_of = {place: area for area in self._areas for place in area.places}
        self._header, self._tabs = MastheadBar(), TabBar([(key, place.value, title) for key, place, title in TABS])
        self._switcher = ContentSwitcher(*self._areas, initial=self.builder.id)

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
        self._read_project()
        self.builder.begin(self._filter_text)
        if self.workspace.organisation:
            self.caches.open()
        else:
            self.bring(Place.BUILDER)
        self.set_interval(1, self.show_header)

    async def on_unmount(self) -> None:
        """Let go of what was opened; a build of ours ends with the workspace."""
        for area in self._areas:
            area.close()

    # What the areas know of each other

    @property
    def area(self) -> Area:
        """Return the area in sight."""
        return next((area for area in self._areas if area.id == self._switcher.current), self.builder)

    @property
    def place(self) -> Place:
        """Return the view in sight."""
        return self.area.place

    @property
    def reading(self) -> Reading | None:
        """Return the last reading of the builder."""
        return self.builder.reading

    @property
    def failure(self) -> DockcacheError | None:
        """Return why there is no newer one."""
        return self.builder.failure

    @property
    def caches_reading(self) -> CachesReading | None:
        """Return the last reading of the Actions caches."""
        return self.caches.reading

    @property
    def all_builds(self) -> tuple[Build, ...]:
        """Return every build known, newest first, as far as each has come."""
        return self.builds.all

    @property
    def surroundings(self) -> scopes.Surroundings:
        """Return what the scopes of several projects are told apart by."""
        return scopes.Surroundings(self.checkout, self.reading, self.caches_reading)

    @property
    def builder_name(self) -> str:
        """Return the builder that is shown, or was asked for; empty when none was named."""
        return self.builder.builder_name

    def connected(self) -> Builder | None:
        """Return the builder while it is connected."""
        return self.builder.threads.builder

    def actions_source(self) -> ActionsSource:
        """Open the repository that is looked at; raises UsageError when none is known. Blocks."""
        return self.caches.threads.open()

    def bring(self, place: Place) -> None:
        """Bring a view into sight."""
        area = self._area_of[place]
        area.current = place.value
        self._switcher.current = area.id
        self._tabs.active = TAB_OF.get(place, place)
        (area.listing.table if area.listing else area.view).focus()
        self._show_path()
        self.refresh_bindings()

    def open_build(self, opened: OpenBuild) -> None:
        """Bring a build into sight."""
        self.builds.open(opened)

    def read_again(self) -> None:
        """Read all that was ever read again."""
        self._read_project()
        for area in self._areas:
            area.read_again()

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

    def show_overview(self) -> None:
        """Add up the totals again."""
        self.overview.show(self.archives.rows, self._narrowed)

    def show_header(self) -> None:
        """Show how things stand by now."""
        standing = Standing(self.reading, self.failure, self.checkout, self.builds.running, paused=self._paused)
        shown, caches = masthead(standing, Instant.now()), self.caches.threads
        self._header.state = replace(
            shown,
            running="  ".join(filter(None, (shown.running, caches.deleting, self.waits.told))),
            scope=self.surroundings.words(self.scope),
            budget=budget_words(caches.budget, Instant.now()),
            recorded=self.workspace.recorded,
            read_only=self.read_only,
        )

    @on(ListView.Moved)
    def _show_path(self) -> None:
        self._tabs.path = self.area.path

    def refresh_bindings(self) -> None:
        """Show which keys do something, unless the screens are closed: threads may tell of things to the very end."""
        if self.screen_stack:
            super().refresh_bindings()

    # What is heard

    def _read_project(self) -> None:
        def work() -> Message:
            builds = self.workspace.builds()
            return ProjectRead(self.workspace.checkout(), builds, self.workspace.notice)

        self.waits.do("reading the project", work, self.post_message, ProjectFailed)

    @on(ProjectRead)
    def _project_read(self, event: ProjectRead) -> None:
        first, self.checkout = self.checkout is None, event.checkout
        scope, own = replace(self.scope, default=event.checkout.default), self.surroundings.own
        if first and scope.picked and own:  # asked for at the start
            scope = replace(scope, projects=(own,))
        if first or scope != self.scope:
            self._narrow(scope)
        if event.notice != self._notice:
            self._notice = event.notice
            self.say(event.notice, title="The journal", severity="warning")
        changed = self.builds.keep(event.builds)
        self.builds.show()
        if changed:
            self.builder.read_again()

    @on(ProjectFailed)
    def _project_failed(self, event: ProjectFailed) -> None:
        self.builds.failure = event.error
        self._narrow(self.scope)
        self.builds.show()
        self.say_failed(event.error)

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
        if self.surroundings.there(self.scope) != self._narrowed:
            self._narrow(self.scope)
        self._collect(len(event.reading.entries))
        self.show_overview()
        self.refresh_bindings()
        self.show_header()

    def _collect(self, rows: int) -> None:
        """Collect the cycles that Textual leaves behind with each layout, now and then and where nobody feels it."""
        self._loads += 1
        if self._loads % _COLLECT_EVERY == 0 and rows <= _QUICKLY_COLLECTED:
            gc.collect()

    @on(ActionFailed)
    def _action_failed(self, event: ActionFailed) -> None:
        self.say_failed(event.error)

    @on(Deleted)
    def _deleted(self, event: Deleted) -> None:
        """Tell in a notice what came of it, or where there is more to tell in a box."""
        account = event.account
        if account.listing:
            self.push_screen(ListScreen(f"What became of the {event.what}", account.text, account.listing))
        else:
            self.say(account.text, severity="information" if account.agrees else "warning")

    @on(Exported)
    def _exported(self, event: Exported) -> None:
        self.say(f"Wrote {event.path}")

    @on(TabBar.Picked)
    async def _tab_picked(self, event: TabBar.Picked) -> None:
        await self.run_action(event.tab)

    # What each key does

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Offer what applies here in the palette, then what Textual offers."""
        for action in ACTIONS:
            if self.place in action.where and not (self.read_only and action.changes):
                name = f"focused.{action.of_table}" if action.of_table else action.id
                yield SystemCommand(action.label, action.tooltip, partial(self.run_action, name))
        yield from super().get_system_commands(screen)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's signature
        """Hide what does not apply here, dim what --read-only forbids."""
        known = BY_ID.get(action)
        if known is None or not self.screen_stack:
            return True
        if self.screen is not self.screen_stack[0] and action not in ("interrupt", "quit"):
            return False
        if self.place not in known.where:
            return False
        refused = action == "delete" and self.area.refuses
        return None if known.changes and (self.read_only or refused) else True

    def action_overview(self) -> None:
        if not self.caches.threads.opened:
            self.caches.threads.read()
        self.archives.look()
        self.bring(Place.OVERVIEW)
        self.show_overview()

    def action_builder(self) -> None:
        self.bring(Place.BUILDER)

    def action_actions(self) -> None:
        self.caches.open()

    def action_archives(self) -> None:
        self.archives.open()

    def action_builds(self) -> None:
        self.bring(Place.BUILDS)

    def action_lab(self) -> None:
        self.lab.open()

    async def action_back(self) -> None:
        """End a wait, close the input, clear the filter, the marks, then go back; never quit."""
        view = self.area.listing
        if self.waits.give_up():
            self.show_header()
        elif view is None or view.step_back():
            return
        else:
            self.area.back()

    def action_filter(self) -> None:
        if self.area.listing:
            self.area.listing.bar.open()

    def action_rebuild(self) -> None:
        self.builds.rebuild(edit=False)

    def action_edit_build(self) -> None:
        self.builds.rebuild(edit=True)

    def action_scope(self) -> None:
        """Pick a branch scope for every view."""
        found = scopes.offered(self.surroundings, self.all_builds, self.archives.rows or ())
        picked = next((choice.value for choice, scope in found if scopes.same(scope, self.scope)), "")

        def answered(value: str | None) -> None:
            if value:
                self._narrow(found[int(value)][1])

        self.push_screen(Picker("Branch scope of every view", [choice for choice, _ in found], picked=picked), answered)

    def _narrow(self, scope: ScopeFilter) -> None:
        """Narrow every area to a branch scope."""
        self.scope = scope
        self._narrowed = there = self.surroundings.there(scope)
        for area in self._areas:
            area.narrow(there)
        self.show_overview()
        self.show_header()

    async def action_preset(self) -> None:
        await self.caches.mark()

    def action_delete(self) -> None:
        self.area.delete()

    def action_fold(self) -> None:
        self.area.fold()

    def action_next_tab(self) -> None:
        self.area.turn(1)

    def action_previous_tab(self) -> None:
        self.area.turn(-1)

    def action_compare(self) -> None:
        self.archives.compare()

    def action_load(self) -> None:
        self.archives.load()

    def action_export_image(self) -> None:
        self.archives.export_image()

    def action_save_file(self) -> None:
        self.archives.save_file()

    def action_dockerfile(self) -> None:
        self.builds.dockerfile()

    def action_run_lab(self) -> None:
        self.lab.run()

    def action_copy(self) -> None:
        """Pick what to copy of the row under the cursor."""
        if found := self.area.copy():
            self.push_screen(Picker("Copy", found), lambda text: self._copy(text) if text else None)

    def _copy(self, text: str) -> None:
        self.copy_to_clipboard(text)
        self.say(f"Copied: {text[:60]}")

    def action_export(self) -> None:
        """Write the rows that are shown to a file in the current folder."""
        if self.area.listing:
            rows, name = self.area.export(), self.place.value
            answer = Picker(f"Export {wording.count(len(rows), 'row')} as", _EXPORTS)
            self.push_screen(answer, lambda kind: self._export(name, kind, rows) if kind else None)

    def _export(self, view: str, kind: str, rows: Sequence[Row]) -> None:
        def work() -> Message:
            return Exported(write_export(Path.cwd(), f"dockcache-{view}", kind, rows))

        self.waits.do("writing", work, self.post_message, ActionFailed)

    def action_refresh(self) -> None:
        self.read_again()

    def action_pause(self) -> None:
        self._paused = not self._paused
        self.builder.threads.pause(paused=self._paused)
        self.show_header()

    def action_switch_builder(self) -> None:
        self.builder.threads.list()

    def action_log(self) -> None:
        self.push_screen(TextScreen("Commands", commands_text(self.workspace.commands()), at_end=True))

    def action_zoom(self) -> None:
        self.area.view.toggle_class("-zoomed")

    def action_help(self) -> None:
        self.push_screen(TextScreen("Keys", help_text(self.place, read_only=self.read_only)))

    def action_interrupt(self) -> None:
        """Cancel our build when asked twice."""
        if self.builds.running is None:
            self.say("q quits.")
        elif monotonic() - self._interrupted > TWICE_WITHIN:
            self._interrupted = monotonic()
            self.say("Press ctrl+c again to cancel the build.", severity="warning")
        else:
            self.builds.threads.cancel()
            self.say("Canceling the build…", severity="warning")

    async def action_quit(self) -> None:
        """Leave; ask first when a build of ours runs."""
        if self.builds.running is None:
            self.exit()
        else:
            ask = Picker("A build started here still runs", _QUITTING)
            self.push_screen(ask, lambda answer: self._quit() if answer == "quit" else None)

    def _quit(self) -> None:
        if self.builds.threads.ours:
            self.builds.threads.ours.running.cancel()
        self.exit()
