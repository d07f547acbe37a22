"""A recording in place of an engine: in memory only, nothing outside is read or changed."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from threading import Event, RLock
from time import monotonic

from dockcache_tui.core.archives.archive import Archive
from dockcache_tui.core.builds.build import Build, BuildSpec, BuildStatus
from dockcache_tui.core.caches.cache import RepositoryUsage
from dockcache_tui.core.errors import SourceError, UsageError
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.lab.run import LabPlan, LabRun
from dockcache_tui.core.records.record import BuilderInfo, BuilderSnapshot, PruneOutcome, Record, RecordKey
from dockcache_tui.core.scope import Checkout
from dockcache_tui.lab.recorded.recording import RecordedBuild, Recording, moved
from dockcache_tui.lab.recorded.replay import Events, RecordedBuilder, ReplayedBuild, Tape, prune
from dockcache_tui.sources.command_log import CommandLog, LoggedCommand
from dockcache_tui.sources.github.protocol import ActionsSource
from dockcache_tui.sources.protocols import Archives, Builder, HistoryEvent, HistoryEventType, Images, RunningLab, Say


class RecordedWorkspace:
    """A Workspace in which each build is the recording's next one, at the pace it had.

    When the recording has ended, or something was pruned that its next build may have reused, it begins again with
    an empty builder.
    """

    recorded = True
    organisation = ""
    notice = ""

    def __init__(self, recording: Recording, *, built: int = 1, speed: float = 1.0) -> None:
        """Stand after so many of the recorded builds, as if the last had just ended; `speed` 10 replays in a tenth."""
        self._recording, self._speed = recording, speed
        self._lock = RLock()
        self._log = CommandLog()
        self._tapes: dict[str, Tape] = {}
        self._streams: list[Events] = []
        self._pruned: set[RecordKey] = set()
        done = recording.builds[:built]
        now = Instant.now()
        self._starts = [self._before(now, one.build, done[-1].after.taken_at) for one in done]
        """When each recorded build since the beginning was replayed."""
        self._builds = [moved(one.build, self._move) for one in done]
        self._done = len(done)
        for one, build in zip(done, self._builds, strict=True):
            self._tapes[build.ref] = self._tape(one, monotonic() - now.seconds_since(build.started_at))

    @property
    def next(self) -> RecordedBuild:
        """Return what is replayed next."""
        with self._lock:
            again = self._pruned or self._done == len(self._recording.builds)
            return self._recording.builds[0 if again else self._done]

    def checkout(self) -> Checkout:
        """Return the recorded folder as the last build saw it."""
        with self._lock:
            last = self._builds[-1] if self._builds else self._recording.builds[0].build
        default = self._recording.builds[0].build.branch
        return Checkout(last.folder, branch=last.branch, default=default, revision=last.revision, project=last.project)

    def builders(self) -> tuple[BuilderInfo, ...]:
        """List the one builder."""
        return (self._recording.builder,)

    def connect(self, name: str) -> RecordedBuilder:
        """Open the builder; raises SourceError for any other."""
        if name not in ("", self._recording.builder.name):
            raise SourceError(f"the recording has no builder {name}", title="There is no such builder")
        return RecordedBuilder(self, self._recording.builder)

    def placed(self, build: Build) -> Build:
        """Return a build as it is: all of them are the recording's own."""
        return build

    def known_builds(self, builder: Builder) -> tuple[Build, ...]:  # noqa: ARG002 - there is one builder
        """Return the builds so far: all of them are the recording's own."""
        return self.builds()

    def see(self, snapshot: BuilderSnapshot, builds: Sequence[Build]) -> None:
        """Keep nothing: there is no builder."""

    def last_durations(self, build: Build) -> Mapping[str, float]:  # noqa: ARG002 - all builds are the recording's own
        """Know none but those the recording's builds were counted with."""
        return {}

    def builds(self) -> tuple[Build, ...]:
        """Return the builds so far, newest first."""
        with self._lock:
            return tuple(reversed(self._builds))

    def kept(self, ref: str) -> Build | None:  # noqa: ARG002 - the demo reads no journal
        """Return nothing: a recording keeps no lab."""
        return None

    def explain(self, build: Build, against: str = "", file: str = "") -> Build:  # noqa: ARG002 - nothing else is recorded
        """Return a build as it is: its causes are recorded."""
        return build

    def lab_runs(self) -> tuple[LabRun, ...]:
        """Return none."""
        return ()

    def lab(self, plan: LabPlan | None, say: Say) -> AbstractContextManager[RunningLab]:  # noqa: ARG002
        """Refuse: there is no engine."""
        raise UsageError("a recording has no engine to run experiments on", hint="Leave it, and start the app.")

    def actions(self, repo: str = "") -> ActionsSource:  # noqa: ARG002 - no name leads anywhere
        """Refuse: there is no repository."""
        raise UsageError("a recording holds no repository on GitHub", title="Which repository?")

    def repositories(self) -> tuple[RepositoryUsage, ...]:
        """Return none: there is no organisation."""
        return ()

    def archives(self) -> Archives:
        """Refuse: a recording holds no archive."""
        raise UsageError("a recording holds no archives")

    def archive_files(self) -> tuple[Path, ...]:
        """Return none: a recording holds no archive."""
        return ()

    def located(self, archive: Archive) -> Archive:
        """Return an archive as it is: there is no repository to ask."""
        return archive

    def images(self) -> Images:
        """Refuse: there is no engine."""
        raise UsageError("a recording has no engine to load an archive into")

    def spec(self, say: Callable[[str], None] = lambda _: None) -> BuildSpec:  # noqa: ARG002 -- nothing is passed over
        """Return how every build was recorded."""
        return self._recording.spec

    def start(self, spec: BuildSpec) -> ReplayedBuild:
        """Replay the next build; raises UsageError for another than was recorded, or while one is replayed."""
        if spec != self._recording.spec:
            raise UsageError(
                "a recording can only be replayed as it was made", hint="Press b to replay its next build."
            )
        with self._lock:
            if self._builds and self._builds[-1].status is BuildStatus.RUNNING:
                raise UsageError("a build is being replayed already")
            recorded = self.next
            if recorded is self._recording.builds[0]:
                self._pruned, self._starts, self._done = set(), [], 0
            self._starts.append(Instant.now())
            return self._replay(recorded)

    def commands(self) -> tuple[LoggedCommand, ...]:
        """Return the commands of the recording that were replayed; none was run."""
        return self._log.entries()

    def close(self) -> None:
        """End the replays and streams."""
        with self._lock:
            for tape in self._tapes.values():
                tape.cut.set()
            for stream in self._streams:
                stream.close()

    def snapshot(self) -> BuilderSnapshot:
        """Return the builder as it was after the last build that ended, without what was pruned since."""
        with self._lock:
            recording, done = self._recording, self._done
            snapshot = recording.builds[done - 1].after if done else recording.before
            left = tuple(record for record in snapshot.records if record.key not in self._pruned)
            return replace(moved(replace(snapshot, records=left), self._move), taken_at=Instant.now())

    def prune(self, records: Sequence[Record]) -> PruneOutcome:
        """Take records away, in memory."""
        with self._lock:
            outcome = prune(self.snapshot().records, [one.key for one in records])
            self._pruned |= {pruned.key for pruned in outcome.freed}
            return outcome

    def events(self, *, follow: bool) -> Events:
        """Return the builds as a stream."""
        with self._lock:
            stream = Events(map(_event, self._builds), follow=follow)
            self._streams.append(stream)
            return stream

    def tape(self, ref: str) -> Tape:
        """Return the progress of a build; raises SourceError for an unknown one."""
        if ref not in self._tapes:
            raise SourceError(f"the recording has no build {ref}", title="There is no such build")
        return self._tapes[ref]

    def _replay(self, recorded: RecordedBuild) -> ReplayedBuild:
        ref = recorded.build.ref
        if ref in self._tapes:
            ref = f"{ref}-{len(self._tapes)}"
        started = self._starts[-1]
        build = replace(
            recorded.build,
            ref=ref,
            started_at=started,
            status=BuildStatus.RUNNING,
            completed_at=None,
            steps=(),
            compared_with="",
            time_saved=None,
            weighted_reuse=None,
        )
        tape = self._tapes[ref] = self._tape(recorded, monotonic())
        self._builds.append(build)
        number = self._log.start(recorded.command)

        def ended(seen: Build) -> Build:
            whole = replace(moved(recorded.build, self._move), ref=ref)
            succeeded = seen.status is BuildStatus.SUCCEEDED
            with self._lock:
                self._builds[-1] = whole if succeeded else seen
                if succeeded:
                    self._done += 1
                else:
                    self._starts.pop()
                self._tell(self._builds[-1])
            self._log.finish(number, 0 if succeeded else 1)
            return self._builds[-1]

        return ReplayedBuild(build, tape, self._tell, ended)

    def _tell(self, build: Build) -> None:
        with self._lock:
            for stream in self._streams:
                stream.tell(_event(build))

    def _tape(self, recorded: RecordedBuild, began: float) -> Tape:
        messages = tuple((at / self._speed, moved(progress, self._move)) for at, progress in recorded.messages)
        return Tape(messages, (recorded.build.duration or 0.0) / self._speed, began, Event())

    def _before(self, now: Instant, build: Build, last: Instant) -> Instant:
        return Instant(now.ns - int((last.ns - build.started_at.ns) / self._speed))

    def _move(self, moment: Instant) -> Instant:
        """Return when a moment of the recording was replayed: as long after its build's start as it was then."""
        begun = [
            (one.build.started_at, start) for one, start in zip(self._recording.builds, self._starts, strict=False)
        ]
        if not begun:
            return moment
        recorded, replayed = next((pair for pair in reversed(begun) if pair[0] <= moment), begun[0])
        return Instant(replayed.ns + int((moment.ns - recorded.ns) / self._speed))


def _event(build: Build) -> HistoryEvent:
    """Return what BuildKit's history tells: not whose a build is, nor of its steps."""
    running = build.status is BuildStatus.RUNNING
    heard = replace(build, steps=(), compared_with="", branch=None, time_saved=None, weighted_reuse=None, ours=False)
    return HistoryEvent(HistoryEventType.STARTED if running else HistoryEventType.COMPLETE, heard)
