"""What went between two readings of a node, and what may have taken it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.record_making import IN_USE, READINGS, SHARED, Flags, at, record
from dockcache_tui.core.records.collection import collect
from dockcache_tui.core.records.losses import Told, tombstones
from dockcache_tui.core.records.policy import Rule
from dockcache_tui.core.records.record import Record
from dockcache_tui.core.records.tombstone import Certainty, LossKind, Sight, vanished

CERTAIN, FITS, UNKNOWN = Certainty.CERTAIN, Certainty.FITS, Certainty.UNKNOWN
GC, PRUNE, RESTART, OTHER_ROOT = LossKind.GC, LossKind.PRUNE, LossKind.RESTART, LossKind.OTHER_ROOT
MUTABLE = Flags(mutable=True)
CACHE = [
    record("base", size=50, used=1),
    record("deps", "base", size=20, used=5),
    record("app", "deps", size=10, used=9, flags=MUTABLE),
    record("mount", size=15, used=3, what=("exec.cachemount", "cached mount /root")),
    record("context", size=5, used=7, what=("source.local", "local source for context")),
    record("other", size=8, used=2),
]
ROOMY, SMALL = (Rule(max_used=1000),), (Rule(max_used=80),)
QUIET = Told(ended=())


def sight(
    second: float,
    records: list[Record],
    policy: tuple[Rule, ...] | None = ROOMY,
    worker: str = "w",
    connected: float | None = 0,
) -> Sight:
    """Return a sight of a node whose connection has stood since a second."""
    return Sight(at(second), tuple(records), worker, policy, None if connected is None else at(connected))


def left(*gone: str, records: list[Record] = CACHE) -> list[Record]:
    """Return what is left without some."""
    return [one for one in records if one.id not in gone]


def causes(before: Sight, now: Sight, told: Told = QUIET) -> dict[str, set[tuple[LossKind, Certainty]]]:
    """Return the causes of what went, by its ids."""
    found = tombstones(before, now, told)
    assert all((one.seen_at, one.gone_at) == (before.taken_at, now.taken_at) for one in found)
    return {one.record.id: {(cause.kind, cause.certainty) for cause in one.causes} for one in found}


def names(before: Sight, now: Sight, kind: LossKind, told: Told = QUIET) -> set[str]:
    """Return what the causes of a kind are called."""
    return {cause.name for one in tombstones(before, now, told) for cause in one.causes if cause.kind is kind}


def test_what_is_still_there_is_not_gone() -> None:
    """Nothing went where all records are there, used again, or more of them."""
    used = [replace(one, usage_count=9, last_used_at=at(50)) for one in CACHE]
    assert tombstones(sight(10, CACHE), sight(60, [*used, record("new", "app")]), QUIET) == ()


def test_a_leaf_that_was_built_on_has_only_another_id() -> None:
    """Of equal description and parents, the finished one was made before the other was used last."""
    finished = record("app2", "deps", size=10, created=8)
    assert vanished(CACHE, [*left("app"), finished, record("top", "app2", created=60)]) == ()
    again = record("app2", "deps", size=10, created=60)
    assert [one.id for one in vanished(CACHE, [*left("app"), again])] == ["app"]
    same_kind = replace(finished, mutable=True)
    assert [one.id for one in vanished(CACHE, [*left("app"), same_kind])] == ["app"]
    elsewhere = record("app2", "base", size=10, created=8)
    assert [one.id for one in vanished(CACHE, [*left("app"), elsewhere])] == ["app"]


def test_an_id_that_changes_back_is_no_loss() -> None:
    """While a build holds the finished one that is shown, later again what the step wrote into."""
    held = [record("x", created=5, used=6, flags=IN_USE)]
    assert vanished(held, [record("y", created=1, used=7, flags=MUTABLE)]) == ()


def test_what_a_client_sends_is_finished_anew_by_each_build() -> None:
    """While a build holds it, it has another id, made after its last use, and no type; then its own again."""
    kept = record("own", created=1, used=9, flags=MUTABLE, what=("source.local", "local source for context"))
    held = record("held", created=70, flags=IN_USE, what=("regular", "local source for context"))
    assert vanished([kept], [held]) == ()
    assert vanished([held], [replace(kept, last_used_at=at(80))]) == ()
    let_go = replace(held, in_use=False)
    assert vanished([kept], [let_go]) == (kept,)
    assert vanished([kept], [replace(held, description="local source for dockerfile")]) == (kept,)


def test_two_equal_leaves_are_told_apart() -> None:
    """Each new id stands for one old one, that which was made nearest to it."""
    two = [record(f"leaf{number}", created=number, used=number + 1, flags=MUTABLE) for number in (1, 5)]
    assert [one.id for one in vanished(two, [record("new", created=5.5)])] == ["leaf1"]


def test_what_an_unfinished_step_wrote_into_is_no_result() -> None:
    """It vanishes when the step fails, or gets its record's id when it ends; a cache mount in use counts."""
    writing = Flags(in_use=True, mutable=True)
    running = record("running", created=1, flags=writing)
    assert vanished([running], []) == ()
    failed = record("failed", created=1, flags=IN_USE)
    assert vanished([failed], []) == ()
    assert vanished([replace(failed, in_use=False)], []) == (replace(failed, in_use=False),)
    used = record("used", created=1, used=2, flags=IN_USE)
    assert vanished([used], []) == (used,)
    assert vanished([running], [record("done", created=70)]) == ()
    mount = record("mount", flags=writing, what=("exec.cachemount", ""))
    assert vanished([mount], []) == (mount,)


def test_our_own_prune_is_certain() -> None:
    """What our audit log has as freed was pruned by us; what else went in that time is another story."""
    told = Told(pruned=frozenset({"app"}), ended=())
    found = causes(sight(10, CACHE), sight(20, left("app", "other")), told)
    assert found["app"] == {(PRUNE, CERTAIN)}
    assert CERTAIN not in {certainty for _, certainty in found["other"]}


def test_a_request_of_ours_without_an_answer_fits() -> None:
    """It may have been carried out."""
    told = Told(asked=frozenset({"app"}), ended=())
    assert (PRUNE, FITS) in causes(sight(10, CACHE), sight(20, left("app")), told)["app"]


def test_another_worker_is_another_root() -> None:
    """All records of a builder that was made anew went with it, for certain."""
    found = causes(sight(10, CACHE), sight(20, [record("new")], worker="v"))
    assert found == {one.id: {(OTHER_ROOT, CERTAIN)} for one in CACHE}
    unknown = causes(sight(10, CACHE, worker=""), sight(20, []))
    assert all((OTHER_ROOT, CERTAIN) not in one for one in unknown.values())


def test_what_a_rule_would_have_taken_fits_it() -> None:
    """The rule is named with the bytes that it found, and is never certain."""
    gone = [one.record.id for one in collect(CACHE, SMALL, at(20)).taken]
    before, now = sight(10, CACHE, SMALL), sight(20, left(*gone), SMALL)
    assert gone
    assert all((GC, FITS) in one for one in causes(before, now).values())
    assert names(before, now, GC) == {"rule 1: over 80 B by 28 B"}


def test_a_cache_far_below_its_limits_is_not_collected() -> None:
    """GC is left out where no rule had anything to do, but not where a build ended, or builds are not known."""
    before, now = sight(10, CACHE), sight(20, left("app", "mount"))
    assert GC not in {kind for one in causes(before, now).values() for kind, _ in one}
    for told in (Told(ended=(at(-50),)), Told(ended=(at(15),)), Told(ended=None)):
        assert all((GC, UNKNOWN) in one for one in causes(before, now, told).values())
    assert GC not in {kind for one in causes(before, now, Told(ended=(at(-60),))).values() for kind, _ in one}


def test_a_builder_without_garbage_collection_does_not_collect() -> None:
    """Without rules there is none, whatever was built; of unknown rules it can't be excluded."""
    told = Told(ended=(at(15),))
    off = causes(sight(10, CACHE, ()), sight(20, left("app"), ()), told)
    assert GC not in {kind for kind, _ in off["app"]}
    unknown = causes(sight(10, CACHE, None), sight(20, left("app"), None), QUIET)
    assert (GC, UNKNOWN) in unknown["app"]


def test_a_full_disk_is_thought_of() -> None:
    """A rule that wants free disk takes what it needs, which is found by what went."""
    policy = (Rule(min_free=500, reserved=10),)
    gone = [one.record.id for one in collect(CACHE, policy, at(20), free=460).taken]
    assert 0 < len(gone) < len(CACHE)
    before, now = sight(10, CACHE, policy), sight(20, left(*gone), policy)
    assert all((GC, FITS) in one for one in causes(before, now).values())


@pytest.mark.parametrize(
    ("rule", "name"),
    [
        (Rule(), "docker buildx prune"),
        (Rule(all=True), "docker buildx prune --all"),
        (Rule(all=True, filters=("type==frontend",)), "docker buildx prune --all --filter type=frontend"),
        (Rule(filters=("type==exec.cachemount",)), "docker buildx prune --filter type=exec.cachemount"),
        (Rule(max_used=90), "docker buildx prune --max-used-space …"),
        (Rule(keep_duration=16), "docker buildx prune --filter until=…"),
    ],
)
@pytest.mark.parametrize("restarted", [False, True])
def test_a_prune_that_takes_just_that_is_named(rule: Rule, name: str, *, restarted: bool) -> None:
    """Each kind of prune is among the causes of what it takes, also after the daemon was started again."""
    cache = [*CACHE, record("frontend", what=("frontend", ""), used=30), record("image", flags=SHARED, used=30)]
    gone = [one.record.id for one in collect(cache, [rule], at(20), started=at(20) if restarted else None).taken]
    assert gone
    before, now = sight(10, cache), sight(20, left(*gone, records=cache))
    assert name in names(before, now, PRUNE)
    assert all(CERTAIN not in {certainty for _, certainty in one} for one in causes(before, now).values())


def test_what_nothing_takes_is_not_known() -> None:
    """A prune of some ids can't be told from others: it is named as possible, and so is a restart where it may be."""
    before = sight(10, CACHE)
    assert causes(before, sight(20, left("app", "context")))["app"] == {(PRUNE, UNKNOWN)}
    after_a_break = causes(before, sight(20, left("app", "context"), connected=15))["app"]
    assert after_a_break == {(PRUNE, UNKNOWN), (RESTART, UNKNOWN)}


def test_a_restart_fits_where_everything_went() -> None:
    """It may have lost its cache if the connection broke; if it is new that can't be excluded."""
    before = sight(10, CACHE)
    for connected, broke, certainty in ((15, True, FITS), (15, False, UNKNOWN), (None, False, UNKNOWN)):
        found = causes(before, replace(sight(20, [], connected=connected), reconnected=broke))
        assert all((RESTART, certainty) in one for one in found.values())
    assert all(RESTART not in {kind for kind, _ in one} for one in causes(before, sight(20, [])).values())


def test_the_surest_cause_is_told() -> None:
    """What is only not excluded is left out where something fits, in what people are told."""
    gone = [one.record.id for one in collect(CACHE, [Rule()], at(20)).taken]
    for one in tombstones(sight(10, CACHE), sight(20, left(*gone)), Told()):
        assert {cause.certainty for cause in one.causes} == {FITS, UNKNOWN}
        assert {cause.certainty for cause in one.told} == {FITS}


@given(READINGS, READINGS, st.sampled_from([ROOMY, SMALL, (), None]), st.none() | st.just(()))
def test_any_two_readings(before: list[Record], now: list[Record], policy: object, ended: tuple[()] | None) -> None:
    """Whatever was read, each record that went has a cause, and what is there has no tombstone."""
    then = [one for one in before if one.node == "node0"]
    later = [one for one in now if one.node == "node0"]
    rules = policy if isinstance(policy, tuple) else None
    found = tombstones(sight(10, then, rules), sight(20, later, rules), Told(ended=ended))
    assert {one.record.id for one in found} <= {one.id for one in then} - {one.id for one in later}
    assert all(one.causes and one.told for one in found)
    assert all(cause.certainty is not CERTAIN for one in found for cause in one.causes)
