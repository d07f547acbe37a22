"""The app: what each key does."""

import asyncio
import gc
import os
import signal
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, ClassVar

from textual.app import SystemCommand
from textual.binding import BindingType
from textual.screen import Screen
from textual.widgets import Input

from dockcache_tui.core import wording
from dockcache_tui.core.builds.build import BuildSpec
from dockcache_tui.core.errors import UsageError
from dockcache_tui.core.scope import BranchScope
from dockcache_tui.sources.protocols import Workspace
from dockcache_tui.ui import choices, messages
from dockcache_tui.ui.actions import ACTIONS, BY_ID, Place, bindings
from dockcache_tui.ui.archives.archive_view import ArchiveView
from dockcache_tui.ui.archives.archives_app import ArchivesApp
from dockcache_tui.ui.builder.builder_view import BuilderView
from dockcache_tui.ui.builder.confirm_prune import ConfirmPrune, Wanted
from dockcache_tui.ui.caches.caches_app import CachesApp
from dockcache_tui.ui.caches.caches_view import CachesView
from dockcache_tui.ui.lab.lab_app import LabApp
from dockcache_tui.ui.overview.overview_view import OverviewView
from dockcache_tui.ui.shared import scopes
from dockcache_tui.ui.shared.picker import Picker
from dockcache_tui.ui.shared.text_screen import TextScreen
from dockcache_tui.ui.shared.texts import commands_text, help_text
from dockcache_tui.ui.shared.threads import told

TWICE_WITHIN = 2.0
"""Seconds in which a second ctrl+c counts."""

COLLECTIONS = 20_000, 5, 1_000
"""A full collection over 100,000 records would freeze the screen for a second: the young are collected, seldom all.

What is replaced at each refresh must therefore not be part of a cycle.
"""


_WRITER = "textual-output"
"""What Textual calls its thread that writes to the terminal."""


class DockcacheApp(CachesApp, ArchivesApp, LabApp):
    """See a builder's cache and build again with one key."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings()]
    COMMAND_PALETTE_BINDING = "ctrl+p"

    def on_mount(self) -> None:
        """Leave in order also when the terminal is closed or the process is told to end."""
        with suppress(ValueError, RuntimeError):  # outside the main thread, as in a test, others have the signals
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(number, self.leave, number)

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
        refused = action == "delete" and self.place in (Place.ACTIONS, Place.ARCHIVES) and self._refused
        return None if known.changes and (self.read_only or refused) else True

    def action_overview(self) -> None:
        """Show the totals, of what was never read too."""
        if not self.keeper.caches.opened:
            self.keeper.caches.read()
        if not self.keeper.archives.opened:
            self.keeper.archives.list()
        self._show_place(Place.OVERVIEW)
        self._show_overview()

    def action_builder(self) -> None:
        """Show the builder's records."""
        self._show_place(Place.BUILDER)

    def action_builds(self) -> None:
        """Show the builds."""
        self._show_place(Place.BUILDS)

    async def action_back(self) -> None:
        """End a wait, close the input, clear the filter, the marks, then go back; never quit."""
        if self.keeper.waits.give_up():
            self._show_masthead()
            return
        view = self.view
        if isinstance(view, OverviewView):
            return
        table, bar = view.table, view.bar
        if isinstance(self.focused, Input):
            bar.close(clear=False)
            table.focus()
        elif table.display and not table.has_focus:
            table.focus()
        elif bar.text:
            bar.close(clear=True)
        elif table.marks.keys:
            table.action_unmark_all()
        elif view.has_class("-zoomed"):
            view.remove_class("-zoomed")
        else:
            self._go_back()

    def _go_back(self) -> None:
        """Go to where the view in sight was opened from."""
        if self.place is Place.BUILD:
            self._opened = ""
            self._show_place(self._build_from)
        elif self.place is Place.ACTIONS and self.keeper.caches.organisation:
            self._leave_repository()
        elif self.place is Place.ARCHIVE and not self._archive.leave():
            self._show_place(Place.ARCHIVES)
        elif self.place is Place.LAB:
            self._leave_lab()

    def action_filter(self) -> None:
        """Type a filter."""
        if not isinstance(self.view, OverviewView):
            self.view.bar.open()

    def action_rebuild(self) -> None:
        """Build again as last time."""
        self._find_spec(edit=False)

    def action_edit_build(self) -> None:
        """Change what is built, then build."""
        self._find_spec(edit=True)

    def _find_spec(self, *, edit: bool) -> None:
        if build := self.running:
            self._say("A build of ours runs already. ctrl+c twice cancels it.", severity="warning")
            self._open_build(build)
        else:
            self.keeper.find_spec(lambda spec: messages.SpecFound(self._with_builder(spec), edit=edit))

    def _with_builder(self, spec: BuildSpec) -> BuildSpec:
        """Build on the builder that is shown, or that was asked for while it is not read yet."""
        builder = self.reading.snapshot.builder if self.reading else self._builder_name
        return replace(spec, builder=builder or spec.builder)

    def action_scope(self) -> None:
        """Pick a branch scope for every view."""
        found = scopes.offered(self.surroundings, self.all_builds, self._archives.rows)
        picked = next((choice.value for choice, scope in found if scopes.same(scope, self.scope)), "")

        def answered(value: str | None) -> None:
            if value:
                self._narrow(found[int(value)][1])

        self.push_screen(Picker("Branch scope of every view", [choice for choice, _ in found], picked=picked), answered)

    def action_delete(self) -> None:
        """Plan the deletion of what is marked, show it and ask."""
        if self.place is Place.ACTIONS:
            self._delete_caches()
        elif self.place is Place.ARCHIVES:
            self._delete_artifacts()
        else:
            self._prune_records()

    def _prune_records(self) -> None:
        reading, rows = self.reading, self._builder.marked
        if reading is None or not rows:
            return
        try:
            chosen = self.surroundings.meant(self.scope)
        except UsageError as error:
            self._troubled(messages.ActionFailed(error))
            return
        ask = ConfirmPrune(Wanted(reading, rows, chosen))
        self.push_screen(ask, lambda plan: self.keeper.prune(plan, reading) if plan else None)

    def action_fold(self) -> None:
        """Fold or unfold."""
        self._tabbed.fold()

    @property
    def _tabbed(self) -> CachesView | ArchiveView | BuilderView:
        if self.place is Place.ARCHIVE:
            return self._archive
        return self._caches if self.place is Place.ACTIONS else self._builder

    def action_next_tab(self) -> None:
        """Show the next inner tab."""
        self._tabbed.next_tab()

    def action_previous_tab(self) -> None:
        """Show the inner tab before."""
        self._tabbed.next_tab(-1)

    def action_copy(self) -> None:
        """Pick what to copy of the row under the cursor."""
        row = None if isinstance(self.view, OverviewView) else self.view.table.cursor_row
        if found := choices.copies(row):
            self.push_screen(Picker("Copy", found), lambda text: self._copy(text) if text else None)

    def _copy(self, text: str) -> None:
        self.copy_to_clipboard(text)
        self._say(f"Copied: {text[:60]}")

    def action_export(self) -> None:
        """Write the rows that are shown to a file in the current folder."""
        if not isinstance(self.view, OverviewView):
            rows, name = choices.exported(self.view.table.shown_rows), self.place.value
            answer = Picker(f"Export {wording.count(len(rows), 'row')} as", choices.EXPORTS)
            self.push_screen(answer, lambda kind: self.keeper.export(name, kind, rows) if kind else None)

    def action_refresh(self) -> None:
        """Read everything again."""
        self.keeper.refresh()

    def action_pause(self) -> None:
        """Stop or go on refreshing."""
        self._paused = not self._paused
        self.keeper.pause(paused=self._paused)
        self._show_masthead()

    def action_switch_builder(self) -> None:
        """Pick another builder."""
        self.keeper.list_builders()

    def action_log(self) -> None:
        """Show every command that was run."""
        self.push_screen(TextScreen("Commands", commands_text(self.keeper.workspace.commands()), at_end=True))

    def action_zoom(self) -> None:
        """Give the whole view to the list, or take it back."""
        self.view.toggle_class("-zoomed")

    def action_help(self) -> None:
        """Show what every key does."""
        self.push_screen(TextScreen("Keys", help_text(self.place, read_only=self.read_only)))

    def action_interrupt(self) -> None:
        """Cancel our build when asked twice."""
        if self.running is None:
            self._say("q quits.")
        elif monotonic() - self._interrupted > TWICE_WITHIN:
            self._interrupted = monotonic()
            self._say("Press ctrl+c again to cancel the build.", severity="warning")
        else:
            self.keeper.cancel()
            self._say("Canceling the build…", severity="warning")

    async def action_quit(self) -> None:
        """Leave; ask first when a build of ours runs."""
        if self.running is None:
            self.exit()
            return
        ask = Picker("A build of ours still runs", choices.QUITTING)
        self.push_screen(ask, lambda answer: self._quit() if answer == "quit" else None)

    def _quit(self) -> None:
        if self.keeper.ours:
            self.keeper.ours.running.cancel()
        self.exit()

    def tell_defect(self, met: threading.ExceptHookArgs) -> None:
        """Tell of a defect that ended a thread, whose traceback would garble the screen."""
        if met.thread and met.thread.name == _WRITER and isinstance(met.exc_value, OSError):
            self._lose_terminal(met.thread)
        elif met.exc_value:
            self.post_message(messages.ActionFailed(told(met.exc_value)))

    def leave(self, number: int) -> None:
        """End as a signal asks for: at once, with what it started."""
        self.exit(return_code=128 + number)

    def _lose_terminal(self, writer: threading.Thread) -> None:
        """Leave when nothing can be drawn any more; what still is goes nowhere, so that nobody waits for it."""
        terminal = sys.__stderr__  # Textual's own is no file
        with Path(os.devnull).open("w") as nowhere:
            if terminal:
                os.dup2(nowhere.fileno(), terminal.fileno())
        self.call_later(self.leave, signal.SIGHUP)
        writer.run()


def run(
    workspace: Workspace, *, builder: str = "", branch: str = "", expression: str = "", read_only: bool = False
) -> None:
    """Open the app and return when it is left."""
    scope = BranchScope.of(branch) if branch else None
    _ask_the_terminal_its_size()
    gc.set_threshold(*COLLECTIONS)
    app = DockcacheApp(workspace, builder=builder, scope=scope, filter_text=expression, read_only=read_only)
    told_before, threading.excepthook = threading.excepthook, app.tell_defect
    try:
        app.run()
    finally:
        threading.excepthook = told_before
        workspace.close()
    if app.return_code:
        sys.exit(app.return_code)


def _ask_the_terminal_its_size() -> None:
    """Drop COLUMNS and LINES where the terminal tells its size: Textual would believe them, also after a resize."""
    with suppress(OSError):
        if all(os.get_terminal_size()):
            for name in ("COLUMNS", "LINES"):
                os.environ.pop(name, None)
