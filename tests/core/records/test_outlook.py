"""When each record would go, and by which rule."""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from time import process_time

from hypothesis import given
from hypothesis import strategies as st

from core.record_making import IN_USE, SHARED, at, record
from core.records.test_collection import RULES, caches
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.collection import collect
from dockcache_tui.core.records.lineage import Lineage
from dockcache_tui.core.records.outlook import Outlook, Way, first_to_go, outlook, outlooks, staying
from dockcache_tui.core.records.policy import Rule
from dockcache_tui.core.records.record import BuilderSnapshot, NodeStatus, Record

NOW = at(1000)
MOUNT = ("exec.cachemount", "")


def ways(found: Outlook) -> dict[str, tuple[Way, ...]]:
    """Return the ways of each record, in the order of going."""
    return {one.record.id: one.ways for one in found.going}


def test_what_the_next_collection_takes_is_first() -> None:
    """Then the rest by the growth that a limit allows, each after what went before it."""
    records = [record(f"r{number}", size=10, used=number) for number in range(4)]
    found = outlook(records, [Rule(max_used=35)], NOW, free=0)
    assert ways(found) == {
        "r0": (Way(1),),
        "r1": (Way(1, growth=5),),
        "r2": (Way(1, growth=15),),
        "r3": (Way(1, growth=25),),
    }
    assert [one.next for one in found.going] == [True, False, False, False]
    assert [one.order for one in found.going] == [1, 2, 3, 4]


def test_growth_is_exactly_what_makes_the_rule_act() -> None:
    """With a byte less than told the record stays, with that it goes: held by the collection itself."""
    records = [record(f"r{number}", size=7, used=number) for number in range(4)]
    rules = [Rule(max_used=100), Rule(all=True, max_used=60)]
    for going in outlook(records, rules, NOW, free=0).going:
        # what is in use counts, and is no candidate
        for more, goes in ((0, True), (-1, False)):
            fresh = record("fresh", size=going.ways[0].growth + more, flags=IN_USE)
            assert (going.record.id in collect([*records, fresh], rules, NOW).ids) is goes


def test_what_grows_old_goes_at_a_moment() -> None:
    """A parent goes with its last child; a rule that asks for more bytes than there are says so."""
    records = [record("base", size=10, used=100), record("top", "base", size=10, used=900), record("x", used=950)]
    found = outlook(records, [Rule(keep_duration=300), Rule(keep_duration=500, max_used=5)], NOW, free=0)
    assert ways(found) == {
        "base": (Way(1, at(1200)),),
        "top": (Way(1, at(1200)),),
        "x": (Way(1, at(1250)),),
    }
    only = outlook(records[:2], [Rule(keep_duration=500, max_used=50)], NOW, free=0)
    assert ways(only) == {"top": (Way(1, at(1400), 30),), "base": (Way(1, at(1400), 30),)}
    restarted = outlook(records[:2], [Rule(keep_duration=300)], NOW, free=0, started=at(800))
    assert ways(restarted) == {"top": (Way(1, at(1200)),), "base": (Way(1, at(1500)),)}, "made young by its child"


def test_a_record_that_goes_by_age_or_by_growth_has_both_ways() -> None:
    """And a third where the free disk is not known."""
    records = [record("mount", size=50, used=990, what=MOUNT), record("layer", size=50, used=995)]
    rules = [
        Rule(keep_duration=100, max_used=60, filters=("type==exec.cachemount",)),
        Rule(max_used=150, reserved=20, min_free=70),
    ]
    found = outlook(records, rules, NOW)
    assert ways(found) == {
        "mount": (Way(1, at(1090)), Way(2, growth=50), Way(2, free=70)),
        "layer": (Way(2, growth=100), Way(2, free=70)),
    }
    assert ways(outlook(records, rules, NOW, free=70))["layer"] == (Way(2, growth=100),)
    assert found.by_id["mount"].when == (
        "once not used until 2023-11-14T22:31:30Z, or once the cache has grown by 50 B (rule 2), "
        "or once less than 70 B of the disk is free (rule 2)"
    )


def test_what_no_rule_takes_is_in_no_outlook() -> None:
    """What is in use or shared, what stands under it, and what is internal without a rule for all."""
    records = [
        record("under", used=1),
        record("used", "under", flags=IN_USE),
        record("image", flags=SHARED),
        record("internal", what=("internal", "")),
        record("free", used=2),
    ]
    records[0] = replace(records[0], in_use=True)
    found = outlook(records, [Rule(max_used=10_000)], NOW, free=0)
    assert list(ways(found)) == ["free"]
    assert [staying(one) for one in records[:4]] == [
        "it is in use",
        "it is in use",
        "an image holds it",
        "no rule takes it, or not what stands on it",
    ]
    assert list(ways(outlook(records, [Rule(all=True, max_used=10_000)], NOW, free=0))) != ["free"]
    assert outlook(records, [], NOW).going == ()


def test_a_restart_that_is_not_known_of_is_told() -> None:
    """What goes only if there was none says so, and so does what goes only if there was one."""
    records = [
        record("base", size=10, used=100),
        record("top", "base", size=10, used=200),
        record("x", size=10, used=950),
    ]
    found = outlook(records, [Rule(keep_duration=300), Rule(max_used=15)], NOW)
    assert found.by_id["base"].when == "at the next collection, unless the builder was restarted since it was made"
    assert found.by_id["top"].when == "at the next collection"
    assert Way(2, restarted=True) in found.by_id["x"].ways
    assert outlook(records, [Rule(keep_duration=300)], NOW, started=at(-9)).by_id["base"].doubt == ""


def test_a_tie_is_told() -> None:
    """Of records that were never used BuildKit takes any."""
    found = outlook([record("a", size=5), record("b", size=5)], [Rule(max_used=6)], NOW)
    assert found.going[0].when == "at the next collection, or another that is equal"


def test_what_goes_first() -> None:
    """What the next collection takes is counted; else it is the first by growth and the first by age."""
    mount = record("mount", size=50, used=990, what=("exec.cachemount", "a mount"))
    layer = record("layer", size=50, used=995)
    rules = [Rule(keep_duration=100, filters=("type==exec.cachemount",)), Rule(max_used=150, filters=("id==layer",))]
    found = outlook([mount, layer], rules, NOW, free=0)
    assert first_to_go([found, outlook([], [], NOW)]) == (
        "layer once the cache has grown by 50 B",
        "a mount once not used until 2023-11-14T22:31:30Z",
    )
    assert first_to_go([outlook([mount, layer], [Rule(max_used=60)], NOW)]) == (
        "1 record, 50 B, goes at the next collection",
    )
    assert first_to_go([outlook([mount], [], NOW)]) == ()


def test_a_broken_rule_ends_the_outlook_too() -> None:
    """What only rules after it would take never goes."""
    found = outlook([record("a", used=1)], [Rule(filters=("type=x",)), Rule()], NOW)
    assert (found.going, found.first.broken[:6]) == ((), "rule 1")


def test_each_node_has_its_own_policy() -> None:
    """One whose policy is unknown, or that could not be read, is left out, unless a policy is given."""
    nodes = (NodeStatus("a", policy=(Rule(),)), NodeStatus("b"), NodeStatus("c", policy=()), NodeStatus("d", error="x"))
    records = tuple(record("r", node=node) for node in "abc")
    found = outlooks(snapshot := BuilderSnapshot("b", "remote", nodes, records, NOW))
    assert {name: [one.record.node for one in one.going] for name, one in found.items()} == {"a": ["a"], "c": []}
    assert {name: len(one.going) for name, one in outlooks(snapshot, [Rule()]).items()} == {"a": 1, "b": 1, "c": 1}


@given(caches(), st.lists(RULES, max_size=3), st.none() | st.integers(0, 60))
def test_the_first_are_what_the_collection_takes(records: list[Record], rules: list[Rule], free: int | None) -> None:
    """The outlook begins with the pass, tells each record once, and by a rule that could take it."""
    found = outlook(records, rules, NOW, free=free)
    taken = collect(records, rules, NOW, free=free)
    assert [one.record.id for one in found.going if one.next] == [one.record.id for one in taken.taken]
    assert len(found.by_id) == len(found.going) <= len(records)
    for one in found.going:
        assert not one.record.in_use
        for way in one.ways:
            assert rules[way.rule - 1].all or one.record.type not in ("internal", "frontend")
            assert way.growth >= 0
            assert way.at is None or way.at >= NOW


@given(caches(), st.sampled_from([994, 997, 999]))
def test_at_its_moment_a_record_goes(records: list[Record], duration: int) -> None:
    """The collection at the moment told takes it, and a moment before it does not."""
    rules = [Rule(all=True, keep_duration=duration)]
    for one in outlook(records, rules, NOW).going:
        if (moment := one.ways[0].at) is not None:
            assert one.record.id in collect(records, rules, moment).ids
            assert one.record.id not in collect(records, rules, Instant(moment.ns - 1)).ids


def test_an_outlook_takes_little() -> None:
    """For 2,000 records of which all go one day it takes at most forty times what relating them to each other takes."""
    chance = Random(1)  # noqa: S311 - for variety
    records: list[Record] = []
    for number in range(2000):
        above = (f"r{chance.randrange(max(0, number - 30), number)}",) if number and chance.random() < 0.8 else ()
        one = record(f"r{number}", *above, size=chance.randrange(60_000_000), used=chance.random() * 4e6)
        records.append(replace(one, usage_count=chance.randint(1, 20)))
    limits = Rule(reserved=10**10, max_used=10**11, min_free=2 * 10**10)
    sources = ("type==source.local", "type==exec.cachemount", "type==source.git.checkout")
    policy = [
        Rule(keep_duration=48 * 3600, max_used=512_000_000, filters=sources),
        replace(limits, keep_duration=60 * 86_400),
        limits,
        replace(limits, all=True),
    ]

    def seconds(work: Callable[[], object]) -> float:
        began = process_time()
        work()
        return process_time() - began

    found = outlook(records, policy, at(4e6))
    assert len(found.going) == 2000
    spent = min(seconds(lambda: outlook(records, policy, at(4e6))) for _ in range(5))
    assert spent <= 40 * min(seconds(lambda: Lineage.of(records)) for _ in range(5))
