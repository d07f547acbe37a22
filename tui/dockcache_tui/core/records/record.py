"""Builder records, and the builder and nodes that keep them."""

from dataclasses import dataclass

from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.policy import Rule


@dataclass(frozen=True, slots=True)
class NodeInfo:
    """One node of a builder; `status` is `running`, `inactive`, `stopped`, `error`, or empty when unknown."""

    name: str
    endpoint: str = ""
    status: str = ""
    error: str = ""
    buildkit_version: str = ""
    platforms: tuple[str, ...] = ()

    @property
    def running(self) -> bool:
        """Tell whether it answered."""
        return self.status == "running"


@dataclass(frozen=True, slots=True)
class BuilderInfo:
    """A builder; `current` is the one used when none is named; `error` is why it could not be read."""

    name: str
    driver: str
    nodes: tuple[NodeInfo, ...] = ()
    current: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class RecordKey:
    """What tells a record from every other: ids are unique only within a node."""

    node: str
    id: str


@dataclass(frozen=True, slots=True)
class Record:
    """One cache record on one node of a builder, as BuildKit's control API gives it (UsageRecord)."""

    builder: str
    node: str
    id: str
    type: str
    size: int
    created_at: Instant
    last_used_at: Instant | None
    usage_count: int
    parents: tuple[str, ...]
    in_use: bool
    shared: bool
    mutable: bool
    description: str

    @property
    def key(self) -> RecordKey:
        """Return the node and id."""
        return RecordKey(self.node, self.id)

    @property
    def reclaimable(self) -> bool:
        """Tell whether pruning may free it: in use or shared with an image frees nothing."""
        return not self.in_use and not self.shared


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """How one node answered: `error` is None when it did; `error_hint` says what to do.

    `worker` is the id of what builds there: another one once its cache was made anew. `policy` are the rules of its
    garbage collection; there are none where it is off, and None where they are unknown.
    """

    name: str
    endpoint: str = ""
    error: str | None = None
    error_hint: str = ""
    buildkit_version: str = ""
    worker: str = ""
    policy: tuple[Rule, ...] | None = None
    connected_at: Instant | None = None
    """Since when the connection has stood: its daemon has not ended since then."""
    reconnected: bool = False
    """Whether there was a connection before that broke."""


@dataclass(frozen=True, slots=True)
class BuilderSnapshot:
    """All records of all nodes of a builder at one moment."""

    builder: str
    driver: str
    nodes: tuple[NodeStatus, ...]
    records: tuple[Record, ...]
    taken_at: Instant


@dataclass(frozen=True, slots=True)
class Pruned:
    """What one record gave back when it was pruned, as the daemon reported it."""

    key: RecordKey
    size: int


@dataclass(frozen=True, slots=True)
class PruneOutcome:
    """What a prune really did, each record with the reason: it stayed, no answer told of it, or it was never asked for.

    `unaudited` is why some of it is not in the audit log.
    """

    freed: tuple[Pruned, ...]
    failed: tuple[tuple[RecordKey, str], ...] = ()
    unknown: tuple[tuple[RecordKey, str], ...] = ()
    not_tried: tuple[tuple[RecordKey, str], ...] = ()
    unaudited: str = ""

    @property
    def bytes(self) -> int:
        """Return the bytes freed."""
        return sum(pruned.size for pruned in self.freed)
