"""What is replayed: progress at the pace it came, the builds as events, and a builder that can be pruned."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from queue import SimpleQueue
from threading import Event
from time import monotonic
from typing import Protocol

from dockcache_tui.core.builds.build import Build, BuildStatus
from dockcache_tui.core.builds.progress import Progress
from dockcache_tui.core.builds.reducer import LiveBuild
from dockcache_tui.core.errors import SourceError
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.record import BuilderInfo, BuilderSnapshot, Pruned, PruneOutcome, Record, RecordKey
from dockcache_tui.sources.protocols import HistoryEvent


@dataclass(frozen=True, slots=True)
class Tape:
    """Progress with the seconds after `began` (time.monotonic) when each message is due; `cut` ends it for everyone."""

    messages: tuple[tuple[float, Progress], ...]
    ends: float
    began: float
    cut: Event

    def play(self, closed: Event) -> Iterator[Progress]:
        """Yield what is due until the end, the cut, or, with the next message, until closed."""
        for due, progress in (*self.messages, (self.ends, None)):
            if self.cut.wait(max(0.0, self.began + due - monotonic())) or closed.is_set():
                return
            if progress:
                yield progress


class ReplayedStream:
    """A Stream of one build's progress, from its beginning."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._closed = Event()

    def __iter__(self) -> Iterator[Progress]:
        """Yield progress until the build ends or close()."""
        return self._tape.play(self._closed)

    def close(self) -> None:
        self._closed.set()


class Events:
    """A Stream of builds: those so far, then with `follow` what is told until close()."""

    def __init__(self, past: Iterable[HistoryEvent], *, follow: bool) -> None:
        self.failures: Mapping[str, SourceError] = {}
        self._queue: SimpleQueue[HistoryEvent | None] = SimpleQueue()
        for event in past:
            self._queue.put(event)
        if not follow:
            self._queue.put(None)

    def tell(self, event: HistoryEvent) -> None:
        """Tell of a build."""
        self._queue.put(event)

    def __iter__(self) -> Iterator[HistoryEvent]:
        """Yield events until the end."""
        return iter(self._queue.get, None)

    def close(self) -> None:
        self._queue.put(None)


class ReplayedBuild:
    """A RunningBuild: iterating replays it."""

    def __init__(
        self, build: Build, tape: Tape, began: Callable[[Build], None], ended: Callable[[Build], Build]
    ) -> None:
        """Replay a build from a tape; `ended` is told how it ended and returns it as it is kept."""
        self.live = LiveBuild()
        self._build, self._tape, self._began, self._ended = build, tape, began, ended

    def __iter__(self) -> Iterator[Progress]:
        """Yield progress until the build ends."""
        for number, progress in enumerate(self._tape.play(self._tape.cut)):
            if not number:
                self._began(self._build)  # BuildKit too tells of a build only when it has reached the daemon
            self.live.apply(progress)
            yield progress
        now = Instant.now()
        status = BuildStatus.CANCELED if self._tape.cut.is_set() else BuildStatus.SUCCEEDED
        self.live.end(status, now)
        self._build = self._ended(replace(self.result(), status=status, completed_at=now))

    def cancel(self) -> None:
        """Cancel the replay from any thread."""
        self._tape.cut.set()

    def result(self) -> Build:
        """Return the build as it stands, after the end as it is kept."""
        running = self._build.status is BuildStatus.RUNNING
        return replace(self._build, steps=self.live.snapshot()) if running else self._build


class Replays(Protocol):
    """What the builder needs of its workspace."""

    def snapshot(self) -> BuilderSnapshot:
        """Return the builder as it is now."""

    def prune(self, records: Sequence[Record]) -> PruneOutcome:
        """Take records away, in memory."""

    def events(self, *, follow: bool) -> Events:
        """Return the builds as a stream."""

    def tape(self, ref: str) -> Tape:
        """Return the progress of a build; raises SourceError for an unknown one."""


class RecordedBuilder:
    def __init__(self, replays: Replays, info: BuilderInfo) -> None:
        self.name, self.driver = info.name, info.driver
        self._replays = replays
        self._streams: list[Events | ReplayedStream] = []

    def snapshot(self) -> BuilderSnapshot:
        """Return every record as of the last build that was replayed."""
        return self._replays.snapshot()

    def prune(self, records: Sequence[Record]) -> PruneOutcome:
        """Take exactly these records away, in memory, in the order given."""
        return self._replays.prune(records)

    def history(self, *, follow: bool) -> Events:
        """Stream the builds so far, and with `follow` those replayed from now on."""
        self._streams.append(events := self._replays.events(follow=follow))
        return events

    def status(self, node: str, ref: str) -> ReplayedStream:  # noqa: ARG002 - there is one node
        """Stream the progress of a build from its beginning; raises SourceError for an unknown one."""
        self._streams.append(following := ReplayedStream(self._replays.tape(ref)))
        return following

    def close(self) -> None:
        """End all streams."""
        for stream in self._streams:
            stream.close()


def prune(records: Iterable[Record], keys: Iterable[RecordKey]) -> PruneOutcome:
    """Return what BuildKit would free of these records: none that is in use, shared or still built upon."""
    left = {record.key: record for record in records}
    freed: list[Pruned] = []
    failed: list[tuple[RecordKey, str]] = []
    for key in keys:
        record = left.get(key)
        held = any(key.node == other.node and key.id in other.parents for other in left.values())
        if record and record.reclaimable and not held:
            freed.append(Pruned(key, left.pop(key).size))
        else:
            failed.append((key, ""))
    return PruneOutcome(tuple(freed), tuple(failed))
