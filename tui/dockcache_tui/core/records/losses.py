"""What may have taken the records that went between two readings of a node.

A cause fits where the model takes exactly what went. Only our own audit log and another worker make one certain: nobody
who reads a builder is told of its garbage collections and of the prunes of others.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

from dockcache_tui.core import wording
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.collection import Pass, collect
from dockcache_tui.core.records.policy import Rule
from dockcache_tui.core.records.record import Record
from dockcache_tui.core.records.tombstone import (
    Certainty,
    LossCause,
    LossKind,
    Sight,
    Tombstone,
    vanished,
    without,
)

LAG_NS = 62_000_000_000
"""How long after a build its garbage collection may come: passes are a minute apart."""
_OURS = "dockcache-tui records prune"
_PRUNE = "docker buildx prune"


@dataclass(frozen=True, slots=True)
class Told:
    """What else is known of the time between two readings of a node."""

    pruned: frozenset[str] = frozenset()
    """The ids that we pruned."""
    asked: frozenset[str] = frozenset()
    """The ids that we asked to prune without an answer."""
    ended: tuple[Instant, ...] | None = None
    """When builds ended, None where that is not known."""


def tombstones(before: Sight, now: Sight, told: Told) -> tuple[Tombstone, ...]:
    """Return what went between two readings of a node, each with what may have taken it.

    It applies the rules many times, which takes a while for thousands of records: call it off the event loop.
    """
    gone = vanished(before.records, now.records)
    if not gone:
        return ()
    if before.worker and now.worker and before.worker != now.worker:
        anew = (LossCause(LossKind.OTHER_ROOT, Certainty.CERTAIN),)
        return tuple(Tombstone(one, before.taken_at, now.taken_at, anew) for one in gone)
    others = [one for one in gone if one.id not in told.pruned]
    loss = _Loss(before, now, tuple(others), told) if others else None
    found = []
    for one in gone:
        if loss is None or one.id in told.pruned:
            causes: tuple[LossCause, ...] = (LossCause(LossKind.PRUNE, Certainty.CERTAIN, _OURS),)
        else:
            asked = (LossCause(LossKind.PRUNE, Certainty.FITS, _OURS),) if one.id in told.asked else ()
            causes = (*asked, *loss.causes(one))
        found.append(Tombstone(one, before.taken_at, now.taken_at, causes))
    return tuple(found)


class _Loss:
    """Records that went and nobody told why, with what could have taken just these."""

    def __init__(self, before: Sight, now: Sight, gone: tuple[Record, ...], told: Told) -> None:
        self._before, self._now, self._gone, self._ended = before, now, gone, told.ended
        self._ids = frozenset(one.id for one in gone)
        self._states = _states(without(before.records, told.pruned), now.records, gone)
        self._collected = self._collection()
        self._prunes = tuple(self._pruned())
        stayed = {one.id for one in before.records} & {one.id for one in now.records}
        self._lost_all = not stayed and self._may_have_restarted()
        self._restarted = self._lost_all and now.reconnected
        self._open = tuple(self._possible())

    def causes(self, record: Record) -> tuple[LossCause, ...]:
        """Return the causes of one record, the surest first."""
        fits = [LossCause(LossKind.PRUNE, Certainty.FITS, name) for name in self._prunes]
        if self._collected:
            policy, found = self._collected
            rules = {one.record.id: one.rule for one in found.taken}
            number = rules.get(record.id, found.taken[-1].rule)  # one that went by chance in place of its equal
            fits.insert(0, LossCause(LossKind.GC, Certainty.FITS, _words(policy[number - 1], number, found)))
        if self._restarted:
            fits.append(LossCause(LossKind.RESTART, Certainty.FITS))
        return (*fits, *self._open)

    def _possible(self) -> Iterator[LossCause]:
        """Return what does not fit and can't be excluded."""
        if not self._collected and not self._no_collection():
            yield LossCause(LossKind.GC, Certainty.UNKNOWN)
        nothing_fits = not (self._collected or self._prunes or self._restarted)
        if nothing_fits:
            yield LossCause(LossKind.PRUNE, Certainty.UNKNOWN)
        if self._may_have_restarted() and (nothing_fits or (self._lost_all and not self._restarted)):
            yield LossCause(LossKind.RESTART, Certainty.UNKNOWN)

    def _may_have_restarted(self) -> bool:
        since = self._now.connected_at
        return since is None or since > self._before.taken_at

    def _policies(self) -> tuple[tuple[Rule, ...], ...]:
        """Return the rules that were in force: a daemon that has others was started anew."""
        return tuple(dict.fromkeys(one for one in (self._before.policy, self._now.policy) if one is not None))

    def _collection(self) -> tuple[tuple[Rule, ...], Pass] | None:
        """Return a pass of the garbage collection that takes exactly what went."""
        after = self._now.taken_at
        ways = tuple(product(self._policies(), self._states, (None, after)))
        for policy, state, started in ways:
            for moment in self._moments(policy):
                found = collect(state, policy, moment, started=started)
                if self._is_what_went(found):
                    return policy, found
        for policy, state, started in ways:
            crowded = self._with_little_free(policy, state, started)
            if crowded is not None and self._is_what_went(crowded):
                return policy, crowded
        return None

    def _with_little_free(
        self, policy: Sequence[Rule], state: Sequence[Record], started: Instant | None
    ) -> Pass | None:
        """Return a pass that takes as many records as went since the disk was too full, where a rule looks at that."""
        wanted = max((rule.min_free for rule in policy), default=0)
        few, many = 1, min(wanted, sum(one.size for one in self._gone))
        while few <= many:
            missing = (few + many) // 2
            found = collect(state, policy, self._now.taken_at, free=wanted - missing, started=started)
            if len(found.taken) == len(self._gone):
                return found
            if len(found.taken) < len(self._gone):
                few = missing + 1
            else:
                many = missing - 1
        return None

    def _moments(self, policy: Sequence[Rule]) -> Iterable[Instant]:
        """Return moments at which a rule with an age may have acted: the first and last, and when what went was old."""
        first, last = self._before.taken_at, self._now.taken_at
        ages = {rule.keep_duration for rule in policy if rule.keep_duration}
        if not ages:
            return (last,)
        used = max(_used(one) for one in self._gone)
        ripe = (Instant(min(last.ns, max(first.ns, used + round(age * 1e9)))) for age in ages)
        return dict.fromkeys((last, first, *ripe))

    def _pruned(self) -> Iterator[str]:
        """Return the prunes, as people ask for them, that take exactly what went; with `--all` where it counts."""
        youngest = max(_used(one) for one in self._gone)
        options = {"": Rule()}
        if len(types := {one.type for one in self._gone}) == 1:
            (kind,) = types
            options[f" --filter type={kind}"] = Rule(filters=(f"type=={kind}",))
        if youngest:
            options[" --filter until=…"] = Rule(keep_duration=(self._now.taken_at.ns - youngest) / 1e9)
        for option, rule in options.items():
            for flag, one in (("", rule), (" --all", replace(rule, all=True))):
                if any(self._takes(state, one) for state in self._states):
                    yield f"{_PRUNE}{flag}{option}"
                    break
        for flag in ("", " --all"):
            if any(self._takes_down_to(state, all_=bool(flag)) for state in self._states):
                yield f"{_PRUNE}{flag} --max-used-space …"
                break

    def _takes(self, state: Sequence[Record], rule: Rule) -> bool:
        now = self._now.taken_at
        return any(self._is_what_went(collect(state, [rule], now, started=started)) for started in (None, now))

    def _takes_down_to(self, state: Sequence[Record], *, all_: bool) -> bool:
        """Tell whether a prune with a limit takes what went: one that is just above what stayed."""
        now = self._now.taken_at
        total = collect(state, [Rule(max_used=1 << 62)], now).applied[0].total
        rule = Rule(all=all_, max_used=total - sum(one.size for one in self._gone if not one.shared) + 1)
        return rule.max_used > 1 and self._takes(state, rule)

    def _is_what_went(self, found: Pass) -> bool:
        """Tell whether a pass takes what went; of records that are equal to it, chance decides."""
        return bool(found.ids) and found.ids ^ self._ids <= found.tied

    def _no_collection(self) -> bool:
        """Tell whether no pass can have taken anything: no rule had anything to do, whatever was built meanwhile."""
        policies = self._policies()
        if self._before.policy is None or self._now.policy is None:
            return False
        first, last = self._before.taken_at.ns - LAG_NS, self._now.taken_at.ns
        if any(policies) and (self._ended is None or any(first < one.ns <= last for one in self._ended)):
            return False
        passes = (collect(state, policy, self._now.taken_at, free=0) for policy in policies for state in self._states)
        return not any(one.taken or one.unforeseen for one in passes)


def _states(
    before: Sequence[Record], now: Sequence[Record], gone: Collection[Record]
) -> tuple[tuple[Record, ...], ...]:
    """Return what the node may have had just before the loss: nothing of what came meanwhile, all of it, no new use."""
    idle = [replace(one, in_use=False) for one in gone]
    then = {one.id: one for one in without(before, (one.id for one in gone))}
    states = ((*then.values(), *idle), (*now, *idle), (*(then.get(one.id, one) for one in now), *idle))
    return tuple(dict.fromkeys(states))


def _used(record: Record) -> int:
    return record.last_used_at.ns if record.last_used_at else 0


def _words(rule: Rule, number: int, found: Pass) -> str:
    """Return a rule as people know it, with what it found."""
    applied = found.applied[number - 1]
    if applied.keep is not None:
        over = wording.size(max(0, applied.total - applied.keep))
        return f"rule {number}: over {wording.size(applied.keep)} by {over}"
    if rule.keep_duration:
        return f"rule {number}: unused for {wording.span(rule.keep_duration)}"
    return f"rule {number}"
