"""What is predicted of a build is what a builder then does, and is unknown where that is not certain."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import product

import pytest

from core.explain.changes import ALL, CHANGES, DEPS, FILES, MAKE, OUT, SRC, TEXT, Change, build
from core.explain.sample_builds import VERSION, Builder
from core.explain.test_hit_warnings import with_context
from core.record_making import record
from dockcache_tui.core.builds.build import Build, Prediction, Step, StepState
from dockcache_tui.core.builds.cause import CauseKind, HitKind
from dockcache_tui.core.builds.names import parse_name
from dockcache_tui.core.explain import prediction as reasons
from dockcache_tui.core.explain.cache_config import CachedRecord
from dockcache_tui.core.explain.holdings import Holdings
from dockcache_tui.core.explain.keyed_graph import KeyedGraph
from dockcache_tui.core.explain.ops import Op, Ops
from dockcache_tui.core.explain.prediction import Coming, predict
from dockcache_tui.core.explain.rules import KeyRules, rules_of
from dockcache_tui.core.explain.source_keys import Resolved
from dockcache_tui.core.explain.store import KeyedRecord, Link, content_record, record_digest
from dockcache_tui.core.explain.traced_build import TracedBuild
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.record import Record

HIT, MISS, UNKNOWN = Prediction.HIT, Prediction.MISS, Prediction.UNKNOWN
TRUTH = {StepState.REUSED: HIT, StepState.BUILT: MISS}


def waiting(traced: TracedBuild) -> Coming:
    """Return a build as if it had not run; a flag runs all steps but WORKDIR anew."""
    steps = tuple(replace(step, state=StepState.WAITING) for step in traced.build.steps)
    flagged = traced.evidence.graphs[0].request.get("no-cache") == ""
    anew = frozenset(step.digest for step in steps if flagged and "WORKDIR" not in step.name)
    return Coming(TracedBuild(replace(traced.build, steps=steps), traced.evidence), anew)


def records(earlier: Iterable[TracedBuild], without: Sequence[str] = ()) -> tuple[Record, ...]:
    """Return what a node has once it has run builds in turn, but for what some instructions made."""
    found: dict[str, Record] = {}
    last: dict[str, str] = {}
    for traced in earlier:
        above: dict[str, str] = {}
        for number, step in enumerate(traced.build.steps):
            parsed = parse_name(step.name)
            if step.state is StepState.BUILT:
                last[step.name] = f"{traced.build.ref}-{number}"
                parents = filter(None, [above.get(parsed.stage)])
                made = record(last[step.name], *parents, node="n", what=("regular", _description(step)))
                if parsed.instruction not in without:
                    found[last[step.name]] = replace(made, created_at=traced.build.started_at)
            above[parsed.stage] = last[step.name]
    return tuple(found.values())


def _description(step: Step) -> str:
    word, _, rest = parse_name(step.name).instruction.partition(" ")
    command = " ".join(one for one in rest.split() if not one.startswith("--"))
    return f"mount / from exec /bin/sh -c {command}" if word == "RUN" else step.name


def ran(traced: TracedBuild) -> TracedBuild:
    """Return a build whose steps have times, far from those of other builds."""
    at = Instant(int(traced.build.ref[3:]) * 100_000_000_000)
    steps = tuple(replace(step, started_at=at, completed_at=at) for step in traced.build.steps)
    return TracedBuild(replace(traced.build, node="n", started_at=at, completed_at=at, steps=steps), traced.evidence)


def predicted(
    coming: Coming, earlier: Sequence[TracedBuild], held: Sequence[Record], known: Sequence[TracedBuild] | None = None
) -> Build:
    """Return what is predicted after some builds, where a node has these records."""
    of = [one.build.ref for one in (earlier if known is None else known)]
    return predict(coming, earlier, Holdings(held, [one.build for one in earlier], of))


def by_instruction(told: Build) -> dict[str, tuple[Prediction | None, str]]:
    """Return what is predicted of each step, and what is said of it."""
    return {
        parse_name(step.name).instruction: (step.prediction, step.cause.text if step.cause else "")
        for step in told.steps
    }


@pytest.mark.parametrize("name", CHANGES)
def test_each_change(name: str) -> None:
    """What is predicted after a change is what the builder does, and the causes are those of the build itself."""
    builder = Builder()
    first = ran(build(builder))
    second = ran(build(builder, CHANGES[name]))
    told = predicted(waiting(second), [first], records([first]))
    for step, truth in zip(told.steps, second.build.steps, strict=True):
        assert step.prediction in (TRUTH[truth.state], UNKNOWN), step
        if step.prediction is UNKNOWN:
            assert step.cause
            assert step.cause.text == f"Not known. {reasons.OUTPUT}"
    own = {
        parse_name(step.name).instruction: step.cause.text
        for step in told.steps
        if step.cause and step.cause.kind not in (CauseKind.CASCADE, CauseKind.UNKNOWN)
    }
    assert own == CHANGES[name].said
    assert told.compared_with == first.build.ref


def test_old_files_are_predicted() -> None:
    """A file that the builder would not notice is told before the build, and a folder's mode where a step is reused."""
    builder, everything = Builder(), Change({}, edit=(SRC, "COPY . /w"))
    first = ran(build(builder, everything))
    coming = waiting(with_context(ran(build(builder, everything)), first, {"src/a.go": "b", "src": (None, 0o700)}))
    told = predicted(coming, [first], records([first]))
    assert by_instruction(told)["COPY . /w"] == (HIT, "")
    assert [(one.kind, one.differences[0].name) for one in told.warnings] == [
        (HitKind.STALE, "src/a.go"),
        (HitKind.STALE, "src/"),
    ]
    assert predicted(waiting(ran(build(builder, everything))), [first], records([first])).warnings == ()


@pytest.mark.matrix
def test_two_changes_in_turn() -> None:
    """After any two builds a third one, like the first or like both, is predicted without a mistake."""
    for one, other in product(CHANGES.values(), repeat=2):
        if not one.can_follow(TEXT) or not other.can_follow(TEXT.replace(*one.edit, 1)):
            continue
        builder = Builder()
        earlier = [ran(build(builder)), ran(build(builder, one))]
        third = ran(build(builder, one, other))
        told = predicted(waiting(third), earlier, records(earlier))
        for step, truth in zip(told.steps, third.build.steps, strict=True):
            assert step.prediction in (TRUTH[truth.state], UNKNOWN), (one, other, step)


def test_a_step_that_is_gone() -> None:
    """What the builder no longer has runs again; what nothing needs any more may not."""
    builder = Builder()
    first = ran(build(builder))
    again = waiting(ran(build(builder)))
    told = by_instruction(predicted(again, [first], records([first], without=[OUT])))
    gone = "Nothing that it depends on changed, but the builder no longer has its result."
    assert told[OUT] == (MISS, gone)
    assert {told[one][0] for one in (DEPS, ALL, SRC, MAKE)} == {HIT}
    told = by_instruction(predicted(again, [first], records([first], without=[MAKE])))
    assert told[MAKE] == (UNKNOWN, f"Not known. {reasons.NOT_NEEDED}")
    assert told[OUT][0] is HIT


def test_what_others_built() -> None:
    """A step that others built on what it stands on is unknown; one that they built on something else runs."""
    builder = Builder()
    first = ran(build(builder))
    others = ran(build(builder, Change({}, files={"src/a.go": "other"})))
    coming = waiting(ran(build(builder, Change({}, files={"src/a.go": "other"}))))
    held = records([first, others])
    told = by_instruction(predicted(coming, [first], held))
    assert told[ALL][0] is HIT
    assert told[SRC] == (UNKNOWN, f"Not known. {reasons.OTHERS}")
    elsewhere = [replace(one, parents=("another",)) if one.id.startswith("ref2") else one for one in held]
    told = by_instruction(predicted(coming, [first], elsewhere))
    assert [told[one][0] for one in (SRC, MAKE, OUT)] == [MISS, MISS, UNKNOWN]


def test_what_others_built_anew() -> None:
    """Where others built all once more, without the cache, a step may be found on theirs as well as on ours."""
    builder = Builder()
    first = ran(build(builder))
    edited = Change({}, files={"src/a.go": "other"}, request={"no-cache": ""})
    others = ran(build(builder, edited))
    coming = waiting(ran(build(builder, Change({}, files={"src/a.go": "other"}))))
    held = records([first, others])
    assert {one.parents for one in held if one.id.startswith("ref2") and SRC in one.description} != {
        one.parents for one in held if one.id.startswith("ref1") and SRC in one.description
    }
    told = by_instruction(predicted(coming, [first], held))
    assert told[SRC] == (UNKNOWN, f"Not known. {reasons.OTHERS}")


def test_a_step_that_was_reused_from_others() -> None:
    """What an earlier build reused is there as long as one record can be it."""
    builder = Builder()
    others = ran(build(builder))
    ours = ran(build(builder))
    coming = waiting(ran(build(builder)))
    held = records([others])
    assert {one for one, _ in by_instruction(predicted(coming, [ours], held)).values()} == {HIT}
    told = by_instruction(predicted(coming, [ours], [one for one in held if OUT not in one.description]))
    assert told[OUT] == (UNKNOWN, f"Not known. {reasons.HELD}")


def test_several_records_of_one_moment() -> None:
    """Where two builds ran a step at once and one result is left, neither is known to be there."""
    builder = Builder()
    first = ran(build(builder))
    second = ran(build(builder, Change({}, files={"src/a.go": "other"})))
    second = TracedBuild(
        replace(second.build, steps=tuple(replace(one, started_at=Instant(0)) for one in second.build.steps)),
        second.evidence,
    )
    held = [one for one in records([first, second]) if one.id.startswith("ref1") or SRC not in one.description]
    told = by_instruction(predicted(waiting(ran(build(builder))), [second, first], held))
    assert told[SRC] == (UNKNOWN, f"Not known. {reasons.HELD}")


def changed(traced: TracedBuild, change: Callable[[Op], Op]) -> TracedBuild:
    """Return a build with other operations."""
    graph = traced.evidence.graphs[0]
    assert graph.ops
    ops = Ops(tuple(map(change, graph.ops.ops)), graph.ops.vertexes)
    graph = replace(graph, ops=ops, sources={op.id: Resolved() for op in ops.ops})
    return TracedBuild(traced.build, replace(traced.evidence, graphs=(graph,)))


def test_what_hangs_on_a_server() -> None:
    """A step that takes what a server says is unknown, and so is what stands on it."""
    text = "FROM busybox AS build\nCOPY --from=afar x /x\nRUN echo all\n"

    def fetched(op: Op) -> Op:
        is_it = op.kind == "source" and "afar" in op.body["identifier"]
        return replace(op, body={"identifier": "https://example.invalid/x"}) if is_it else op

    builder = Builder()
    first = changed(ran(builder.build(text)), fetched)
    told = predicted(waiting(changed(ran(builder.build(text)), fetched)), [first], records([first]))
    assert list(by_instruction(told).values()) == [
        (UNKNOWN, f"Not known. {reasons.SERVER}"),
        (UNKNOWN, f"Not known. {reasons.ABOVE}"),
    ]
    whole = replace(waiting(changed(ran(builder.build(text)), fetched)), cached=cache(ran(builder.build(text))))
    assert by_instruction(predicted(whole, [], []))["COPY --from=afar x /x"] == (
        UNKNOWN,
        f"Not known. {reasons.SERVER}",
    )


def test_an_operation_that_is_not_known() -> None:
    """A step with something in it that we don't know is unknown."""
    builder = Builder()
    first = ran(build(builder))
    coming = changed(ran(build(builder)), lambda op: replace(op, kind="", body={}) if op.kind == "exec" else op)
    told = by_instruction(predicted(waiting(coming), [first], records([first])))
    assert told[DEPS] == (UNKNOWN, f"Not known. {reasons.STRANGE}")


def test_a_cache_that_is_read() -> None:
    """What the builder has is reused; of all else a cache that nobody looked into may have the result."""
    builder = Builder()
    first = ran(build(builder))
    coming = replace(waiting(ran(build(builder, CHANGES["content"]))), imports=True)
    told = by_instruction(predicted(coming, [first], records([first])))
    assert told[ALL][0] is HIT
    assert told[SRC] == (UNKNOWN, f"Not known. {reasons.IMPORTED}")


def newest() -> KeyRules:
    """Return the rules of the sample builder."""
    rules = rules_of(VERSION)
    assert rules
    return rules


def cache(*builds: TracedBuild) -> tuple[CachedRecord, ...]:
    """Return what builds leave in a cache, with data for all."""
    graphs = (graph for traced in builds for graph in traced.evidence.graphs)
    found = (one for graph in graphs for one in KeyedGraph(graph, newest(), "c").records())
    return tuple(CachedRecord(one, (frozenset({"data"}),)) for one in found)


def key_of(traced: TracedBuild, instruction: str) -> str:
    """Return the digest of the records of a step."""
    step = next(step.digest for step in traced.build.steps if instruction in step.name)
    graph = KeyedGraph(traced.evidence.graphs[0], newest())
    return record_digest(graph.keys[step.removeprefix("vertex ")].known[0])


def test_a_cache_that_was_looked_into() -> None:
    """On an empty builder a cache answers what it has, and all else runs; what lost its data is unknown."""
    first = build(Builder())
    made = CachedRecord(KeyedRecord("made", content_record("files of a stage")))
    cached = tuple(
        replace(one, record=replace(one.record, links=one.record.links | {Link(1, "made")}))
        if one.record.digest == key_of(first, OUT)
        else one
        for one in (*cache(first), made)
    )
    coming = replace(waiting(build(Builder(), CHANGES["content"])), cached=cached)
    told = by_instruction(predicted(coming, [], []))
    assert {step: one[0] for step, one in told.items() if one[0] is not HIT} == {SRC: MISS, MAKE: MISS, OUT: UNKNOWN}
    assert told[OUT][1] == f"Not known. {reasons.OUTPUT}"
    lost = tuple(replace(one, is_lost=True) for one in coming.cached)
    told = by_instruction(predicted(replace(coming, cached=lost), [], []))
    assert told[ALL] == (UNKNOWN, f"Not known. {reasons.LOST}")
    assert told[SRC][0] is MISS


def test_a_cache_of_the_image_only() -> None:
    """What is only named in a cache runs, unless what stands on it is there."""
    first = build(Builder())
    of_last = key_of(first, OUT)
    little = tuple(one if one.record.digest == of_last else replace(one, results=()) for one in cache(first))
    told = by_instruction(predicted(replace(waiting(build(Builder())), cached=little), [], []))
    assert told[OUT][0] is HIT
    assert told[MAKE] == (UNKNOWN, f"Not known. {reasons.NOT_NEEDED}")
    told = by_instruction(predicted(replace(waiting(build(Builder(), CHANGES["content"])), cached=little), [], []))
    assert told[ALL][0] is MISS


def test_a_builder_of_an_unknown_version() -> None:
    """Where versions of BuildKit would differ nothing is predicted, and all else is."""
    builder = Builder()
    first = ran(build(builder))
    again = ran(build(builder))
    again = TracedBuild(again.build, replace(again.evidence, version="v0.0.0+unknown"))
    told = by_instruction(predicted(waiting(again), [first], records([first])))
    assert told[ALL][0] is HIT
    second = ran(build(builder, Change({}, images={"busybox": "other"})))
    second = TracedBuild(second.build, replace(second.evidence, version="v0.0.0+unknown"))
    told = by_instruction(predicted(waiting(second), [first], records([first])))
    assert told[ALL] == (UNKNOWN, f"Not known. {reasons.VERSIONS}")


def unsure(traced: TracedBuild) -> TracedBuild:
    """Return a build of which one file is not known."""
    graph = traced.evidence.graphs[0]
    context = replace(graph.contexts[0], unsure=(b"src/a.go",))
    return TracedBuild(traced.build, replace(traced.evidence, graphs=(replace(graph, contexts=(context,)),)))


def test_files_that_are_not_sure() -> None:
    """A step whose files the builder may have otherwise is unknown, and so is one whose earlier files are not known."""
    builder = Builder()
    first, again = ran(build(builder)), ran(build(builder))
    for before, after in ((first, unsure(again)), (unsure(first), again)):
        told = by_instruction(predicted(waiting(after), [before], records([before])))
        assert told[SRC] == (UNKNOWN, f"Not known. {reasons.COPY}")
        assert told[ALL][0] is HIT


def test_a_fetch_of_one_name() -> None:
    """What fetches the files of a step has its name, and makes none of its records."""
    builder = Builder()
    first = ran(build(builder))
    step = next(step for step in first.build.steps if SRC in step.name)
    fetch = replace(step, digest="fetch", cacheable=False)
    both = TracedBuild(replace(first.build, steps=(*first.build.steps, fetch)), first.evidence)
    told = by_instruction(predicted(waiting(ran(build(builder))), [both], records([first])))
    assert told[SRC][0] is HIT


def test_one_record_of_others_among_ours() -> None:
    """A record of others counts, however many steps of ours another record may be of."""
    builder = Builder()
    first = ran(build(builder))
    second = ran(build(builder, Change({}, files={"src/a.go": "other"})))
    at_once = replace(second.build, steps=tuple(replace(one, started_at=Instant(0)) for one in second.build.steps))
    second = TracedBuild(at_once, second.evidence)
    others = ran(build(builder, Change({}, files={"src/a.go": "third"})))
    held = [
        one for one in records([first, second, others]) if not (one.id.startswith("ref2") and SRC in one.description)
    ]
    coming = waiting(ran(build(builder, Change({}, files={"src/a.go": "third"}))))
    told = by_instruction(predicted(coming, [second, first], held))
    assert told[SRC] == (UNKNOWN, f"Not known. {reasons.OTHERS}")


def test_a_first_build() -> None:
    """On a builder that has nothing every step runs."""
    told = predicted(waiting(ran(Builder().build(TEXT, FILES))), [], [])
    assert {step.prediction for step in told.steps} == {MISS}
    assert {step.cause.kind for step in told.steps if step.cause} == {CauseKind.FIRST_BUILD}
