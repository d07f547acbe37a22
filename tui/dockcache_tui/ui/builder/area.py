"""A builder's records: what the builder's threads tell, and what their keys do."""

import shlex
from collections import Counter
from collections.abc import Iterable, Sequence

from textual import on

from dockcache_tui.core.errors import DockcacheError, UsageError
from dockcache_tui.core.field import json_row
from dockcache_tui.core.json_csv import json_text
from dockcache_tui.core.records.fields import RECORD_FIELDS
from dockcache_tui.core.records.reading import Reading
from dockcache_tui.core.records.record import BuilderInfo
from dockcache_tui.core.scope import ScopeFilter
from dockcache_tui.sources.export import Row
from dockcache_tui.ui.builder import messages
from dockcache_tui.ui.builder.builder_view import BuilderView
from dockcache_tui.ui.builder.confirm_prune import ConfirmPrune, WantedPrune
from dockcache_tui.ui.builder.workers import BuilderWorkers
from dockcache_tui.ui.shared.area import Area, Shell
from dockcache_tui.ui.shared.messages import KnownChanged
from dockcache_tui.ui.shared.picker import Choice, Picker


class BuilderArea(Area):
    """The Builder tab."""

    def __init__(self, shell: Shell, name: str = "") -> None:
        """Begin with a builder: the one named, else the usual one."""
        self._builder = BuilderView()
        super().__init__(shell, self._builder)
        self.threads = BuilderWorkers(shell, self.tell)
        self.reading: Reading | None = None
        self.failure: DockcacheError | None = None
        """Why there is no newer reading."""
        self._asked = name

    @property
    def builder_name(self) -> str:
        """Return the builder that is shown, or that was asked for while it is not read yet."""
        return self.reading.snapshot.builder if self.reading else self._asked

    def begin(self, expression: str = "") -> None:
        """Start reading, and filter by an expression."""
        self.threads.open(self._asked)
        if expression:
            self._builder.bar.text = expression

    def close(self) -> None:
        self.threads.close()

    def read_again(self) -> None:
        self.threads.read()

    def narrow(self, scope: ScopeFilter) -> None:
        self._builder.scope(scope)

    def action_fold(self) -> None:
        self._builder.fold()

    def turn(self, step: int) -> None:
        self._builder.next_tab(step)

    def action_pause(self) -> None:
        """Pause the reading every few seconds, or go on."""
        self.threads.pause(paused=not self.threads.paused)
        self.post_message(KnownChanged())

    def action_switch_builder(self) -> None:
        """List the builders there are, to pick another."""
        self.threads.list()

    @on(messages.RecordsLoaded)
    def _loaded(self, event: messages.RecordsLoaded) -> None:
        self.reading, self.failure = event.reading, None
        self._builder.show(event.reading)

    @on(messages.ReadFailed)
    def _failed(self, event: messages.ReadFailed) -> None:
        self.failure = event.error
        self._builder.fail(event.error)

    @on(messages.BuildersListed)
    def _listed(self, event: messages.BuildersListed) -> None:
        offered = [Choice(one.name, one.name, _about(one)) for one in event.builders]
        picked = self.reading.snapshot.builder if self.reading else ""
        picker = Picker("Builder", offered, picked=picked)
        self.app.push_screen(picker, lambda name: self._switch(name) if name else None)

    def _switch(self, name: str) -> None:
        self._asked, self.reading, self.failure = name, None, None
        self._builder.wait()
        self.threads.open(name)
        self.post_message(messages.BuilderSwitched())

    def action_delete(self) -> None:
        reading, rows = self.reading, self._builder.marked
        if reading is None or not rows:
            return
        try:
            chosen = self.shell.known.meant()
        except UsageError as error:
            self.say_failed(error)
            return
        ask = ConfirmPrune(WantedPrune(reading, rows, chosen))
        self.app.push_screen(ask, lambda plan: self.threads.prune(plan, reading) if plan else None)

    def copies(self) -> Iterable[tuple[str, str]]:
        row = self._builder.table.cursor_row
        if row is None:
            return ()
        record = row.scoped.record
        prune = shlex.join(("dockcache-tui", "records", "prune", "--builder", record.builder, "--yes", record.id))
        return (
            ("id", record.id),
            ("description", record.description),
            ("command that prunes it", prune),
            ("JSON", json_text(json_row(RECORD_FIELDS, row.scoped))),
        )

    def export(self) -> Sequence[Row]:
        """Return the records that are shown; one that stands in several places of the forest comes once."""
        shown = {row.scoped.key: row.scoped for row in self._builder.table.shown_rows}
        return [json_row(RECORD_FIELDS, scoped) for scoped in shown.values()]


def _about(builder: BuilderInfo) -> str:
    states = Counter(node.status or "unknown" for node in builder.nodes)
    nodes = ", ".join(f"{number} {state}" for state, number in states.items())
    return " · ".join(filter(None, (builder.driver, nodes, "current" if builder.current else "", builder.error)))
