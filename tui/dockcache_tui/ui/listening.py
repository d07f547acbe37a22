"""The app without its keys: header, views and footer, and what it does when threads tell it something."""

import gc
from dataclasses import replace
from typing import TypeAlias

from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.notifications import SeverityLevel
from textual.screen import Screen
from textual.widgets import ContentSwitcher, Footer

from dockcache_tui.core import wording
from dockcache_tui.core.archives.build_record import BuildRecord
from dockcache_tui.core.builds.build import Build, BuildStatus
from dockcache_tui.core.builds.merging import merge, on_nodes
from dockcache_tui.core.caches.reading import CachesReading
from dockcache_tui.core.checkout import Checkout
from dockcache_tui.core.errors import DockcacheError
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.lab.run import LabRun
from dockcache_tui.core.literal import literal
from dockcache_tui.core.records.reading import Reading
from dockcache_tui.core.scope import BranchScope, ScopeFilter
from dockcache_tui.sources.protocols import HistoryEventType, Workspace
from dockcache_tui.ui import choices, messages
from dockcache_tui.ui.actions import Place
from dockcache_tui.ui.archives.archive_view import ArchiveView
from dockcache_tui.ui.archives.archives_view import ArchivesView
from dockcache_tui.ui.builder.builder_view import BuilderView
from dockcache_tui.ui.builds.build_view import BuildView
from dockcache_tui.ui.builds.builds_view import BuildsView
from dockcache_tui.ui.builds.edit_build import EditBuild
from dockcache_tui.ui.caches.caches_view import CachesView
from dockcache_tui.ui.caches.organisation_view import OrganisationView
from dockcache_tui.ui.keeper import Keeper
from dockcache_tui.ui.lab.lab_view import LabView
from dockcache_tui.ui.lab.workers import LabWorkers
from dockcache_tui.ui.overview.overview_view import OverviewView, Places
from dockcache_tui.ui.shared.accounts import LONGEST_NOTICE
from dockcache_tui.ui.shared.header import MastheadBar
from dockcache_tui.ui.shared.header_state import Standing, budget_words, masthead
from dockcache_tui.ui.shared.list_view import ListView
from dockcache_tui.ui.shared.picker import Picker
from dockcache_tui.ui.shared.scopes import Surroundings
from dockcache_tui.ui.shared.tab_bar import TabBar
from dockcache_tui.ui.shared.text_screen import ListScreen
from dockcache_tui.ui.shared.theme import DARK, LIGHT

View: TypeAlias = (
    OverviewView
    | BuilderView
    | OrganisationView
    | CachesView
    | ArchivesView
    | ArchiveView
    | LabView
    | BuildsView
    | BuildView
)

_COLLECT_EVERY, _QUICKLY_COLLECTED = 10, 10_000
"""After so many loadings all is collected, if there are no more rows: that takes a tenth of a second."""


class Keys(Footer):
    """The footer, made anew only when other keys are to be shown: Textual's keeps all that it ever showed."""

    _shown: tuple[tuple[Binding, bool, str], ...] = ()

    def bindings_changed(self, screen: Screen[object]) -> None:
        if self._to_show(screen) != self._shown:
            super().bindings_changed(screen)

    async def recompose(self) -> None:
        self._shown = self._to_show(self.screen)
        await super().recompose()
        self.mutate_reactive(Footer.compact)  # lets go of the keys that are no more

    @staticmethod
    def _to_show(screen: Screen[object]) -> tuple[tuple[Binding, bool, str], ...]:
        return tuple(
            (one.binding, one.enabled, one.tooltip) for one in screen.active_bindings.values() if one.binding.show
        )


TABS = (
    ("1", Place.OVERVIEW, "Overview"),
    ("2", Place.BUILDER, "Builder"),
    ("3", Place.ACTIONS, "Actions"),
    ("4", Place.ARCHIVES, "Archives"),
    ("5", Place.BUILDS, "Builds"),
)

_TAB_OF = {
    Place.ORGANISATION: Place.ACTIONS,
    Place.ARCHIVE: Place.ARCHIVES,
    Place.LAB: Place.OVERVIEW,
    Place.BUILD: Place.BUILDS,
}

TROUBLE_STAYS = 15.0
"""Seconds that a notice of something that went wrong stays."""
LONGEST_TITLE = 80


class ListeningApp(App[None]):
    """Passes what it hears on to the views; never asks a source itself."""

    TITLE = "dockcache-tui"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 - Textual declares it of the instance
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
        self.keeper = Keeper(workspace, self.post_message)
        self.lab = LabWorkers(self.post_message, recorded=workspace.recorded)
        self.read_only = read_only
        self.scope = self._narrowed = ScopeFilter(scope)
        self._builder_name, self._filter_text = builder, filter_text
        self._checkout: Checkout | None = None
        self.reading: Reading | None = None
        self._loads = 0
        self._failure: DockcacheError | None = None
        self._project_failure: DockcacheError | None = None
        self._journal: tuple[Build, ...] = ()
        self._history: dict[str, Build] = {}
        self._moving: dict[str, Build] = {}
        self._opened = ""
        self._build_from = Place.BUILDS
        self._record: BuildRecord | None = None
        self._notice = ""
        self._paused = False
        self._interrupted = 0.0
        self._masthead, self._tabs = MastheadBar(), TabBar([(key, place.value, title) for key, place, title in TABS])
        self._overview, self._builder, self._caches = OverviewView(), BuilderView(), CachesView()
        self._organisation = OrganisationView(workspace.organisation)
        self._archives, self._archive = ArchivesView(), ArchiveView()
        self._lab = LabView()
        self._lab_runs: tuple[LabRun, ...] = ()
        self._builds, self._build = BuildsView(), BuildView()
        self._views: dict[Place, View] = {
            Place.OVERVIEW: self._overview,
            Place.BUILDER: self._builder,
            Place.ORGANISATION: self._organisation,
            Place.ACTIONS: self._caches,
            Place.ARCHIVES: self._archives,
            Place.ARCHIVE: self._archive,
            Place.LAB: self._lab,
            Place.BUILDS: self._builds,
            Place.BUILD: self._build,
        }
        self._switcher = ContentSwitcher(*self._views.values(), initial=Place.BUILDER.value)

    def compose(self) -> ComposeResult:
        """Lay out header, tabs, views and footer."""
        yield self._masthead
        yield self._tabs
        yield self._switcher
        yield Keys(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        """Start reading, and show the builder."""
        for theme in (DARK, LIGHT):
            self.register_theme(theme)
        self.theme = DARK.name
        self.keeper.read_project()
        self.keeper.open(self._builder_name)
        organisation = bool(self.keeper.caches.organisation)
        self._show_place(Place.ORGANISATION if organisation else Place.BUILDER)
        if organisation:
            self.keeper.caches.read()
        if self._filter_text:
            self._builder.bar.text = self._filter_text
        self.set_interval(1, self._show_masthead)

    async def on_unmount(self) -> None:
        """Let go of the builder; a build of ours ends with the workspace."""
        self.keeper.close()
        self.keeper.caches.close()
        self.lab.close()

    # What is shown

    @property
    def place(self) -> Place:
        """Return the view in sight."""
        return Place(self._switcher.current or Place.BUILDER)

    @property
    def view(self) -> View:
        """Return the view in sight."""
        return self._views[self.place]

    @property
    def caches(self) -> CachesReading | None:
        """Return the last reading of the Actions caches, if there was one."""
        return self._caches.reading

    @property
    def _refused(self) -> bool:
        """Whether the token may not delete; the view says why."""
        return bool(self.caches and self.caches.snapshot.read_only)

    @property
    def running(self) -> Build | None:
        """Return our build that runs, if any."""
        build = self._moving.get(self.keeper.ours.key) if self.keeper.ours else None
        return build if build and build.status is BuildStatus.RUNNING else None

    @property
    def all_builds(self) -> tuple[Build, ...]:
        """Return every build known, newest first, as far as each has come."""
        kept = {build.ref: build for build in self._journal} | {build.ref: build for build in self._moving.values()}
        return merge(kept.values(), self._history.values())

    @property
    def surroundings(self) -> Surroundings:
        """Return what scopes are told apart by."""
        return Surroundings(self._checkout, self.reading, self.caches)

    def _narrow(self, scope: ScopeFilter) -> None:
        """Narrow every view to a branch scope."""
        self.scope = scope
        self._narrowed = there = self.surroundings.there(scope)
        for view in (self._builder, self._caches, self._archives, self._builds):
            view.scope(there)
        self._show_overview()
        self._show_masthead()

    def _show_place(self, place: Place) -> None:
        self._switcher.current = place.value
        self._tabs.active = _TAB_OF.get(place, place)
        view = self.view
        (view if isinstance(view, OverviewView) else view.table).focus()
        self._show_path()
        self.refresh_bindings()

    def _show_path(self) -> None:
        self._tabs.path = self.view.path

    def _follow_others(self, *, again: bool = False) -> None:
        """Follow what others build; while BuildKit's ref of our own build is unknown, any could be ours."""
        if self.running and self.keeper.ours and self.running.ref == self.keeper.ours.key:
            return
        for build in self._history.values():
            if build.status is BuildStatus.RUNNING:
                self.keeper.follow(build, again=again)

    def _show_builds(self) -> None:
        self._follow_others()
        builds = self.all_builds
        self.keeper.builds = builds
        failure = self._project_failure or self._failure
        if builds or (self.reading and self._checkout and not failure):
            self._builds.show(builds)
        elif failure:
            self._builds.fail(failure)
        else:
            self._builds.wait()
        self._show_overview()
        opened = next((build for build in builds if build.ref == self._opened), None)
        if opened:
            self._build.show(opened, lambda digest: self.keeper.log(opened.ref, digest))
        self._show_masthead()

    def _show_overview(self) -> None:
        failure = f"{self._failure.title}: {self._failure}\n{self._failure.hint}" if self._failure else ""
        places = Places(self.reading, self.caches, self._archives.rows if self.keeper.archives.opened else None)
        self._overview.show(places, self.all_builds, self._narrowed, failure)

    def _show_masthead(self) -> None:
        standing = Standing(self.reading, self._failure, self._checkout, self.running, paused=self._paused)
        shown = masthead(standing, Instant.now())
        self._masthead.state = replace(
            shown,
            running="  ".join(filter(None, (shown.running, self.keeper.caches.deleting, self.keeper.waits.told))),
            scope=self.surroundings.words(self.scope),
            budget=budget_words(self.keeper.caches.budget, Instant.now()),
            recorded=self.keeper.workspace.recorded,
            read_only=self.read_only,
        )

    def refresh_bindings(self) -> None:
        """Show which keys do something, unless the screens are closed: threads may tell of things to the very end."""
        if self.screen_stack:
            super().refresh_bindings()

    def _collect(self, rows: int) -> None:
        """Collect the cycles that Textual leaves behind with each layout, now and then and where nobody feels it."""
        self._loads += 1
        if self._loads % _COLLECT_EVERY == 0 and rows <= _QUICKLY_COLLECTED:
            gc.collect()

    # What the threads tell

    @on(messages.RecordsLoaded)
    def _records_loaded(self, event: messages.RecordsLoaded) -> None:
        self.reading, self._failure = event.reading, None
        self._collect(len(event.reading.records))
        self._builder.show(event.reading)
        self._follow_others(again=True)
        self._show_builds()

    @on(messages.ReadFailed)
    def _read_failed(self, event: messages.ReadFailed) -> None:
        self._failure = event.error
        self._builder.fail(event.error)
        self._show_builds()

    @on(messages.ActionFailed)
    def _troubled(self, event: messages.ActionFailed) -> None:
        hint = f"\n{event.error.hint}" if event.error.hint else ""
        self._say(f"{event.error}{hint}", title=event.error.title, severity="error")

    @on(messages.ProjectRead)
    def _project_read(self, event: messages.ProjectRead) -> None:
        changed, first = self._journal != event.builds, self._checkout is None
        self._checkout, self._journal, self._project_failure = event.checkout, event.builds, None
        scope, own = replace(self.scope, default=event.checkout.default), self.surroundings.own
        if first and scope.picked and own:  # asked for at the start
            scope = replace(scope, projects=(own,))
        if first or scope != self.scope:
            self._narrow(scope)
        if event.notice != self._notice:
            self._notice = event.notice
            self._say(event.notice, title="The journal", severity="warning")
        self._show_builds()
        if changed:
            self.keeper.read_records()

    @on(messages.ProjectFailed)
    def _project_failed(self, event: messages.ProjectFailed) -> None:
        self._project_failure = event.error
        self._narrow(self.scope)
        self._show_builds()
        self.post_message(messages.ActionFailed(event.error))

    @on(messages.BuildHeard)
    def _build_heard(self, event: messages.BuildHeard) -> None:
        build = event.event.build
        if event.event.type is HistoryEventType.DELETED:
            self._history.pop(build.ref, None)
        else:
            before = self._history.get(build.ref)
            self._history[build.ref] = on_nodes(build, before) if before else build
        self._show_builds()

    @on(messages.BuildMoved)
    def _build_moved(self, event: messages.BuildMoved) -> None:
        before = self._moving.get(event.key)
        self._moving[event.key] = event.build
        if before and self._opened == before.ref:
            self._opened = event.build.ref
        if self.keeper.ours and self.keeper.ours.key == event.key:
            if before is None:
                self._open_build(event.build)
            if event.ended:
                self._build_ended(event.build)
        self._show_builds()

    def _build_ended(self, build: Build) -> None:
        self.keeper.refresh()
        reuse = f", {wording.share(build.reuse)} reused" if build.reuse is not None else ""
        severity: SeverityLevel = "information" if build.status is BuildStatus.SUCCEEDED else "warning"
        if self.place is not Place.BUILD:
            self._say(f"The build {build.status.value} after {wording.span(build.duration)}{reuse}.", severity=severity)

    @on(messages.BuildersListed)
    def _builders_listed(self, event: messages.BuildersListed) -> None:
        current = self.reading.snapshot.builder if self.reading else ""
        picker = Picker("Builder", choices.builders(event.builders), picked=current)
        self.push_screen(picker, lambda name: self._open_builder(name) if name else None)

    @on(messages.Deleted)
    def _deleted(self, event: messages.Deleted) -> None:
        """Tell in a notice what came of it, or where there is more to tell in a box."""
        account = event.account
        if account.listing:
            self.push_screen(ListScreen(f"What became of the {event.what}", account.text, account.listing))
        else:
            self._say(account.text, severity="information" if account.agrees else "warning")

    @on(ListView.Moved)
    def _moved(self) -> None:
        self._show_path()

    @on(TabBar.Picked)
    async def _tab_picked(self, event: TabBar.Picked) -> None:
        await self.run_action(event.tab)

    @on(BuildsView.Opened)
    def _build_opened(self, event: BuildsView.Opened) -> None:
        if event.build.ref in self._history:  # else there is only what the journal keeps
            self.keeper.follow(event.build, again=True)
        self._open_build(event.build)

    @on(messages.PassedOver)
    def _passed_over(self, event: messages.PassedOver) -> None:
        self._say(event.text, severity="warning")

    @on(messages.SpecFound)
    def _spec_found(self, event: messages.SpecFound) -> None:
        if event.edit:
            self.push_screen(EditBuild(event.spec), lambda spec: self.keeper.start(spec) if spec else None)
        else:
            self.keeper.start(event.spec)

    def _open_build(self, build: Build) -> None:
        self._opened, self._build_from = build.ref, Place.BUILDS
        self._build.show(build, lambda digest: self.keeper.log(build.ref, digest))
        self._show_place(Place.BUILD)

    def _say(self, text: str, *, title: str = "", severity: SeverityLevel = "information") -> None:
        shown = "\n".join(literal(line) for line in wording.cut(text, LONGEST_NOTICE).split("\n"))
        patience = None if severity == "information" else TROUBLE_STAYS
        name = literal(wording.cut(title, LONGEST_TITLE))
        self.notify(shown, title=name, severity=severity, timeout=patience, markup=False)

    @on(messages.Exported)
    def _exported(self, event: messages.Exported) -> None:
        self._say(f"Wrote {event.path}")

    def _open_builder(self, name: str) -> None:
        self._builder_name, self.reading, self._failure = name, None, None
        self._history.clear()
        self._builder.wait()
        self.keeper.open(name)
        self._show_builds()
