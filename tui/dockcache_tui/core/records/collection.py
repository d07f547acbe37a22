"""BuildKit's garbage collection as a model: what a pass of its rules, or a prune, takes from the records of a node."""

# Read in prune, pruneOnce, calculateKeepBytes and sortDeleteRecords of BuildKit's cache/manager.go (0.22 or newer):
# - A rule is one prune. Only what no child and no build holds may go; without `all` none internal, frontend or shared.
# - A limit counts all bytes that no image shares, of every type, also where the rule has a filter. The rule acts while
#   these are not below what it keeps, and takes one record at a time, the lowest in _Ranks.
# - Equal ones are told apart by their uses, the fewest first, where there are at most _IN_ORDER candidates: Go sorts no
#   more than that in order. Of more, and of those that were never used, any may go.
# - What the daemon found on its disk when it started holds its parents as a use: when the last such child of a parent
#   goes, the parent is used "now", once more, and so is young again.
# - The free disk is measured before anything is freed, and deleted bytes come back only after the last rule.

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.daemon_filter import Match, UnforeseenFilterError, UnreadableFilterError, daemon_filter
from dockcache_tui.core.records.policy import Rule
from dockcache_tui.core.records.record import Record

_IN_ORDER = 12
_ONLY_WITH_ALL = {"internal", "frontend"}
_NEVER = -(2**63)
"""Stands for the last use of what was never used: it is older than anything."""


@dataclass(frozen=True, slots=True)
class Applied:
    """How a rule found the cache: the bytes that its limit counts, and below how many it stops, if it has a limit."""

    total: int
    keep: int | None


@dataclass(frozen=True, slots=True)
class Collected:
    """A record that goes, by which rule (from 1), and the bytes that the rule's limit still counted before that."""

    record: Record
    rule: int
    total: int


@dataclass(frozen=True, slots=True)
class Pass:
    """What a pass takes, in its order; a rule without a limit takes in any order.

    `tied` are the ids of records of which BuildKit takes some and keeps others by chance. `broken` says which rule
    can't be read, so that it and those after it do nothing; `unforeseen` from which rule on we can't tell.
    """

    taken: tuple[Collected, ...]
    applied: tuple[Applied, ...]
    tied: frozenset[str] = frozenset()
    broken: str = ""
    unforeseen: str = ""

    @property
    def ids(self) -> frozenset[str]:
        """Return the ids of what goes."""
        return frozenset(one.record.id for one in self.taken)


def collect(
    records: Iterable[Record],
    rules: Sequence[Rule],
    now: Instant,
    *,
    free: int | None = None,
    started: Instant | None = None,
) -> Pass:
    """Apply rules to the records of one node, as a garbage collection does, or a prune by the one rule it is.

    `free` is the free disk in bytes; unknown, it counts as enough. `started` is when the daemon started; unknown, it
    counts as before all records. Read the records twice first: the first reading stamps cache mounts as used.
    """
    return Collection(records, now, started).passed(rules, free)


class Collection:
    """The records of a node while rules act on them; what they took is gone for those that act later."""

    def __init__(
        self,
        records: Iterable[Record],
        now: Instant,
        started: Instant | None,
        choose: Callable[[int], int] = lambda _: 0,
    ) -> None:
        """Begin with all records; `choose` says which is taken of so many that are equal."""
        self._records = sorted(records, key=lambda one: one.id)
        self._began, self._started, self._choose = now, started, choose
        self._gone: set[int] = set()
        self._chances: list[set[int]] = []
        positions = {one.id: position for position, one in enumerate(self._records)}
        self._parents = [
            [positions[id_] for id_ in dict.fromkeys(one.parents) if id_ in positions] for one in self._records
        ]
        self._found = [started is not None and one.created_at < started for one in self._records]
        self._last = [one.last_used_at.ns if one.last_used_at else _NEVER for one in self._records]
        self._uses = [one.usage_count for one in self._records]
        self._now = now.ns
        self._children = [0] * len(self._records)
        self._found_children = [0] * len(self._records)
        above_shared = set()
        for position, above in enumerate(self._parents):
            for parent in above:
                self._children[parent] += 1
                self._found_children[parent] += self._found[position]
            if self._records[position].shared:
                above_shared.update(above)
        # An image's own record makes all above it shared, and nothing tells whether another image holds those too.
        self._shared = {i for i, one in enumerate(self._records) if one.shared and i not in above_shared}

    def passed(self, rules: Sequence[Rule], free: int | None) -> Pass:
        """Return what a pass takes; see `collect`. Where chance decided, others are tried to see what hangs on it."""
        first = self.attempt(rules, free)
        if not self._chances:
            return first
        others = [
            Collection(self._records, self._began, self._started, choose).attempt(rules, free).ids
            for choose in (lambda count: count - 1, lambda count: count // 2)
        ]
        apart = first.ids.union(*others) - first.ids.intersection(*others)
        return replace(first, tied=apart.union(self._tied()))

    def attempt(self, rules: Sequence[Rule], free: int | None) -> Pass:
        """Return what a pass takes by one way of choosing, which is used up then."""
        taken: list[Collected] = []
        applied: list[Applied] = []
        broken = unforeseen = ""
        for number, rule in enumerate(rules, 1):
            try:
                matches = daemon_filter(rule.filters)
            except UnreadableFilterError as error:
                broken = f"rule {number}: {error}"
                break
            except UnforeseenFilterError as error:
                unforeseen = f"rule {number}: {error}"
                break
            total = self.total()
            keep = rule.keep(total, free)
            applied.append(Applied(total, keep))
            for record in self.run(rule, matches, total, keep):
                taken.append(Collected(record, number, total))
                total -= record.size
        return Pass(tuple(taken), tuple(applied), broken=broken, unforeseen=unforeseen)

    def total(self) -> int:
        """Return the bytes that a limit counts: those of what no image holds."""
        held = self._shared - self._gone
        todo = list(held)
        while todo:
            fresh = [parent for parent in self._parents[todo.pop()] if parent not in held]
            held.update(fresh)
            todo += fresh
        return sum(one.size for i, one in enumerate(self._records) if i not in held and i not in self._gone)

    def _tied(self) -> frozenset[str]:
        """Return the ids of those of which one went by chance before another that stays."""
        apart = (equals for equals in self._chances if not equals <= self._gone)
        return frozenset(self._records[one].id for equals in apart for one in equals)

    def old_at(self, rules: Iterable[tuple[int, Rule]]) -> dict[str, tuple[Instant, int]]:
        """Return by id when what is left is old enough to go, and by which of these rules, if nothing is used again.

        What has others below it is so only once they have gone.
        """
        timed = [(number, rule, daemon_filter(rule.filters)) for number, rule in rules]
        found: dict[str, tuple[Instant, int]] = {}
        children, last = list(self._children), list(self._last)
        earliest = [self._now] * len(last)
        ready = [position for position, below in enumerate(children) if not below and position not in self._gone]
        for position in ready:
            fitting = [(number, rule) for number, rule, matches in timed if self._fits(position, rule, matches)]
            if not fitting:
                continue
            old, number = min((last[position] + round(rule.keep_duration * 1e9), number) for number, rule in fitting)
            at = max(old, earliest[position])
            found[self._records[position].id] = Instant(at), number
            for parent in self._parents[position]:
                children[parent] -= 1
                earliest[parent] = max(earliest[parent], at)
                if self._found[position]:
                    last[parent] = max(last[parent], at)
                if not children[parent]:
                    ready.append(parent)
        return found

    def run(self, rule: Rule, matches: Match, total: int, keep: int | None) -> Iterator[Record]:
        """Take what a rule takes, one by one."""
        if keep is not None and total < keep:
            return
        cutoff = self._now - round(rule.keep_duration * 1e9)

        def ready(position: int) -> bool:
            free = not self._children[position] and position not in self._gone
            old = not rule.keep_duration or self._last[position] <= cutoff
            return free and old and self._fits(position, rule, matches)

        ranks = _Ranks(self._last, self._uses)
        for position in filter(ready, range(len(self._records))):
            ranks.add(position)
        while ranks and (keep is None or total >= keep):
            equals = ranks.lowest()
            position = equals[self._choose(len(equals))]
            if keep is not None and len(equals) > 1:
                self._chances.append(set(equals))
            ranks.remove(position)
            total -= self._records[position].size
            self._take(position)
            for parent in self._parents[position]:
                if ready(parent):
                    ranks.add(parent)
            yield self._records[position]

    def _fits(self, position: int, rule: Rule, matches: Match) -> bool:
        """Tell whether a rule would ever take it, whatever its age."""
        record, shared = self._records[position], position in self._shared
        if record.in_use or (not rule.all and (record.type in _ONLY_WITH_ALL or shared)):
            return False
        return matches(record, shared)

    def _take(self, position: int) -> None:
        self._gone.add(position)
        for parent in self._parents[position]:
            self._children[parent] -= 1
            if self._found[position]:
                self._found_children[parent] -= 1
                if not self._found_children[parent]:
                    self._now += 1  # no two are used at the same moment
                    self._last[parent], self._uses[parent] = self._now, self._uses[parent] + 1


class _Ranks:
    """The records that may go, of which the one goes first that is lowest in the sum of two ranks.

    One rank is that of its last use, the other of how often it was used, each among the values that there are, and as
    a share of the highest; the ranks change with each record that comes or goes.
    """

    def __init__(self, last: Sequence[int], uses: Sequence[int]) -> None:
        self._last, self._uses = last, uses
        self._groups: dict[int, list[tuple[int, int]]] = {}
        """By number of uses: last use, negated, and position of each record; the oldest last, where taking is cheap."""
        self._numbers: list[int] = []
        self._moments: list[int] = []
        """Each last use that there is, negated."""
        self._at_moment: Counter[int] = Counter()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, position: int) -> None:
        self._count += 1
        moment, uses = -self._last[position], self._uses[position]
        if uses not in self._groups:
            self._groups[uses] = []
            insort(self._numbers, uses)
        insort(self._groups[uses], (moment, position))
        if moment != -_NEVER and not self._at_moment[moment]:
            insort(self._moments, moment)
        self._at_moment[moment] += 1

    def remove(self, position: int) -> None:
        self._count -= 1
        moment, uses = -self._last[position], self._uses[position]
        group = self._groups[uses]
        del group[bisect_left(group, (moment, position))]
        if not group:
            del self._groups[uses]
            del self._numbers[bisect_left(self._numbers, uses)]
        self._at_moment[moment] -= 1
        if moment != -_NEVER and not self._at_moment[moment]:
            del self._moments[bisect_left(self._moments, moment)]

    def lowest(self) -> list[int]:
        """Return the record that goes first, or all of which any may."""
        first = 1 if self._numbers[0] == 0 else 2  # the ranks 1 are those of no use at all
        last_number, last_moment = len(self._numbers) + first - 1, len(self._moments) + 1
        best, lowest, oldest = float("inf"), [], None
        for place, uses in enumerate(self._numbers):
            if (place + first) / last_number > best:
                break
            moment = self._groups[uses][-1][0]
            if oldest is not None and moment <= oldest:
                continue  # used more often, and not longer ago
            oldest = moment
            rank = 1 if moment == -_NEVER else last_moment - bisect_left(self._moments, moment)
            score = rank / last_moment + (place + first) / last_number
            if score < best:
                best, lowest = score, [uses]
            elif score == best:
                lowest.append(uses)
        if len(self) <= _IN_ORDER:
            del lowest[1:]
        return [position for uses in lowest for position in sorted(self._oldest(self._groups[uses]))]

    def _oldest(self, group: list[tuple[int, int]]) -> Iterator[int]:
        for moment, position in reversed(group):
            if moment != group[-1][0]:
                return
            yield position
