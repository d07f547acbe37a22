"""What is kept of records that were seen on a node and are gone: a tombstone of each, and what may have taken it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.policy import Rule
from dockcache_tui.core.records.record import Record


@dataclass(frozen=True, slots=True)
class Sight:
    """The records of one node at one moment, with the worker that kept them and the rules it collects garbage by.

    `connected_at` is since when the connection has stood: the daemon did not end after that. None where it is unknown.
    `reconnected` tells whether there was one before that broke.
    """

    taken_at: Instant
    records: tuple[Record, ...]
    worker: str = ""
    policy: tuple[Rule, ...] | None = None
    connected_at: Instant | None = None
    reconnected: bool = False


class LossKind(StrEnum):
    """What takes records; `OTHER_ROOT` is that the builder has been made anew, with another cache."""

    GC = "gc"
    PRUNE = "prune"
    RESTART = "restart"
    OTHER_ROOT = "other root"


_MAY = {
    LossKind.GC: "a garbage collection",
    LossKind.PRUNE: "a prune",
    LossKind.RESTART: "a restart that lost the cache",
    LossKind.OTHER_ROOT: "a builder made anew",
}
_CERTAIN = {
    LossKind.PRUNE: "dockcache-tui pruned it",
    LossKind.OTHER_ROOT: "the builder was made anew, with an empty cache",
}


class Certainty(StrEnum):
    """How sure a cause is: it is known, all that went is just what it would have taken, or it can't be excluded."""

    CERTAIN = "certain"
    FITS = "fits"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class LossCause:
    """What may have taken a record; `name` is the rule or the command, as far as it can be told."""

    kind: LossKind
    certainty: Certainty
    name: str = ""


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A record that was there in one reading and gone in the next; of its causes, one or more, the surest are first."""

    record: Record
    seen_at: Instant
    gone_at: Instant
    causes: tuple[LossCause, ...]

    @property
    def story(self) -> str:
        """Return in a few words what took it, as sure as that is known."""
        causes = self.told
        if causes[0].certainty is Certainty.CERTAIN:
            return _CERTAIN[causes[0].kind]
        if causes[0].certainty is Certainty.UNKNOWN:
            return f"not known: {either(causes)}"
        return f"fits {either(causes)}{f'; maybe {either(self.possible)}' if self.possible else ''}"

    @property
    def possible(self) -> tuple[LossCause, ...]:
        """Return the causes that can't be excluded although others fit."""
        return tuple(one for one in self.causes if one not in self.told)

    @property
    def told(self) -> tuple[LossCause, ...]:
        """Return the surest causes: what is known, else what fits, else all that can't be excluded."""
        return tuple(one for one in self.causes if one.certainty is self.causes[0].certainty)


def either(causes: Iterable[LossCause]) -> str:
    """Return what may have taken something, as people would name it; of several of one kind the first is named."""
    by_kind: dict[LossKind, list[str]] = {}
    for one in causes:
        by_kind.setdefault(one.kind, []).append(one.name)
    names = [_named(kind, list(dict.fromkeys(filter(None, found)))) for kind, found in by_kind.items()]
    return f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else names[0]


def _named(kind: LossKind, names: Sequence[str]) -> str:
    return f"{_MAY[kind]} ({names[0]}{' or alike' if len(names) > 1 else ''})" if names else _MAY[kind]


def vanished(before: Sequence[Record], now: Sequence[Record]) -> tuple[Record, ...]:
    """Return the records of a node that are gone.

    Those are not that only have another id, as what a step made gets once something is built on it; nor what a build
    still held that made it, as of a step that failed: no later build could have used it.
    """
    known, present = {one.id for one in before}, {one.id for one in now}
    fresh = [one for one in now if one.id not in known]
    gone = []
    for record in sorted((one for one in before if one.id not in present), key=lambda one: one.created_at):
        twin = min(
            (one for one in fresh if _is_same(record, one)),
            key=lambda one: abs(one.created_at.ns - record.created_at.ns),
            default=None,
        )
        if twin:
            fresh.remove(twin)
        elif not (record.in_use and record.last_used_at is None and record.type == "regular"):
            gone.append(record)
    return tuple(gone)


def _is_same(old: Record, new: Record) -> bool:
    """Tell whether a new id is that of the same files: what a step writes into, and what it finished of that.

    The finished one was made when its step ended, so before it was last used; a step that runs again ends later than
    that. What clients send is finished anew by each build, and shown without its type while the build holds it.
    """
    if old.mutable == new.mutable or old.description != new.description or set(old.parents) != set(new.parents):
        return False
    draft, final = (old, new) if old.mutable else (new, old)
    if final.created_at < draft.created_at:
        return False
    if draft.type != final.type:
        return final.type == "regular" and final.in_use
    return old.in_use or old.last_used_at is None or final.created_at <= old.last_used_at


def without(records: Iterable[Record], ids: Iterable[str]) -> tuple[Record, ...]:
    """Return the records that have none of these ids."""
    left_out = frozenset(ids)
    return tuple(one for one in records if one.id not in left_out)
