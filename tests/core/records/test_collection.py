"""What BuildKit's garbage collection takes, as the model has it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.record_making import IN_USE, SHARED, Flags, at, record
from dockcache_tui.core.records.collection import Applied, collect
from dockcache_tui.core.records.policy import Rule
from dockcache_tui.core.records.record import Record

NOW = at(1000)
GIB = 1 << 30


def gone(records: list[Record], *rules: Rule, free: int | None = None, started: float | None = None) -> list[str]:
    """Return the ids of what goes, in order."""
    start = None if started is None else at(started)
    found = collect(records, rules, NOW, free=free, started=start)
    return [one.record.id for one in found.taken]


def chain(*uses: float | None, size: int = 10) -> list[Record]:
    """Return records each built on the one before it, last used at these seconds."""
    above: tuple[str, ...] = ()
    made = []
    for number, used in enumerate(uses):
        made.append(record(f"r{number}", *above, size=size, used=used))
        above = (f"r{number}",)
    return made


def test_a_rule_without_conditions_takes_all_that_nothing_holds() -> None:
    """Children go first; what a build or an image holds stays with what it stands on, and so does what is internal."""
    records = [
        *chain(1, 2, 3),
        record("used", "r1", flags=IN_USE),
        record("image", flags=SHARED),
        record("frontend", what=("frontend", "")),
        record("internal", what=("internal", "")),
    ]
    assert gone(records, Rule()) == ["r2"]
    assert gone(records[:3] + records[4:], Rule()) == ["r2", "r1", "r0"]
    assert set(gone(records[:3] + records[4:], Rule(all=True))) == {"r0", "r1", "r2", "image", "frontend", "internal"}


def test_what_an_image_shares_is_not_counted_and_goes_only_with_all() -> None:
    """The bytes that a limit counts are the private ones; what stands above an image's record is shared with it."""
    records = [
        record("base", size=50, flags=SHARED),
        record("top", "base", size=50, flags=SHARED),
        record("own", size=5),
    ]
    assert collect(records, [Rule(max_used=6)], NOW).applied == (Applied(5, 6),)
    assert gone(records, Rule(max_used=6)) == []
    assert gone(records, Rule()) == ["own"]
    both = collect(records, [Rule(all=True, filters=("id==top",)), Rule(max_used=1000)], NOW)
    assert [one.record.id for one in both.taken] == ["top"]
    assert both.applied == (Applied(5, None), Applied(55, 1000)), "no image is known to hold the base any more"


@pytest.mark.parametrize(
    ("rule", "free", "keep"),
    [
        (Rule(), 0, None),
        (Rule(reserved=30), 0, 30),
        (Rule(max_used=30), 0, 30),
        (Rule(max_used=30, reserved=40), 0, 40),
        (Rule(min_free=20), 20, 100),
        (Rule(min_free=20), None, 100),
        (Rule(min_free=20), 5, 85),
        (Rule(min_free=120), 20, None),
        (Rule(min_free=130), 20, None),
        (Rule(min_free=120, reserved=10), 20, 10),
        (Rule(min_free=20, max_used=50), 5, 50),
        (Rule(min_free=70, max_used=50), 5, 35),
        (Rule(min_free=70, max_used=50, reserved=40), 5, 40),
        (Rule(min_free=70, max_used=50), None, 50),
    ],
)
def test_what_a_rule_keeps(rule: Rule, free: int | None, keep: int | None) -> None:
    """Of 100 bytes, with free disk or without: the floor is under both limits, and zero is no limit at all."""
    assert rule.keep(100, free) == keep


def test_it_stops_only_below_the_limit() -> None:
    """Exactly at the limit one more goes, also where the free disk would have been enough."""
    records = [record(f"r{number}", size=10, used=number) for number in range(4)]
    assert gone(records, Rule(max_used=41)) == []
    assert gone(records, Rule(max_used=40)) == ["r0"]
    assert gone(records, Rule(max_used=30)) == ["r0", "r1"]
    assert gone(records, Rule(min_free=5), free=GIB) == ["r0"]


def test_the_age_is_that_of_the_last_use() -> None:
    """What was never used is old; a young leaf holds its old parents; at exactly the age it goes."""
    records = [*chain(10, 20, 990), record("never"), record("edge", used=900), record("young", used=901)]
    assert set(gone(records, Rule(keep_duration=100))) == {"never", "edge"}


def test_a_limit_takes_by_ranks_of_age_and_uses_together() -> None:
    """Of three the one that was used least goes although another is older: ranks are shares of the highest."""
    records = [
        replace(record("old", used=1), usage_count=9),
        replace(record("new", used=3), usage_count=1),
        replace(record("middle", used=2), usage_count=5),
    ]
    # old 2/4 + 4/4, middle 3/4 + 3/4, new 4/4 + 2/4: all equal, and told apart by their uses
    equal = collect(records, [Rule(max_used=3)], NOW)
    assert (gone(records, Rule(max_used=3)), equal.tied) == (["new"], frozenset())
    assert gone([*records, record("more", used=4)], Rule(max_used=4)) == ["new"], "4/5 + 2/4"


def test_of_many_that_are_equal_any_may_go() -> None:
    """Up to twelve candidates are in order; with more it is chance, and named."""
    few = [replace(record(f"r{number:02}", used=number), usage_count=99 - number) for number in range(12)]
    assert collect(few, [Rule(max_used=12)], NOW).tied == frozenset()
    assert gone(few, Rule(max_used=12)) == ["r11"], "the one that was used least"
    many = [*few, replace(record("r12", used=12), usage_count=87)]
    assert collect(many, [Rule(max_used=13)], NOW).tied == {one.id for one in many}


def test_what_was_never_used_goes_by_chance() -> None:
    """BuildKit takes any of those that are equal; they are named unless all of them go, by whatever rule."""
    records = [record(f"r{number}", size=10) for number in range(3)]
    some = collect(records, [Rule(max_used=25)], NOW)
    assert (len(some.taken), some.tied) == (1, frozenset({"r0", "r1", "r2"}))
    assert collect(records, [Rule(max_used=25), Rule()], NOW).tied == frozenset()


def test_a_filter_chooses_but_the_limit_counts_everything() -> None:
    """A rule for sources takes them all while the rest alone is over its limit."""
    records = [record("big", size=100), record("source", size=1, what=("source.local", ""))]
    assert gone(records, Rule(max_used=50, filters=("type==source.local",))) == ["source"]


def test_a_filter_that_can_not_be_read_ends_the_pass() -> None:
    """What the rules before it took is gone; it is said which rule ends it, and which can't be foretold."""
    records = chain(1, 2)
    first = Rule(filters=("id==r1",))
    broken = collect(records, [first, Rule(filters=("type=regular",)), Rule()], NOW)
    assert broken.ids == {"r1"}
    assert broken.broken.startswith("rule 2: 'type=regular'")
    unforeseen = collect(records, [first, Rule(filters=("id~=(a+)+",)), Rule()], NOW)
    assert unforeseen.ids == {"r1"}
    assert unforeseen.unforeseen.startswith("rule 2: ")


def test_after_a_restart_parents_grow_young_as_their_children_go() -> None:
    """Records found on disk hold their parents as a use, so an age frees one level; those made since do not."""
    records = chain(1, 2, 3, 4)
    rule = Rule(keep_duration=100)
    assert gone(records, rule) == ["r3", "r2", "r1", "r0"]
    assert gone(records, rule, started=500) == ["r3"]
    young = [*records[:3], replace(records[3], created_at=at(600))]
    assert gone(young, rule, started=500) == ["r3", "r2"]
    fork = [*records[:2], record("other", "r0", used=5)]
    assert set(gone(fork, rule, started=500)) == {"other", "r1"}, "the parent is used when the last child goes"


def test_the_free_disk_is_measured_once() -> None:
    """Three rules that want the same free disk free it three times over."""
    records = [record(f"r{number}", size=10, used=number) for number in range(9)]
    rule = Rule(min_free=10)
    assert [len(gone(records, *[rule] * times, free=0)) for times in (1, 2, 3)] == [2, 4, 6]


_TYPES = st.sampled_from(["regular", "regular", "source.local", "exec.cachemount", "internal", "frontend"])


@st.composite
def caches(draw: st.DrawFn) -> list[Record]:
    """Draw the records of a node as DiskUsage tells them: what is above a record in use or shared is so too."""
    made: list[Record] = []
    for number in range(draw(st.integers(0, 16))):
        above = draw(st.lists(st.sampled_from([one.id for one in made]), max_size=2, unique=True)) if made else []
        flags = draw(st.sampled_from([Flags()] * 6 + [IN_USE, SHARED]))
        one = record(f"r{number}", *above, size=draw(st.integers(0, 30)), flags=flags, what=(draw(_TYPES), ""))
        used = draw(st.none() | st.integers(0, 9))
        made.append(
            replace(one, usage_count=draw(st.integers(1, 4)), last_used_at=at(used)) if used is not None else one
        )
    for child in reversed(made):
        for place, one in enumerate(made):
            if one.id in child.parents:
                made[place] = replace(one, in_use=one.in_use or made[int(child.id[1:])].in_use)
                made[place] = replace(made[place], shared=one.shared or made[int(child.id[1:])].shared)
    return made


RULES = st.builds(
    Rule,
    all=st.booleans(),
    keep_duration=st.sampled_from([0, 0, 994, 997]),
    reserved=st.sampled_from([0, 0, 40]),
    max_used=st.sampled_from([0, 20, 60]),
    min_free=st.sampled_from([0, 0, 50]),
    filters=st.sampled_from([(), (), ("type==source.local", "type==exec.cachemount"), ("private",)]),
)


@given(caches(), st.lists(RULES, max_size=3), st.none() | st.integers(0, 60), st.sampled_from([None, 0, 1]))
def test_what_a_pass_never_does(
    records: list[Record], rules: list[Rule], free: int | None, started: float | None
) -> None:
    """It never takes what has a living child, what is in use or, without `all`, shared, and stops where it should."""
    found = collect(records, rules, NOW, free=free, started=None if started is None else at(started))
    living = {one.id: one for one in records}
    through_children = {id_ for one in records if one.shared for id_ in one.parents}
    for taken in found.taken:
        one, rule = taken.record, rules[taken.rule - 1]
        assert not any(one.id in other.parents for other in living.values())
        assert not one.in_use
        own = one.shared and one.id not in through_children
        assert rule.all or not (own or one.type in ("internal", "frontend"))
        keep = found.applied[taken.rule - 1].keep
        assert keep is None or taken.total >= keep
        del living[one.id]
    assert found.tied <= {one.id for one in records}
    assert found.broken == found.unforeseen == ""
    if rules and not any(one.shared for one in records):
        last, keep = rules[-1], found.applied[-1].keep
        left = sum(one.size for one in living.values())
        if last.all and not last.keep_duration and not last.filters:
            idle = [one for one in living.values() if not one.in_use]
            assert not idle or (keep is not None and left < keep)


@given(caches(), st.integers(1, 100), st.sampled_from([None, 1]))
def test_a_limit_takes_the_lowest_ranks_each_time(records: list[Record], keep: int, started: float | None) -> None:
    """The order is that of ranks computed anew for each record that goes."""
    found = collect(records, [Rule(all=True, max_used=keep)], NOW, started=None if started is None else at(started))
    living = {one.id: one for one in records}
    touched = 0
    for taken in found.taken:
        ready = [
            one
            for one in living.values()
            if not one.in_use and not any(one.id in other.parents for other in living.values())
        ]
        scores = _scores(ready)
        assert scores[taken.record.id] == min(scores.values())
        equals = [id_ for id_, score in scores.items() if score == min(scores.values())]
        if len(ready) > 12:
            assert set(equals) <= found.tied | found.ids
        else:
            fewest = min(living[id_].usage_count for id_ in equals)
            assert living[taken.record.id].usage_count == fewest
        del living[taken.record.id]
        if started is not None and taken.record.created_at < at(started):
            for parent in taken.record.parents:
                held = (other for other in living.values() if parent in other.parents)
                if not any(other.created_at < at(started) for other in held):
                    touched += 1
                    used = living[parent]
                    living[parent] = replace(used, last_used_at=at(1000 + touched), usage_count=used.usage_count + 1)


def _scores(ready: list[Record]) -> dict[str, float]:
    moments = sorted({one.last_used_at for one in ready if one.last_used_at})
    counts = sorted({one.usage_count for one in ready if one.usage_count})
    return {
        one.id: (moments.index(one.last_used_at) + 2 if one.last_used_at else 1) / (len(moments) + 1)
        + (counts.index(one.usage_count) + 2 if one.usage_count else 1) / (len(counts) + 1)
        for one in ready
    }
