"""A workspace in memory: an honest double that keeps records and builds, prunes, streams and fails as it is told."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import SimpleQueue
from threading import Event
from typing import Generic, TypeVar

from dockcache_tui.core.archives.archive import Archive
from dockcache_tui.core.builds.build import Build, BuildSpec, BuildStatus
from dockcache_tui.core.builds.cause import MissCause
from dockcache_tui.core.builds.progress import Progress
from dockcache_tui.core.builds.reducer import LiveBuild
from dockcache_tui.core.caches.cache import RepositoryUsage
from dockcache_tui.core.errors import SourceError, UsageError
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.lab.run import LabPlan, LabRun
from dockcache_tui.core.records.record import (
    BuilderInfo,
    BuilderSnapshot,
    NodeStatus,
    Pruned,
    PruneOutcome,
    Record,
    RecordKey,
)
from dockcache_tui.core.scope import Checkout
from dockcache_tui.sources.archives.local import LocalArchives
from dockcache_tui.sources.command_log import LoggedCommand
from dockcache_tui.sources.github.protocol import ActionsSource
from dockcache_tui.sources.journal import Journal
from dockcache_tui.sources.journal.lab_runs import LabRuns
from dockcache_tui.sources.protocols import Archives, Builder, HistoryEvent, Images, RunningLab, Say

Item = TypeVar("Item")


class Line(Generic[Item]):
    """A stream that another thread feeds and ends; it may be told to die."""

    def __init__(self, items: Sequence[Item] = ()) -> None:
        """Begin with some items."""
        self.failures: Mapping[str, SourceError] = {}
        self._items: SimpleQueue[Item | SourceError | None] = SimpleQueue()
        for item in items:
            self.say(item)

    def __iter__(self) -> Iterator[Item]:
        """Yield until closed; raises the error it dies of."""
        while (item := self._items.get()) is not None:
            if isinstance(item, SourceError):
                raise item
            yield item

    def say(self, item: Item) -> None:
        """Add an item."""
        self._items.put(item)

    def die(self, error: SourceError) -> None:
        """Raise in whoever iterates, after what was said before."""
        self._items.put(error)

    def close(self) -> None:
        """End the iteration."""
        self._items.put(None)


class Cache:
    """A builder whose records are in memory; what is pruned is gone from the next reading."""

    driver = "memory"

    def __init__(
        self, name: str = "builder", records: Sequence[Record] = (), nodes: Sequence[str] = ("node0",)
    ) -> None:
        """Take the records there are."""
        self.name, self.records = name, list(records)
        self.nodes = [NodeStatus(node) for node in nodes]
        self.events: Line[HistoryEvent] = Line()
        self._statuses: dict[str, Line[Progress]] = {}
        self.failure: SourceError | None = None
        self.pruned: list[RecordKey] = []
        self.readings = 0

    def snapshot(self) -> BuilderSnapshot:
        """Return the records of this moment, or raise what the builder fails with."""
        self.readings += 1
        if self.failure:
            raise self.failure
        return BuilderSnapshot(self.name, self.driver, tuple(self.nodes), tuple(self.records), Instant.now())

    def prune(self, records: Sequence[Record], stop: Event | None = None) -> PruneOutcome:  # noqa: ARG002 - takes no time
        """Free each record that no other is built on at its turn."""
        freed, failed = [], []
        for key in (one.key for one in records):
            record = next((one for one in self.records if one.key == key), None)
            if record is None or any(key.id in one.parents for one in self.records):
                failed.append((key, "not found" if record is None else "in use by another record"))
                continue
            self.records.remove(record)
            freed.append(Pruned(key, record.size))
            self.pruned.append(key)
        return PruneOutcome(tuple(freed), tuple(failed))

    def history(self, *, follow: bool) -> Line[HistoryEvent]:
        """Return the events, which go on with `follow`."""
        if not follow:
            self.events.close()
        return self.events

    def status(self, node: str, ref: str) -> Line[Progress]:
        """Return the progress of a build, none for one that is not known; raises SourceError for a strange node."""
        if node and node not in {one.name for one in self.nodes}:
            raise SourceError(f"{self.name} has no node {node}")
        return self._statuses.get(ref) or _ended()

    def stream(self, ref: str) -> Line[Progress]:
        """Make a build known, and return the progress it will tell."""
        return self._statuses.setdefault(ref, Line())

    def close(self) -> None:
        """End the events."""
        self.events.close()


def _ended() -> Line[Progress]:
    line: Line[Progress] = Line()
    line.close()
    return line


class Launched:
    """A build under way that the test moves on by `line`."""

    def __init__(self, build: Build) -> None:
        """Begin as the build given."""
        self.live = LiveBuild()
        self.line: Line[Progress] = Line()
        self.canceled = False
        self.causes: Mapping[str, MissCause] = {}
        """What is told at its end, by steps."""
        self._build = build

    def __iter__(self) -> Iterator[Progress]:
        """Yield what the test says until it ends the build."""
        for progress in self.line:
            self.live.apply(progress)
            yield progress

    def cancel(self) -> None:
        """End as a canceled build."""
        self.canceled = True
        self.end(BuildStatus.CANCELED)

    def end(self, status: BuildStatus, error: str = "") -> None:
        """End the build."""
        now = Instant.now()
        self.live.end(status, now)
        self._build = replace(self._build, status=status, completed_at=now, error=error)
        self.line.close()

    def result(self) -> Build:
        """Return the build with its steps as they stand."""
        told = {} if self._build.status is BuildStatus.RUNNING else self.causes
        steps = tuple(replace(step, cause=told.get(step.digest)) for step in self.live.snapshot())
        return replace(self._build, steps=steps)


@dataclass
class House:
    """The project's workspace; its parts can be changed while the app runs."""

    cache: Cache = field(default_factory=Cache)
    past: tuple[Build, ...] = ()
    work: Checkout = field(default_factory=lambda: Checkout("/project"))
    known: tuple[BuilderInfo, ...] = ()
    ran: tuple[LoggedCommand, ...] = ()
    to_build: BuildSpec | None = field(default_factory=lambda: BuildSpec("/project"))
    passed_over: str = ""
    launched: list[tuple[BuildSpec, Launched]] = field(default_factory=list)
    unreachable: SourceError | None = None
    engine: Images | None = None
    files: tuple[Path, ...] = ()
    reader: Archives = field(default_factory=LocalArchives)
    recorded: bool = False
    organisation: str = ""
    notice: str = ""
    closed: bool = False
    durations: Mapping[str, float] = field(default_factory=dict)
    explained: dict[tuple[str, str], Build | SourceError] = field(default_factory=dict)
    """By ref, and by the ref that it is compared with."""
    compared: list[tuple[str, str]] = field(default_factory=list)
    experiments: RunningLab | None = None
    planned: list[LabPlan | None] = field(default_factory=list)
    seen: list[tuple[BuilderSnapshot, tuple[Build, ...]]] = field(default_factory=list)

    def checkout(self) -> Checkout:
        """Return the checkout."""
        return self.work

    def builders(self) -> tuple[BuilderInfo, ...]:
        """Return the builders."""
        return self.known

    def connect(self, name: str) -> Cache:  # noqa: ARG002 - every name leads to the one builder
        """Open the builder, or raise why it can't be reached."""
        if self.unreachable:
            raise self.unreachable
        return self.cache

    def builds(self) -> tuple[Build, ...]:
        """Return the journal's builds."""
        return self.past

    def last_durations(self, build: Build) -> Mapping[str, float]:  # noqa: ARG002 - one project
        """Return what a test said."""
        return self.durations

    def explain(self, build: Build, against: str = "", file: str = "") -> Build:
        """Return the build as a test said that it is explained, else as it is; raises what a test said."""
        self.compared.append((build.ref, file or against))
        told = self.explained.get((build.ref, against), build)
        if isinstance(told, SourceError):
            raise told
        return told

    def placed(self, build: Build) -> Build:
        """Know no branches."""
        return build

    def kept(self, ref: str) -> Build | None:
        """Return a build of this machine's journal."""
        with closing(Journal()) as journal:
            return journal.build(ref)

    def lab_runs(self) -> tuple[LabRun, ...]:
        """Return this machine's runs."""
        with closing(LabRuns()) as kept:
            return kept.runs()

    def lab(self, plan: LabPlan | None, say: Say) -> AbstractContextManager[RunningLab]:
        """Begin the run that the test moves on."""
        if self.experiments is None:
            raise UsageError("no experiments here")
        self.planned.append(plan)
        say("Fetching an engine")
        return nullcontext(self.experiments)

    def see(self, snapshot: BuilderSnapshot, builds: Sequence[Build]) -> None:
        """Note what is kept of a reading."""
        self.seen.append((snapshot, tuple(builds)))

    def known_builds(self, builder: Builder) -> tuple[Build, ...]:  # noqa: ARG002 - there is one builder
        """Return the journal's builds."""
        return self.past

    def actions(self, repo: str = "") -> ActionsSource:  # noqa: ARG002 - no name leads anywhere
        """Refuse: there is no repository."""
        raise UsageError("no repository is known", title="Which repository?")

    def repositories(self) -> tuple[RepositoryUsage, ...]:
        """Return none."""
        return ()

    def archives(self) -> Archives:
        """Return what reads archives, for real."""
        return self.reader

    def archive_files(self) -> tuple[Path, ...]:
        """Return the files there are."""
        return self.files

    def located(self, archive: Archive) -> Archive:
        """Know no branches."""
        return archive

    def images(self) -> Images:
        """Return the engine's images; there is none unless a test gives some."""
        if self.engine is None:
            raise UsageError("there is no engine")
        return self.engine

    def spec(self, say: Callable[[str], None] = lambda _: None) -> BuildSpec:
        """Return what to build; raises UsageError when there is nothing."""
        if self.passed_over:
            say(self.passed_over)
        if self.to_build is None:
            raise UsageError("nothing to build in /project", hint="Add a Dockerfile.")
        return self.to_build

    def start(self, spec: BuildSpec) -> Launched:
        """Start a build that the test moves on."""
        build = Build(f"ours{len(self.launched)}", self.cache.name, Instant.now(), BuildStatus.RUNNING)
        self.launched.append((spec, Launched(build)))
        return self.launched[-1][1]

    def commands(self) -> tuple[LoggedCommand, ...]:
        """Return the commands that were run."""
        return self.ran

    def close(self) -> None:
        """Note that it was closed."""
        self.closed = True
