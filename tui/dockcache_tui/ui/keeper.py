"""Keeps the app in touch with its sources: reads the builder on a beat, listens for builds, follows those under way."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Thread
from time import monotonic, sleep

from textual.message import Message

from dockcache_tui.core.builds.build import Build, BuildSpec, BuildStatus
from dockcache_tui.core.builds.log import LogView
from dockcache_tui.core.errors import DockcacheError, SourceError
from dockcache_tui.core.records.outcome import compare
from dockcache_tui.core.records.prune import PrunePlan
from dockcache_tui.core.records.reading import Reading
from dockcache_tui.core.records.record import BuilderSnapshot
from dockcache_tui.sources.export import Row, write_export
from dockcache_tui.sources.protocols import Builder, HistoryEvent, Stream, Workspace
from dockcache_tui.ui import messages
from dockcache_tui.ui.archives.workers import ArchivesWorkers
from dockcache_tui.ui.builds.following import Following, WatchedBuild
from dockcache_tui.ui.caches.workers import CachesWorkers
from dockcache_tui.ui.shared import accounts
from dockcache_tui.ui.shared.threads import TOLD_AFTER, Once, Poller, Post, Waits, forget, guarded, unread

BEAT = 4.0
"""Seconds between two readings of a builder."""
HANGS = 10.0
"""Seconds after which a reading of what was read before hangs: it would be told as failed when nobody answered."""
RETURN = 5.0
"""Seconds in which a builder that was lost may come back and tell what became of the records no answer told of."""
TRY_EVERY = 0.5
MAX_FOLLOWED = 16
"""Builds whose logs are kept; the oldest go first."""


class Keeper:
    """Owns the builder's connection and all threads; every method returns at once and is called on the event loop."""

    def __init__(self, workspace: Workspace, post: Post) -> None:
        """Take where to ask and whom to tell."""
        self.workspace = workspace
        self.ours: Following | None = None
        """Our build that runs, or the last that did."""
        self.builds: tuple[Build, ...] = ()
        """The builds known so far; the app keeps them up to date."""
        self._post = post
        self.waits = Waits()
        self._following: deque[Following] = deque(maxlen=MAX_FOLLOWED)
        self._link: _Link | None = None
        self._name = ""
        self.caches = CachesWorkers(workspace, post, self.waits)
        self.archives = ArchivesWorkers(workspace, self.caches.open, post, self.waits)

    def open(self, builder: str) -> None:
        """Connect to a builder, letting go of the one before."""
        self.close()
        self._name = builder
        self._link = _Link(self, builder, self._post)

    def close(self) -> None:
        """Let go of the builder; a build of ours goes on."""
        if self._link:
            self._link.close()
            self._link = None

    def refresh(self) -> None:
        """Read builder and project again now."""
        self.read_records()
        self.read_project()
        if self.caches.opened:
            self.caches.read()
        if self.archives.opened:
            self.archives.list()

    def read_records(self) -> None:
        """Read the builder again now, also after that was given up."""
        if self._link:
            self._link.beat.ask()
        else:
            self.open(self._name)

    def leave_records(self) -> None:
        """Read the builder no more until that is asked for."""
        self.close()
        self._post(messages.ReadFailed(unread()))

    def pause(self, *, paused: bool) -> None:
        """Stop or go on reading on a beat."""
        if self._link:
            self._link.beat.paused = paused

    def read_project(self) -> None:
        """Read what git and the journal say."""

        def work() -> Message:
            builds = self.workspace.builds()
            return messages.ProjectRead(self.workspace.checkout(), builds, self.workspace.notice)

        self.waits.do("reading the project", work, self._post, messages.ProjectFailed)

    def list_builders(self) -> None:
        """List the builders there are."""
        self._do("listing the builders", lambda: messages.BuildersListed(self.workspace.builders()), forget)

    def find_spec(self, told: Callable[[BuildSpec], Message]) -> None:
        """Find out what to build."""
        self._do("finding what to build", lambda: told(self.workspace.spec(self._pass_over)), forget)

    def _pass_over(self, text: str) -> None:
        self._post(messages.PassedOver(text))

    def start(self, spec: BuildSpec) -> None:
        """Start a build and follow it."""

        def work() -> Message:
            self.ours = following = Following(self.workspace.start(spec), self._post)
            self._following.append(following)
            return messages.BuildMoved(following.key, following.running.result())

        self._do("starting the build", work)

    def cancel(self) -> None:
        """Cancel our build that runs."""
        if self.ours:
            Once("cancel", self.ours.running.cancel, self._post, messages.ActionFailed)

    def follow(self, build: Build, *, again: bool = False) -> None:
        """Follow a build on the builder, from its beginning; `again` also when following it broke off."""
        link, before = self._link, self.follows(build.ref)
        if link and link.builder and (before is None or (again and before.broken)):
            if before:
                self._following.remove(before)
            status = link.builder.status(build.node, build.ref)
            watched = WatchedBuild(build, status, self.workspace.last_durations)
            self._following.append(Following(watched, self._post, again=before is not None))

    def follows(self, ref: str) -> Following | None:
        """Return who follows a build, if anyone does or did."""
        return next((one for one in self._following if ref in (one.key, one.running.result().ref)), None)

    def log(self, ref: str, digest: str) -> LogView:
        """Return the output of a step of a followed build."""
        following = self.follows(ref)
        return following.running.live.log(digest) if following else LogView()

    def prune(self, plan: PrunePlan, reading: Reading) -> None:
        """Carry a plan out, read again and compare; what came of it is told also when the builder is lost."""
        link = self._link

        def work() -> Message:
            if link is None or link.builder is None:
                lost = "the builder's connection was lost"
                raise SourceError(lost, title="Nothing was deleted", hint="Press r, then try again.")
            outcome = link.builder.prune(plan.freed)
            after = self._read_after(link, RETURN if outcome.unknown else 0)
            lineage = after.lineage if after else None
            unread = {node.name for node in after.snapshot.nodes if node.error} if after else ()
            account = accounts.of_prune(plan, compare(plan, outcome, lineage, unread), reading)
            return messages.Deleted("records", account)

        self._do("pruning", work)

    def _read_after(self, link: "_Link", patience: float) -> Reading | None:
        """Read the records and tell of them, trying for some seconds where a builder may be coming back."""
        deadline = monotonic() + patience
        while True:
            try:
                after = link.read()
                if monotonic() >= deadline or not any(node.error for node in after.reading.snapshot.nodes):
                    self._post(after)
                    return after.reading
            except DockcacheError as error:
                if monotonic() >= deadline:
                    self._post(messages.ReadFailed(error))
                    return None
            sleep(TRY_EVERY)

    def export(self, view: str, kind: str, rows: Sequence[Row]) -> None:
        """Write rows to a new file in the current folder."""
        self._do("writing", lambda: messages.Exported(write_export(Path.cwd(), f"dockcache-{view}", kind, rows)))

    def _do(self, name: str, work: Callable[[], Message | None], given_up: Callable[[], None] | None = None) -> None:
        self.waits.do(name, work, self._post, messages.ActionFailed, given_up)


class _Link:
    """One builder's connection: connects as soon as the builder can be reached, and again after it was lost."""

    def __init__(self, keeper: Keeper, name: str, post: Post) -> None:
        self.builder: Builder | None = None
        self._keeper, self._name, self._post = keeper, name, post
        self._history: Stream[HistoryEvent] | None = None
        self._reading: Reading | None = None
        self._known: tuple[Build, ...] = ()
        self.beat = Poller("records", self._read, post, messages.ReadFailed, BEAT)
        self.beat.start()

    def _read(self) -> messages.RecordsLoaded:
        usual = TOLD_AFTER if self._reading is None else HANGS
        wait = self._keeper.waits.begin("reading records", self._keeper.leave_records, usual)
        try:
            return self.read()
        finally:
            self._keeper.waits.end(wait)

    def read(self) -> messages.RecordsLoaded:
        """Read the records, connecting first where need be."""
        if self.builder is None:
            self.builder = self._keeper.workspace.connect(self._name)
            if self.beat.stopped:
                self.builder.close()
                raise unread()
            self._history = self.builder.history(follow=True)
            Thread(target=self._listen, args=(self._history,), name="history", daemon=True).start()
        self._reading = self._related(self.builder.snapshot(), self._keeper.builds)
        return messages.RecordsLoaded(self._reading)

    def _related(self, snapshot: BuilderSnapshot, builds: tuple[Build, ...]) -> Reading:
        """Relate records and builds again only when one of them changed."""
        last = self._reading
        if last and builds == self._known and snapshot.records == last.snapshot.records:
            return replace(last, snapshot=snapshot)
        self._known = builds
        return Reading.of(snapshot, builds)

    def close(self) -> None:
        """Stop reading and listening, off the event loop: processes take a moment to end."""
        self.beat.stop()
        Thread(target=self._close, name="close", daemon=True).start()

    def _close(self) -> None:
        if self._history:
            self._history.close()
        if self.builder:
            self.builder.close()

    def _listen(self, history: Stream[HistoryEvent]) -> None:
        if trouble := guarded(lambda: self._hear(history), messages.ActionFailed):
            self._post(trouble)

    def _hear(self, history: Stream[HistoryEvent]) -> None:
        for event in history:
            if self.beat.stopped:
                return
            placed = replace(event, build=self._keeper.workspace.placed(event.build))
            self._post(messages.BuildHeard(placed))
            if event.build.status is not BuildStatus.RUNNING:
                self.beat.ask()
