"""When each record of a builder would go, and by which rule of its policy: exact until the next build."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from dockcache_tui.core import wording
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.collection import Collection, Pass
from dockcache_tui.core.records.daemon_filter import daemon_filter
from dockcache_tui.core.records.policy import Rule
from dockcache_tui.core.records.record import BuilderSnapshot, Record

_EMPTY = -(2**63)
"""Below these bytes no cache ever is."""


@dataclass(frozen=True, slots=True)
class Way:
    """What has to hold for a rule (from 1) to take a record: all of it; nothing more than a collection if all is empty.

    `at` is when it is old enough, `growth` how many bytes the cache has to grow first, `free` below how many bytes of
    free disk; `restarted` when the daemon was started again after the records were made.
    """

    rule: int
    at: Instant | None = None
    growth: int = 0
    free: int = 0
    restarted: bool = False

    def __str__(self) -> str:
        """Return it in words."""
        conditions = []
        if self.at:
            conditions.append(f"not used until {self.at.whole_second}")
        if self.growth:
            conditions.append(f"the cache has grown by {wording.size(self.growth)}")
        if self.free:
            conditions.append(f"less than {wording.size(self.free)} of the disk is free")
        if self.restarted:
            conditions.append("the builder was restarted since it was made")
        return f"once {' and '.join(conditions)}" if conditions else "at the next collection"

    @property
    def sure(self) -> bool:
        """Tell whether nothing more than a collection is needed."""
        return self == Way(self.rule)


@dataclass(frozen=True, slots=True)
class Going:
    """A record that goes one way or another, the surest way first; `order` is its place among all, from 1.

    `doubt` says in words what may keep it all the same.
    """

    record: Record
    order: int
    ways: tuple[Way, ...]
    doubt: str = ""

    @property
    def next(self) -> bool:
        """Tell whether the next collection takes it, which follows the next build."""
        return self.ways[0].sure

    @property
    def when(self) -> str:
        """Return in words when it goes, with the rule of each other way."""
        first, *others = self.ways
        more = "".join(f", or {way} (rule {way.rule})" for way in others)
        return f"{first}{f', {self.doubt}' if self.doubt else ''}{more}"


@dataclass(frozen=True, slots=True)
class Outlook:
    """What would go from one node by its rules, in order: what the next collection takes, then by growth, then by age.

    `first` is the next collection itself.
    """

    rules: tuple[Rule, ...]
    first: Pass
    going: tuple[Going, ...]
    by_id: Mapping[str, Going] = field(repr=False)


def outlook(
    records: Iterable[Record],
    rules: Sequence[Rule],
    now: Instant,
    *,
    free: int | None = None,
    started: Instant | None = None,
) -> Outlook:
    """Foresee what goes from the records of one node if nothing is used again; see `collect` for `free` and `started`.

    Where the free disk is unknown, what goes for want of it is a way of its own; so is a restart.
    """
    found = tuple(records)
    cache = Collection(found, now, started)
    first = cache.passed(rules, free)
    acting = list(enumerate(rules[: len(first.applied)], 1))
    taken = first.ids
    ways: dict[str, list[Way]] = {one.record.id: [Way(one.rule)] for one in first.taken}
    total = cache.total()
    timed = [(number, rule) for number, rule in acting if rule.keep_duration]
    aged = cache.old_at((number, rule) for number, rule in timed if total >= rule.limit)
    young = cache.old_at((number, rule) for number, rule in timed if total < rule.limit)
    growing = _growing(cache, acting)
    restarted = first if started else Collection(found, now, now).attempt(rules, free)
    short = Collection(found, now, started).attempt(rules, 0).taken if free is None else ()
    for id_ in (*growing, *sorted(aged, key=lambda one: aged[one][0]), *young):
        ways.setdefault(id_, [])
    for id_, (at, number) in aged.items():
        ways[id_].append(Way(number, at))
    for id_, way in growing.items():
        ways[id_].append(way)
    for id_, (at, number) in young.items():
        if not ways[id_]:
            ways[id_].append(Way(number, at, rules[number - 1].limit - total))
    for one in restarted.taken:
        if one.record.id not in taken:
            ways.setdefault(one.record.id, []).append(Way(one.rule, restarted=True))
    for one in short:
        if one.record.id not in taken:
            ways.setdefault(one.record.id, []).append(Way(one.rule, free=rules[one.rule - 1].min_free))
    doubts = {
        **dict.fromkeys(taken - restarted.ids, "unless the builder was restarted since it was made"),
        **dict.fromkeys(first.tied, "or another that is equal"),
    }
    by_id = {one.id: one for one in found}
    going = tuple(
        Going(by_id[id_], order, tuple(every), doubts.get(id_, ""))
        for order, (id_, every) in enumerate(ways.items(), 1)
    )
    return Outlook(tuple(rules), first, going, {one.record.id: one for one in going})


def _growing(cache: Collection, acting: Iterable[tuple[int, Rule]]) -> dict[str, Way]:
    """Return by id after which growth a limit takes what is left, in that order: the tightest limit acts first."""
    found: dict[str, Way] = {}
    growth = 1
    for limit, number, rule in sorted(
        ((rule.limit, number, rule) for number, rule in acting if rule.limit), key=lambda one: one[:2]
    ):
        total = cache.total()
        for record in cache.run(rule, daemon_filter(rule.filters), total, _EMPTY):
            growth = max(growth, limit - total)
            found[record.id] = Way(number, growth=growth)
            total -= record.size
    return found


def first_to_go(outlooks: Iterable[Outlook]) -> tuple[str, ...]:
    """Return in words what goes first of all nodes: by the next collection, else by growth and by age, if any does."""
    going = [one for every in outlooks for one in every.going]
    following = [one.record.size for one in going if one.next]
    if following:
        goes = "goes" if len(following) == 1 else "go"
        return (
            f"{wording.count(len(following), 'record')}, {wording.size(sum(following))}, {goes} at the next collection",
        )
    ways = [(way, one.record) for one in going for way in one.ways]
    growing = [(way.growth, way, record) for way, record in ways if way.growth and not way.at]
    aging = [(way.at.ns, way, record) for way, record in ways if way.at and not way.growth]
    firsts = [min(ones, key=lambda one: one[0]) for ones in (growing, aging) if ones]
    return tuple(f"{record.description or record.id} {way}" for _, way, record in firsts)


def staying(record: Record) -> str:
    """Return why a record is in no outlook."""
    if record.in_use:
        return "it is in use"
    return "an image holds it" if record.shared else "no rule takes it, or not what stands on it"


def outlooks(snapshot: BuilderSnapshot, policy: Sequence[Rule] | None = None) -> dict[str, Outlook]:
    """Foresee for each node by its own policy, or the one given; nodes whose policy is unknown are left out."""
    rules = {node.name: node.policy if policy is None else policy for node in snapshot.nodes if not node.error}
    return {
        name: outlook((one for one in snapshot.records if one.node == name), own, snapshot.taken_at)
        for name, own in rules.items()
        if own is not None
    }
