"""What is wrong with a policy, in whole sentences: what stops the collection, takes too much, or never takes enough."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from dockcache_tui.core import wording
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.collection import collect
from dockcache_tui.core.records.policy import Rule
from dockcache_tui.core.records.reading import Reading
from dockcache_tui.core.records.record import Record


def faults(rules: Sequence[Rule], records: Sequence[Record], biggest: int, now: Instant) -> Iterator[str]:
    """Tell what is wrong with the policy of a node; `biggest` is the bytes of its biggest build, 0 where unknown."""
    if not rules:
        yield "Garbage collection is off: the cache grows until the disk is full."
        return
    found = collect(records, rules, now)
    if found.broken:
        yield f"BuildKit can't read {found.broken}. Each collection ends there: it does nothing, nor do later rules."
    if found.unforeseen:
        yield f"From there on it is not known what goes: {found.unforeseen}."
    yield from _never_matching(rules, records, now)
    yield from _limits(rules)
    yield from _ends(rules, biggest)


def _limits(rules: Sequence[Rule]) -> Iterator[str]:
    free = [number for number, rule in enumerate(rules, 1) if rule.min_free]
    if len(free) > 1:
        yield (
            f"Rules {', '.join(map(str, free))} each ask for free disk, which is measured before anything is freed. "
            f"When it is short, up to {len(free)} times as much goes as is needed: ask for it in one rule."
        )
    for number, rule in enumerate(rules, 1):
        if rule.max_used and rule.reserved > rule.max_used:
            yield (
                f"Rule {number} reserves {wording.size(rule.reserved)}, more than the {wording.size(rule.max_used)} it "
                "allows: what it reserves is its limit."
            )
        if not (rule.limit or rule.min_free or rule.keep_duration or rule.filters):
            yield f"Rule {number} has no condition: each collection takes all that nothing holds."
        elif rule.min_free and not rule.limit:
            yield f"Rule {number} asks only for free disk: each collection takes one record even when there is enough."


def _ends(rules: Sequence[Rule], biggest: int) -> Iterator[str]:
    """Tell where the last resort is missing or too small."""
    last = [rule for rule in rules if not (rule.keep_duration or rule.filters)]
    if not last:
        yield "No rule has limits alone: the cache may grow without end. Let the last rule have a limit and `all`."
    elif not any(rule.all for rule in last):
        yield "No rule of limits alone has `all`: what is internal is never taken. Let the last rule have it."
    limits = [rule.limit for rule in last if rule.limit]
    if limits and min(limits) < 2 * biggest:
        yield (
            f"The limit of {wording.size(min(limits))} is less than twice the biggest build, {wording.size(biggest)}: "
            "a build may drive out its own records."
        )


def biggest_build(reading: Reading, node: str) -> int:
    """Return the bytes of the records that one build of a node made or last used, with all they stand on."""
    lineage = reading.lineage
    builds: defaultdict[str, set[int]] = defaultdict(set)
    for one in reading.records:
        position = lineage.position(one.key)
        if position is None or one.record.node != node:
            continue
        for build in (one.created_by, one.last_used_by):
            if build:
                builds[build.ref].add(position)
    return max((sum(lineage.records[i].size for i in lineage.above(own)) for own in builds.values()), default=0)


def _never_matching(rules: Sequence[Rule], records: Sequence[Record], now: Instant) -> Iterator[str]:
    """Tell of rules that ask for several types at once, as BuildKit did by default before 0.31."""
    split = [replace(rule, filters=tuple(_split(rule.filters))) for rule in rules]
    for number, (old, new) in enumerate(zip(rules, split, strict=True), 1):
        if old.filters == new.filters:
            continue
        takes = [one.record for one in collect(records, split, now).taken if one.rule == number]
        size = wording.size(sum(one.size for one in takes))
        yield (
            f"Rule {number} asks for several types in one filter, and so takes nothing: before version 0.31 this was "
            f"BuildKit's default. After an upgrade it is {new}. Of this cache that is now "
            f"{wording.count(len(takes), 'record')}, {size}."
        )


def _split(filters: Sequence[str]) -> Iterator[str]:
    for text in filters:
        parts = text.split(",")
        types = {part for part in parts if part.startswith("type==")}
        yield from parts if len(types) > 1 and len(types) == len(parts) else [text]
