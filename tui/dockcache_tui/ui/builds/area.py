"""Builds of this project and of everyone on the builder: what is heard of them, and what their keys do."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from time import monotonic

from rich.text import Text
from textual import on
from textual.notifications import SeverityLevel

from dockcache_tui.core import wording
from dockcache_tui.core.builds.build import Build, BuildSpec, BuildStatus, SourceFile, Step, merge, on_nodes
from dockcache_tui.core.builds.fields import BUILD_FIELDS, STEP_FIELDS
from dockcache_tui.core.errors import DockcacheError
from dockcache_tui.core.explain.traced_build import is_missed
from dockcache_tui.core.field import json_row
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.literal import literal
from dockcache_tui.core.scope import Checkout, ScopeFilter
from dockcache_tui.sources.export import Row
from dockcache_tui.sources.protocols import Builder, HistoryEvent, HistoryEventType
from dockcache_tui.ui.actions import Place
from dockcache_tui.ui.builds import messages
from dockcache_tui.ui.builds.build_view import BuildView
from dockcache_tui.ui.builds.builds_view import BuildsView
from dockcache_tui.ui.builds.edit_build import EditBuild
from dockcache_tui.ui.builds.why_view import WhyView, earlier_builds
from dockcache_tui.ui.builds.workers import BuildsWorkers
from dockcache_tui.ui.shared.area import Area, Shell
from dockcache_tui.ui.shared.messages import KnownChanged, OpenBuild
from dockcache_tui.ui.shared.picker import Choice, Picker
from dockcache_tui.ui.shared.text_screen import TextScreen

TWICE_WITHIN = 2.0
"""Seconds in which a second ctrl+c counts."""

_QUITTING = (
    Choice("stay", "Stay", "the build goes on"),
    Choice("quit", "Quit and cancel the build", "what it has built so far stays in the cache"),
)


class BuildsArea(Area):
    """The Builds tab, and the build that is open."""

    def __init__(self, shell: Shell, connected: Callable[[], Builder | None]) -> None:
        """Begin without a build; `connected` gives the builder while there is a connection."""
        self._builds, self._build, self._why = BuildsView(), BuildView(), WhyView(self._find)
        super().__init__(shell, self._builds, self._build, self._why)
        self.threads = BuildsWorkers(shell, self.tell, connected)
        self.checkout: Checkout | None = None
        self._failure: DockcacheError | None = None
        """Why the project's builds are not known."""
        self._notice = ""
        self._interrupted = 0.0
        self.all: tuple[Build, ...] = ()
        """Every build known, newest first, as far as each had come when last shown: the builder's threads read it."""
        self._journal: tuple[Build, ...] = ()
        self._history: dict[str, Build] = {}
        self._moving: dict[str, Build] = {}
        self._opened: OpenBuild | None = None
        self._explained: dict[str, Build] = {}
        """Those that were asked for, by their refs."""
        self._explained_from, self._against, self._file = Place.BUILDS, "", ""

    @property
    def path(self) -> tuple[str, ...]:
        return self._why.path if self.place is Place.WHY else super().path

    @property
    def running(self) -> Build | None:
        """Return our build that runs, if any."""
        ours = self.threads.ours
        build = self._moving.get(ours.key) if ours else None
        return build if build and build.status is BuildStatus.RUNNING else None

    def narrow(self, scope: ScopeFilter) -> None:
        self._builds.scope(scope)

    def read_again(self) -> None:
        self.threads.read()
        if self.place is Place.WHY and self._why.build and self._why.failure:
            self._ask_why(self._why.build, self._against)

    @on(messages.ProjectRead)
    def _project_read(self, event: messages.ProjectRead) -> None:
        changed = self._journal != event.builds
        self.checkout, self._journal, self._failure = event.checkout, event.builds, None
        if event.notice != self._notice:
            self._notice = event.notice
            self.say(event.notice, title="The journal", severity="warning")
        self.show()
        if changed:
            self.post_message(messages.JournalChanged())

    @on(messages.ProjectFailed)
    def _project_failed(self, event: messages.ProjectFailed) -> None:
        self._failure = event.error
        self.show()
        self.say_failed(event.error)

    def forget(self) -> None:
        """Forget what was heard of another builder."""
        self._history.clear()
        self.show()

    def hear(self, event: HistoryEvent) -> None:
        """Take in that a build on the builder started, ended or was deleted."""
        build = event.build
        if event.type is HistoryEventType.DELETED:
            self._history.pop(build.ref, None)
        else:
            before = self._history.get(build.ref)
            self._history[build.ref] = on_nodes(build, before) if before else build
        self.show()

    def show(self, *, again: bool = False) -> None:
        """Show what is known by now; `again` follows also what following broke off."""
        self._follow_others(again=again)
        kept = {build.ref: build for build in self._journal} | {build.ref: build for build in self._moving.values()}
        self.all = builds = self._with_causes(merge(kept.values(), self._history.values()))
        known, opened = self.shell.known, self._opened
        failure = self._failure or known.failure
        if builds or (known.reading and self.checkout and not failure):
            self._builds.show(builds)
        elif failure:
            self._builds.fail(failure)
        else:
            self._builds.wait()
        if opened and opened.record is None:
            self._show_opened(replace(opened, build=self._find(opened.build.ref) or opened.build))
        if self._why.build and (newer := self._find(self._why.build.ref)):
            self._why.take(newer)
        self.post_message(KnownChanged())

    def _follow_others(self, *, again: bool) -> None:
        """Follow what others build; while BuildKit's ref of our own build is unknown, any could be ours."""
        if self.running and self.threads.ours and self.running.ref == self.threads.ours.key:
            return
        for build in self._history.values():
            if build.status is BuildStatus.RUNNING:
                self.threads.follow(build, again=again)

    def open(self, opened: OpenBuild) -> None:
        """Bring a build into sight."""
        self._show_opened(opened)
        self.shell.bring(Place.BUILD)

    def _show_opened(self, opened: OpenBuild) -> None:
        self._opened = opened
        self._build.show(opened.build, opened.logs)

    def open_build(self, build: Build, came_from: Place = Place.BUILDS) -> None:
        """Bring a build of the list into sight."""
        if build.ref in self._history:  # else there is only what the journal keeps
            self.threads.follow(build, again=True)
        self.open(OpenBuild(build, lambda digest: self.threads.log(build.ref, digest), came_from))

    @on(BuildsView.Opened)
    def _row_opened(self, event: BuildsView.Opened) -> None:
        self.open_build(event.row)

    def go_back(self) -> None:
        """Go to where the build, or its story, was opened from."""
        if self.place is Place.WHY:
            self.shell.bring(self._explained_from)
        elif self.place is Place.BUILD and self._opened:
            came_from, self._opened = self._opened.came_from, None
            self.shell.bring(came_from)

    def action_explain(self) -> None:
        """Tell why the step or the build under the cursor was not reused; told already, turn from one to the other."""
        match self.listing and self.listing.table.cursor_row:
            case Build() as build:
                self.explain(build)
            case Step() as step if self._opened:
                self.explain(self._opened.build, step)
            case _ if self.place is Place.WHY:
                self._why.turn()

    def explain(self, build: Build, step: Step | None = None, came_from: Place | None = None) -> None:
        """Bring into sight why a build's steps ran, or why one did."""
        self._explained_from = came_from or self.place
        self._file = self._opened.file if self._opened and self._explained_from is Place.BUILD else ""
        self._why.begin(build, step)
        if any(is_missed(one) and one.cause is None for one in build.steps) or not build.steps:
            self._ask_why(build)
        self.shell.bring(Place.WHY)

    def _ask_why(self, build: Build, against: str = "") -> None:
        if build.status is not BuildStatus.RUNNING:
            self._against = against
            self._why.wait()
            self.threads.explain(build, against, self._file)

    @on(messages.Explained)
    def _told_why(self, event: messages.Explained) -> None:
        told, opened = event.build, self._opened
        if not event.file:
            self._explained[told.ref] = told
        if self._why.build and self._why.build.ref == told.ref:
            self._why.show(told)
        if opened and opened.build.ref == told.ref:
            self._show_opened(replace(opened, build=told))
        self.show()

    @on(messages.NotExplained)
    def _not_told_why(self, event: messages.NotExplained) -> None:
        if self._why.build and self._why.build.ref == event.ref:
            self._why.fail(event.error)

    def action_compare(self) -> None:
        """Pick the build that the explained one is compared with."""
        if build := self._why.build:
            ask = Picker("Compare with", earlier_builds(build, self.all, Instant.now()), picked=build.compared_with)
            self.app.push_screen(ask, lambda picked: self._ask_why(build, picked) if picked else None)

    def _with_causes(self, builds: tuple[Build, ...]) -> tuple[Build, ...]:
        told = self._explained
        return tuple(told.get(build.ref, build) for build in builds) if told else builds

    def _find(self, ref: str) -> Build | None:
        return next((build for build in self.all if build.ref == ref), None)

    def action_rebuild(self) -> None:
        self._rebuild(edit=False)

    def action_edit_build(self) -> None:
        self._rebuild(edit=True)

    def _rebuild(self, *, edit: bool) -> None:
        """Build again as last time, or after a change."""
        if build := self.running:
            self.say("A build started here still runs. Press ctrl+c twice to cancel it.", severity="warning")
            self.open_build(build)
        else:
            self.threads.find_spec(lambda spec: messages.SpecFound(self._on_builder(spec), edit=edit))

    def _on_builder(self, spec: BuildSpec) -> BuildSpec:
        return replace(spec, builder=self.shell.known.builder or spec.builder)

    @on(messages.PassedOver)
    def _passed_over(self, event: messages.PassedOver) -> None:
        self.say(event.text, severity="warning")

    @on(messages.SpecFound)
    def _spec_found(self, event: messages.SpecFound) -> None:
        if event.edit:
            self.app.push_screen(EditBuild(event.spec), lambda spec: self.threads.start(spec) if spec else None)
        else:
            self.threads.start(event.spec)

    @on(messages.BuildMoved)
    def _moved(self, event: messages.BuildMoved) -> None:
        before, opened = self._moving.get(event.key), self._opened
        self._moving[event.key] = event.build
        if before and opened and opened.build.ref == before.ref:
            self._opened = replace(opened, build=event.build)
        if self.threads.ours and self.threads.ours.key == event.key:
            if before is None:
                self.open_build(event.build)
            if event.ended:
                self._ended(event.build)
        self.show()

    def _ended(self, build: Build) -> None:
        self.post_message(messages.BuildEnded())
        reuse = f", {wording.share(build.reuse)} reused" if build.reuse is not None else ""
        severity: SeverityLevel = "information" if build.status is BuildStatus.SUCCEEDED else "warning"
        if not (self.display and self.place is Place.BUILD):
            told = f"The build {build.status.value} after {wording.span(build.duration)}{reuse}."
            self.say(told, severity=severity)

    def action_interrupt(self) -> None:
        """Cancel our build when asked twice."""
        if self.running is None:
            self.say("q quits.")
        elif monotonic() - self._interrupted > TWICE_WITHIN:
            self._interrupted = monotonic()
            self.say("Press ctrl+c again to cancel the build.", severity="warning")
        else:
            self.threads.cancel()
            self.say("Canceling the build…", severity="warning")

    def quit(self) -> None:
        """Leave the app; ask first when a build of ours runs."""
        if self.running is None:
            self.app.exit()
        else:
            ask = Picker("A build started here still runs", _QUITTING)
            self.app.push_screen(ask, lambda answer: self._quit() if answer == "quit" else None)

    def _quit(self) -> None:
        if self.threads.ours:
            self.threads.ours.running.cancel()
        self.app.exit()

    def action_dockerfile(self) -> None:
        """Show the Dockerfile that a build record keeps."""
        files = self._opened.record.files if self._opened and self._opened.record else ()
        if files:
            self.app.push_screen(TextScreen("Dockerfile", _source(files)))
        else:
            self.say("Only a build record (.dockerbuild) keeps its Dockerfile.", severity="warning")

    def copies(self) -> Iterable[tuple[str, str]]:
        if self.place is Place.WHY:
            return self._why.copies()
        match self.listing and self.listing.table.cursor_row:
            case Build() as build:
                return (("ref", build.ref), ("revision", build.revision), ("error", build.error))
            case Step() as step:
                return (("name", step.name), ("digest", step.digest), ("error", step.error))
        return ()

    def export(self) -> Sequence[Row]:
        if self.place is Place.BUILDS:
            return [json_row(BUILD_FIELDS, build) for build in self._builds.table.shown_rows]
        return [json_row(STEP_FIELDS, step) for step in self._build.table.shown_rows]


def _source(files: Sequence[SourceFile]) -> Text:
    """Return source files with their line numbers."""
    text = Text()
    for file in files:
        text.append(f"{literal(file.name)}\n", "bold underline")
        for number, line in enumerate(file.text.split("\n"), start=1):
            text.append(f"{number:>4}  ", "dim").append(f"{literal(line)}\n")
        text.append("\n")
    return text
