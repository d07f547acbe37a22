"""How what a prune did compares with what its plan said, to the byte."""

from collections import Counter
from collections.abc import Container, Iterable
from dataclasses import dataclass
from enum import StrEnum

from dockcache_tui.core.records.lineage import Lineage
from dockcache_tui.core.records.prune import Kept, PrunePlan
from dockcache_tui.core.records.record import PruneOutcome, Record, RecordKey


class Cause(StrEnum):
    """Why one record freed something else than planned."""

    RESIZED = "its size changed"
    USED = "it was taken into use meanwhile"
    SHARED = "an image came to share it meanwhile"
    BUILT_UPON = "something was built on it meanwhile"
    GONE = "it was gone already"
    REFUSED = "the builder refused"
    STAYED = "the builder kept it and gave no reason"
    UNKNOWN = "it was used, or gone, meanwhile"
    UNPLANNED = "the builder freed it too"
    NOT_TRIED = "not tried"
    UNANSWERED = "no answer came: it may be gone"
    UNANSWERED_GONE = "it is gone, though no answer came"

    @property
    def outcome(self) -> str:
        """Return in one of a few words what became of the record; they are stable, see docs/json.md."""
        return _OUTCOMES.get(self, "stayed")


_OUTCOMES = {
    Cause.RESIZED: "freed",
    Cause.UNPLANNED: "freed",
    Cause.GONE: "gone",
    Cause.UNANSWERED_GONE: "gone",
    Cause.REFUSED: "refused",
    Cause.UNKNOWN: "unknown",
    Cause.UNANSWERED: "unknown",
    Cause.NOT_TRIED: "not tried",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One record of which plan and outcome disagree, in bytes; `detail` is the builder's own words, if any."""

    key: RecordKey
    planned: int
    freed: int
    cause: Cause
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Plan and outcome in bytes; the differences account for every byte between them.

    `records` is how many were freed, and `unaudited` why some of it is not in the audit log.
    """

    planned: int
    freed: int
    differences: tuple[Difference, ...]
    records: int = 0
    unaudited: str = ""

    @property
    def agrees(self) -> bool:
        """Tell whether every record freed exactly what was planned."""
        return not self.differences

    @property
    def untried(self) -> bool:
        """Tell whether nothing at all of the plan could be tried."""
        tried = (one for one in self.differences if one.cause is not Cause.NOT_TRIED)
        return bool(self.differences) and not self.records and not any(tried)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one record in a word, the bytes it freed, and why; `kept` where the plan left it out."""

    key: RecordKey
    word: str
    freed: int
    detail: str = ""
    kept: Kept | None = None


def outcomes(plan: PrunePlan, found: Comparison) -> tuple[Outcome, ...]:
    """Return what became of each record: those planned to go, in their order, those freed besides, those that stay."""
    differences = {
        one.key: Outcome(one.key, one.cause.outcome, one.freed, ": ".join(filter(None, (one.cause.value, one.detail))))
        for one in found.differences
    }
    planned = [differences.pop(one.key, Outcome(one.key, "freed", one.size)) for one in plan.freed]
    kept = [Outcome(one.key, "stayed", 0, one.reason.value, one) for one in plan.kept]
    return (*planned, *differences.values(), *kept)


def compare(
    plan: PrunePlan,
    outcome: PruneOutcome,
    after: Iterable[Record] | Lineage | None = None,
    unread: Container[str] = (),
) -> Comparison:
    """Compare a plan with its outcome; `after` is the next reading, which tells why a record stayed.

    `unread` are the nodes that the next reading could not read.
    """
    now = None if after is None else Lineage.of(after)
    freed: Counter[RecordKey] = Counter()
    for pruned in outcome.freed:
        freed[pruned.key] += pruned.size
    refused, unanswered, untried = dict(outcome.failed), dict(outcome.unknown), dict(outcome.not_tried)
    planned = {record.key: record.size for record in plan.freed}
    differences = []
    for key, size in planned.items():
        seen = None if key.node in unread else now
        if key in untried:
            differences.append(Difference(key, size, 0, Cause.NOT_TRIED, untried[key]))
        elif key in unanswered:
            differences.append(Difference(key, size, 0, _unanswered(seen, key), unanswered[key]))
        elif key not in freed:
            cause = Cause.REFUSED if refused.get(key) else _why_not(seen, key)
            differences.append(Difference(key, size, 0, cause, refused.get(key, "")))
        elif freed[key] != size:
            differences.append(Difference(key, size, freed[key], Cause.RESIZED))
    differences += [Difference(key, 0, size, Cause.UNPLANNED) for key, size in freed.items() if key not in planned]
    return Comparison(plan.bytes, outcome.bytes, tuple(differences), len(outcome.freed), outcome.unaudited)


def _unanswered(now: Lineage | None, key: RecordKey) -> Cause:
    if now is None:
        return Cause.UNANSWERED
    cause = _why_not(now, key)
    return Cause.UNANSWERED_GONE if cause is Cause.GONE else cause


def _why_not(now: Lineage | None, key: RecordKey) -> Cause:
    if now is None:
        return Cause.UNKNOWN
    position = now.position(key)
    if position is None:
        return Cause.GONE
    record = now.records[position]
    if record.in_use:
        return Cause.USED
    if record.shared:
        return Cause.SHARED
    return Cause.BUILT_UPON if now.children[position] else Cause.STAYED
