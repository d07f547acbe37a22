"""The builder that is shown: connected, read every few seconds, listened to, pruned, all off the event loop."""

from collections.abc import Callable
from dataclasses import replace
from threading import Thread

from textual.message import Message

from dockcache_tui.core.builds.build import Build, BuildStatus
from dockcache_tui.core.errors import DockcacheError, SourceError
from dockcache_tui.core.records.outcome import compare
from dockcache_tui.core.records.outlook import outlooks
from dockcache_tui.core.records.prune import PrunePlan
from dockcache_tui.core.records.reading import Reading
from dockcache_tui.core.records.record import BuilderSnapshot, PruneOutcome
from dockcache_tui.sources.ending import Ended, Ending, check
from dockcache_tui.sources.protocols import Builder, History
from dockcache_tui.sources.reading_after_prune import read_after
from dockcache_tui.ui.actions import Place
from dockcache_tui.ui.builder import messages
from dockcache_tui.ui.shared import accounts
from dockcache_tui.ui.shared.area import Shell
from dockcache_tui.ui.shared.messages import ActionFailed, Deleted
from dockcache_tui.ui.shared.waits import GRACE, TOLD_AFTER, Move, Poller, Post, Wait, forget, guarded, unread

BEAT = 4.0
"""Seconds between two readings of a builder."""
MAX_FORESEEN = 20_000
"""The most records of which it is foreseen when each would go, which takes half a second then."""
HANGS = 10.0
"""Seconds after which a reading of what was read before hangs: it would be told as failed when nobody answered."""


class BuilderWorkers:
    """Owns the builder's connection; every method returns at once and is called on the event loop."""

    def __init__(self, shell: Shell, post: Post) -> None:
        """Take where to ask and whom to tell."""
        self._shell, self._post, self._name = shell, post, ""
        self.paused = False
        self._connection: _Connection | None = None

    def connected(self) -> Builder | None:
        """Return the builder while it is connected."""
        return self._connection.builder if self._connection else None

    def open(self, name: str) -> None:
        """Connect to a builder, letting go of the one before."""
        self.close()
        self._name = name
        self._connection = _Connection(self._shell, name, self._post, self.leave)
        self.pause(paused=self.paused)

    def close(self) -> None:
        """Let go of the builder; a build of ours goes on."""
        if self._connection:
            self._connection.close()
            self._connection = None

    def read(self) -> None:
        """Read the records again now, also after that was given up."""
        if self._connection:
            self._connection.poller.ask()
        else:
            self.open(self._name)

    def leave(self) -> None:
        """Read the builder no more until that is asked for."""
        self.close()
        self._post(messages.ReadFailed(unread()))

    def pause(self, *, paused: bool) -> None:
        """Pause the reading every few seconds, or go on."""
        self.paused = paused
        if self._connection:
            self._connection.poller.paused = paused

    def list(self) -> None:
        """List the builders there are."""

        def work() -> Message:
            return messages.BuildersListed(self._shell.workspace.builders())

        self._shell.waits.do("listing the builders", work, self._post, ActionFailed, forget)

    def prune(self, plan: PrunePlan, reading: Reading) -> None:
        """Carry a plan out, read again and compare; what came of it is told also when the builder is lost."""
        connection = self._connection

        def work() -> Message:
            if connection is None or connection.builder is None:
                lost = "the builder's connection was lost"
                raise SourceError(lost, title="Nothing was deleted", hint="Press r, then try again.")
            outcome = connection.builder.prune(plan.freed)
            after = self._read_after(connection, outcome)
            lineage = after.lineage if after else None
            dark = {node.name for node in after.snapshot.nodes if node.error} if after else ()
            account = accounts.of_prune(plan, compare(plan, outcome, lineage, dark), reading)
            return Deleted("records", account)

        move = Move("pruning", ending=Ending(GRACE), tab=Place.BUILDER)
        self._shell.waits.move(move, work, self._post, ActionFailed)

    def _read_after(self, connection: "_Connection", outcome: PruneOutcome) -> Reading | None:
        """Read the records and tell of them; None when told to end: the account waits for nobody then."""
        try:
            check()
            after = read_after(outcome, connection.read, lambda read: read.reading.snapshot.nodes)
        except DockcacheError as error:
            self._post(messages.ReadFailed(error))
            return None
        except Ended:
            connection.poller.ask()
            return None
        self._post(after)
        return after.reading


class _Connection:
    """One builder's connection: connects as soon as the builder can be reached, and again after it was lost."""

    def __init__(self, shell: Shell, name: str, post: Post, given_up: Callable[[], None]) -> None:
        self.builder: Builder | None = None
        self._shell, self._name, self._post, self._given_up = shell, name, post, given_up
        self._history: History | None = None
        self._reading: Reading | None = None
        self._known: tuple[Build, ...] = ()
        self._told: tuple[Build, ...] = ()
        self._events, self._events_told = 0, -1
        self.poller = Poller("records", self._read, post, messages.ReadFailed, BEAT)
        self.poller.start()

    def _read(self) -> messages.RecordsLoaded:
        usual = TOLD_AFTER if self._reading is None else HANGS
        wait = Wait("reading records", self._given_up, usual)
        self._shell.waits.begin(wait)
        try:
            with wait.ending.within():
                return self.read()
        finally:
            self._shell.waits.end(wait)

    def read(self) -> messages.RecordsLoaded:
        """Read the records, connecting first where need be."""
        if self.builder is None:
            self.builder = self._shell.workspace.connect(self._name)
            if self.poller.stopped:
                self.builder.close()
                raise unread()
            self._history = self.builder.history(follow=True)
            Thread(target=self._listen, args=(self._history,), name="history", daemon=True).start()
        # builds after records: what used a record is among them
        snapshot, builds = self.builder.snapshot(), self._known_builds(self.builder)
        self._shell.workspace.see(snapshot, builds)
        self._reading = self._related(snapshot, builds)
        return messages.RecordsLoaded(self._reading)

    def _known_builds(self, builder: Builder) -> tuple[Build, ...]:
        """Return the builds that records are of; asks the builder again only when one began or ended."""
        events = self._events
        if events != self._events_told:
            self._told = self._shell.workspace.known_builds(builder)
            self._events_told = events if all(build.ref for build in self._told) else -1
        ours = {build.ref: build for build in self._shell.known.builds if build.ours}
        running = {ref: build for ref, build in ours.items() if build.status is BuildStatus.RUNNING}
        return (*(build for build in self._told if build.ref not in running), *running.values())

    def _related(self, snapshot: BuilderSnapshot, builds: tuple[Build, ...]) -> Reading:
        """Relate records and builds again only when one of them changed."""
        last = self._reading
        if last and builds == self._known and snapshot.records == last.snapshot.records:
            return replace(last, snapshot=snapshot)
        self._known = builds
        reading = Reading.of(snapshot, builds)
        return replace(reading, outlooks=outlooks(snapshot)) if len(snapshot.records) <= MAX_FORESEEN else reading

    def close(self) -> None:
        """Stop reading and listening, off the event loop: processes take a moment to end."""
        self.poller.stop()
        Thread(target=self._close, name="close", daemon=True).start()

    def _close(self) -> None:
        if self._history:
            self._history.close()
        if self.builder:
            self.builder.close()

    def _listen(self, history: History) -> None:
        if trouble := guarded(lambda: self._hear(history), ActionFailed):
            self._post(trouble)

    def _hear(self, history: History) -> None:
        for event in history:
            if self.poller.stopped:
                return
            placed = replace(event, build=self._shell.workspace.placed(event.build))
            self._post(messages.BuildHeard(placed))
            self._events += 1
            if event.build.status is not BuildStatus.RUNNING:
                self.poller.ask()
