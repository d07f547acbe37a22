"""What took the results that a builder no longer has, told by tombstones."""

from dataclasses import replace

from core.record_making import at, build, record, step
from dockcache_tui.core.builds.build import Build, StepState
from dockcache_tui.core.builds.cause import CauseKind, MissCause
from dockcache_tui.core.explain import cause_words as words
from dockcache_tui.core.explain.evictions import with_evictions
from dockcache_tui.core.records.record import Record
from dockcache_tui.core.records.tombstone import Certainty, LossCause, LossKind, Tombstone

CERTAIN, FITS, UNKNOWN = Certainty.CERTAIN, Certainty.FITS, Certainty.UNKNOWN
RULE = LossCause(LossKind.GC, FITS, "rule 3: over 28.0 GB by 1.2 GB")
ALL = LossCause(LossKind.PRUNE, FITS, "docker buildx prune --all")
OURS = LossCause(LossKind.PRUNE, CERTAIN, "dockcache-tui records prune")
ANEW = LossCause(LossKind.OTHER_ROOT, CERTAIN)
OPEN = (LossCause(LossKind.GC, UNKNOWN), LossCause(LossKind.PRUNE, UNKNOWN))
GONE = "Nothing that it depends on changed, but the builder no longer has its result"
COPY, RUN = "[2/3] COPY . .", "[3/3] RUN make"
EARLIER = build("old", 0, 10, "main", step(COPY, 1, 2), step(RUN, 3, 9))
LATER = build("new", 1000, 1010, "main", step(COPY, 1001, 1002, StepState.REUSED), step(RUN, 1003, 1009))
RECORDS = (
    record("copied", created=1.5, what=("regular", "[2/3] COPY . .")),
    record("made", "copied", created=8, what=("regular", "mount / from exec /bin/sh -c make")),
)


def buried(*causes: LossCause, of: Record = RECORDS[1], seen: float = 100, gone: float = 200) -> Tombstone:
    """Return a tombstone."""
    return Tombstone(of, at(seen), at(gone), causes)


def told(*tombstones: Tombstone, earlier: Build = EARLIER, cause: MissCause | None = None) -> MissCause:
    """Return the cause of the step that ran."""
    gone = cause or words.of_gone("then", "since")
    digest = LATER.steps[1].digest
    return with_evictions({digest: gone}, LATER, earlier, tombstones)[digest]


def rows(cause: MissCause) -> list[tuple[str, str, str | None, str | None]]:
    """Return the evidence of a cause."""
    return [(one.what, one.name, one.old, one.new) for one in cause.differences]


def test_what_fits_is_told_with_when() -> None:
    """One sentence, the rule with what it found, when it was last seen and since when it is gone, and what helps."""
    found = told(buried(RULE))
    assert found.kind is CauseKind.EVICTED
    assert found.text == (
        f"{GONE}. What went is just what a garbage collection (rule 3: over 28.0 GB by 1.2 GB) would have taken."
    )
    assert rows(found) == [("gc", RULE.name, str(at(100)), str(at(200)))]
    assert found.fix
    assert found.fix.text == "Let the builder keep more: raise the limits of its garbage collection."


def test_what_is_certain_is_told_as_such() -> None:
    """Our own prune, and a builder that was made anew."""
    pruned = told(buried(OURS))
    assert (pruned.text, pruned.fix) == (f"{GONE}: dockcache-tui pruned it.", None)
    assert rows(pruned) == [("prune", OURS.name, str(at(100)), str(at(200)))]
    anew = told(buried(ANEW))
    assert anew.text == f"{GONE}: the builder was made anew, with an empty cache."
    assert [one[0] for one in rows(anew)] == ["other root"]


def test_several_that_fit_are_all_told() -> None:
    """None of them is said to be the one: the first evidence says so."""
    found = told(buried(RULE, ALL))
    assert found.text.endswith(
        "What went is just what a garbage collection (rule 3: over 28.0 GB by 1.2 GB)"
        " or a prune (docker buildx prune --all) would have taken."
    )
    assert [one[0] for one in rows(found)] == ["unknown", "gc", "prune"]
    assert found.fix is None


def test_what_can_not_be_excluded_is_told_too() -> None:
    """What fits need not be what it was."""
    found = told(buried(ALL, OPEN[0]))
    assert found.text.endswith(
        "is just what a prune (docker buildx prune --all) would have taken. It may also have been a garbage collection."
    )
    assert [one[0] for one in rows(found)] == ["unknown", "prune", "gc"]


def test_what_is_not_known_is_said_to_be_so() -> None:
    """What can't be excluded is named as that."""
    found = told(buried(*OPEN))
    assert found.text == f"{GONE}. What took it is not known; it may have been a garbage collection or a prune."
    assert [one[0] for one in rows(found)] == ["unknown", "gc", "prune"]


def test_other_records_tell_nothing() -> None:
    """Another step's, another run's, one gone before the earlier build, one seen since, a mount, another node's."""
    untold = words.of_gone("then", "since")
    assert told() == untold
    assert told(buried(OURS, of=RECORDS[0])) == untold
    assert told(buried(OURS, of=record("x", created=700, what=("regular", RUN)), seen=800, gone=900)) == untold
    assert told(buried(OURS, seen=1, gone=2)) == untold
    assert told(buried(OURS, seen=1500, gone=1600)) == untold
    mount = record("m", created=5, what=("exec.cachemount", "cached mount /c from exec /bin/sh -c make"))
    assert told(buried(OURS, of=mount)) == untold
    causes, on_node = {LATER.steps[1].digest: untold}, replace(LATER, node="node0")
    for node, found in (("node0", words.of_loss([buried(OURS)])), ("node7", untold)):
        there = record("y", created=8, node=node, what=("regular", RUN))
        assert with_evictions(causes, on_node, EARLIER, [buried(OURS, of=there)]) == dict.fromkeys(causes, found)


def test_what_the_earlier_build_reused_is_found_too() -> None:
    """It was made by a still earlier build."""
    reused = build("old", 50, 60, "main", step(COPY, 51, 52, StepState.REUSED), step(RUN, 53, 54, StepState.REUSED))
    assert told(buried(OURS), earlier=reused).text.endswith("dockcache-tui pruned it.")


def test_losses_that_can_not_be_told_apart_make_nothing_certain() -> None:
    """Two projects have a step of the same words; one was pruned by us."""
    twin = record("twin", created=8.2, what=("regular", RUN))
    found = told(buried(OURS), buried(RULE, of=twin, gone=300))
    assert found.text.startswith(f"{GONE}. What took it is not known; it may have been ")
    assert [one[0] for one in rows(found)] == ["unknown", "prune", "gc"]


def test_other_causes_stay() -> None:
    """Only what is gone without a reason is looked at."""
    assert told(buried(OURS), cause=words.NEW_STEP) == words.NEW_STEP


def test_only_what_is_certain_is_told_without_a_question_mark() -> None:
    """In a narrow column there is no room for how sure it is."""
    assert [words.short(told(one)) for one in (buried(RULE), buried(ALL), buried(ANEW), buried(RULE, ALL))] == [
        "gone: cleaned up?",
        "gone: pruned?",
        "gone: builder made anew",
        "gone from the builder",
    ]


def test_hostile_names_do_no_harm() -> None:
    """Whatever a description holds is compared, never run or read as a pattern."""
    odd = record("odd", created=8, what=("regular", "[3/3] RUN $(x) ${y} (a+)+ \0"))
    assert told(buried(OURS, of=odd)) == words.of_gone("then", "since")
