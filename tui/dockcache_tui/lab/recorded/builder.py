"""The recorded builder, and how pruning it works."""

from collections.abc import Iterable, Sequence
from threading import Event
from typing import Protocol

from dockcache_tui.core.records.record import BuilderInfo, BuilderSnapshot, Pruned, PruneOutcome, Record, RecordKey
from dockcache_tui.lab.recorded.replay import Events, ReplayedStream, Tape


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
    """A Builder on a recording."""

    def __init__(self, replays: Replays, info: BuilderInfo) -> None:
        """Stand for the recorded builder."""
        self.name, self.driver = info.name, info.driver
        self._replays = replays
        self._streams: list[Events | ReplayedStream] = []

    def snapshot(self) -> BuilderSnapshot:
        """Return every record as of the last build that was replayed."""
        return self._replays.snapshot()

    def prune(self, records: Sequence[Record], stop: Event | None = None) -> PruneOutcome:  # noqa: ARG002 - takes no time
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
