"""What is said of each change between two builds."""

import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.explain.changes import ALL, CHANGES, DEPS, FILES, MAKE, OUT, SRC, TEXT, Change, build
from core.explain.sample_builds import VERSION, Builder, Files
from core.explain.sample_ops import run
from dockcache_tui.core.builds.build import Build, BuildStatus, Step, StepState
from dockcache_tui.core.builds.cause import CauseKind, Fix, MissCause, MissEvidence, cause_row, fold
from dockcache_tui.core.builds.names import parse_name
from dockcache_tui.core.explain.baseline import nearest
from dockcache_tui.core.explain.cause_words import short
from dockcache_tui.core.explain.causes import causes
from dockcache_tui.core.explain.differences import differences
from dockcache_tui.core.explain.evidence import Evidence, Graph
from dockcache_tui.core.explain.keyed_graph import KeyedGraph
from dockcache_tui.core.explain.ops import Edge, Op, Ops
from dockcache_tui.core.explain.pairing import pair
from dockcache_tui.core.explain.rules import rules_of
from dockcache_tui.core.explain.source_differences import source_cause
from dockcache_tui.core.explain.source_keys import Resolved
from dockcache_tui.core.explain.traced_build import TracedBuild
from dockcache_tui.core.instant import Instant


@pytest.mark.parametrize("name", CHANGES)
def test_words(name: str) -> None:
    """Each change is told in its words, by the steps that it is the first cause of; all else is a cascade."""
    change, builder = CHANGES[name], Builder()
    earlier, this = build(builder), build(builder, change)
    told = causes(this, earlier)
    own = {instruction(this, one): cause for one, cause in told.items() if cause.kind is not CauseKind.CASCADE}
    assert {step: cause.text for step, cause in own.items()} == change.said
    assert {cause.fix.text for cause in own.values() if cause.fix} == ({change.fix} if change.fix else set())
    sentences = " ".join(f"{cause.text} {cause.fix}" for cause in told.values())
    assert not re.search(r"(?i)\b(ops?|selectors?|vertex|vertices|solver|LLB)\b", sentences)


SHORT = {
    "content": "src/a.go changed",
    "of two": "src/a.go changed +1",
    "folder mode": "mode of src/",
    "removed": "src/a.go removed",
    "word added": "command changed",
    "argument": "A changed",
    "secret": "API_TOKEN is new",
    "mount gone": "mount /c changed",
    "other base": "new image busybox:v2",
    "platform": "platform linux/arm64",
    "new step": "new step",
    "step gone": "step above is gone",
    "no cache": "--no-cache",
}


@pytest.mark.parametrize("name", SHORT)
def test_short_words(name: str) -> None:
    """In a table a cause is a few words, and a cascade the place of the step at its end."""
    builder = Builder()
    earlier, this = build(builder), build(builder, CHANGES[name])
    own = {short(cause, "deps 2/2") for cause in causes(this, earlier).values()}
    assert own - {"after deps 2/2"} == {SHORT[name]}


@pytest.mark.parametrize("kind", CauseKind)
def test_short_words_of_each_kind(kind: CauseKind) -> None:
    """Each kind has its words, also where nothing shows it."""
    assert short(MissCause(kind, "")).strip()
    assert "{" not in short(MissCause(kind, "", (MissEvidence("what nobody heard of", "{0}"),))).replace("{0}", "")


def test_short_words_of_files() -> None:
    """Of several files the one is named that the build may need; a long name is cut where it begins."""
    changed = [MissEvidence("content", name) for name in (".git/HEAD", ".git/index")]
    assert short(MissCause(CauseKind.CONTENT, "", tuple(changed))) == "only .git changed"
    more = (*changed, MissEvidence("content", "web/src/components/Button.tsx"))
    assert short(MissCause(CauseKind.CONTENT, "", more)) == "…c/components/Button.tsx changed +2"


def instruction(traced: TracedBuild, digest: str) -> str:
    """Return the instruction of a step."""
    return next(parse_name(step.name).instruction for step in traced.build.steps if step.digest == digest)


def compared(builder: Builder, earlier: TracedBuild, text: str = TEXT, files: Files = FILES) -> Mapping[str, MissCause]:
    """Build once more, and return the causes by the instructions of their steps."""
    this = builder.build(text, files)
    return {instruction(this, digest): cause for digest, cause in causes(this, earlier).items()}


def test_first_build() -> None:
    """Of a project without an earlier build no step has another cause."""
    this = Builder().build(TEXT, FILES)
    assert {cause.text for cause in causes(this, None).values()} == {"No earlier build of this project is known."}


def test_gone() -> None:
    """What nothing changed of is gone, and so is all that lay on it, unless its own files or words changed."""
    builder = Builder()
    earlier = builder.build(TEXT, FILES)
    builder.forget(ALL)
    told = compared(builder, earlier, TEXT.replace("touch /out", "touch /out /o"), {**FILES, "src/a.go": "other"})
    assert {step: cause.kind.value for step, cause in told.items()} == {
        ALL: "evicted",
        SRC: "content",
        MAKE.replace("touch /out", "touch /out /o"): "command",
        OUT: "unknown",
    }
    assert told[ALL].text == "Nothing that it depends on changed, but the builder no longer has its result."
    assert told[ALL].differences == (MissEvidence("unknown", "", "1970-01-01T00:00:01Z", "1970-01-01T00:00:02Z"),)


def test_gone_above_an_edit() -> None:
    """A step that stood on what is gone is gone too, where what it stands on now has other files."""
    builder = Builder()
    earlier = builder.build(TEXT, FILES)
    builder.forget(ALL)
    told = compared(builder, earlier, TEXT, {**FILES, "src/a.go": "other"})
    assert {step: cause.kind.value for step, cause in told.items()} == {
        ALL: "evicted",
        SRC: "content",
        MAKE: "evicted",
        OUT: "unknown",
    }


def test_other_builder() -> None:
    """What another builder has was not imported."""
    earlier = Builder("desk").build(TEXT, FILES)
    told = compared(Builder("ci"), earlier)
    assert {cause.kind for cause in told.values()} == {CauseKind.NOT_IMPORTED}
    assert told[ALL].text == "The builder desk has its result, and this build read no cache that does."
    assert told[ALL].differences == (MissEvidence("builder", "desk"),)
    assert told[ALL].fix == Fix("Write the cache of desk with --cache-to, and read it here with --cache-from.")


def test_dead_blob() -> None:
    """A step that said CACHED and ran all the same lost its data, whatever else changed."""
    builder = Builder()
    earlier = builder.build(TEXT, FILES)
    this = builder.build(TEXT, FILES)
    first = replace(this.build.steps[0], state=StepState.FALSE_HIT)
    this = replace(this, build=replace(this.build, steps=(first, *this.build.steps[1:])))
    (cause,) = causes(this, earlier).values()
    assert (cause.kind.value, cause.text) == ("dead blob", "The cache named its result, but the data of it was gone.")
    assert list(causes(this, None).values()) == [cause]


def test_dead_blob_of_a_failed_build() -> None:
    """A build that failed since a cache lacked what it named has no other cause; one that failed otherwise has none."""
    blob = f"sha256:{'a' * 64}"
    lost = f"failed to compute cache key: could not fetch content descriptor {blob} (tar) from remote: not found"
    found: list[MissCause] = []
    for error in (lost, "failed to compute cache key: /nothing: not found"):
        step = Step("vertex", "[2/2] COPY . .", StepState.FAILED, cacheable=True, error=error)
        build = Build("ref", "one", Instant(1), BuildStatus.FAILED, steps=(step,), error=error)
        failed = TracedBuild(build, Evidence(VERSION, (Graph(),), missing=("It failed.",)))
        found += causes(failed, failed).values()
    assert [cause.text for cause in found] == [
        "The cache named its result, but the data of it was gone.",
        "Not known. It failed.",
    ]
    assert found[0].differences == (MissEvidence("blob", blob),)


def test_not_known() -> None:
    """Where the evidence does not tell, the cause is not known, and the reason is said."""
    builder = Builder()
    earlier = builder.build(TEXT, FILES)
    files = {**FILES, "src/a.go": "other"}
    this = builder.build(TEXT, files)
    (graph,) = earlier.evidence.graphs
    untold = replace(earlier, evidence=Evidence(graphs=(replace(graph, ops=None),), missing=("It failed.",)))
    bare = replace(earlier, evidence=Evidence("v0.34.2", (replace(graph, contexts=()),)))
    old = replace(earlier, evidence=replace(earlier.evidence, version="v0.12.5"))
    step = next(one for one in this.build.steps if one.name.endswith(SRC))
    assert causes(this, untold)[step.digest].text == "Not known. It failed."
    reason = "The files that were sent to one of the two builds were not kept."
    assert causes(this, bare)[step.digest].text == f"Not known. {reason}"
    builder.forget(ALL)
    again = builder.build(TEXT, FILES)
    (gone, *_) = causes(again, old).values()
    assert gone.text == "Not known. The builder was updated since, and calls some results by other names now."


def test_filter_of_an_unnamed_stage() -> None:
    """Of the steps of a lone stage it is only known that --no-cache-filter means them when the target says so."""
    text = "FROM busybox AS a\nRUN one\n"
    builder = Builder()
    earlier = builder.build(text)
    builder.forget("RUN one")
    this = builder.build(text, None, {"no-cache": "a"})
    step = replace(this.build.steps[0], name="[2/2] RUN one")
    this = replace(this, build=replace(this.build, steps=(step,)))
    (graph,) = this.evidence.graphs
    graphs = (replace(graph, request={"no-cache": "a", "target": "A"}),)
    named = replace(this, evidence=replace(this.evidence, graphs=graphs))
    assert [one.text for one in causes(this, earlier).values()] == [
        "Not known. --no-cache-filter may name its stage, or its result is gone."
    ]
    assert [one.text for one in causes(named, earlier).values()] == ["--no-cache-filter=a says not to reuse its stage."]


def test_needless_files() -> None:
    """Of files that a build seldom reads it is said to leave them out."""
    text = "FROM busybox\nCOPY . /all\n"
    builder = Builder()
    earlier = builder.build(text, FILES)
    (git,) = compared(builder, earlier, text, {**FILES, ".git/HEAD": "b"}).values()
    all_three = {**FILES, ".git/HEAD": "b", "Dockerfile": "c", "go.mod": "d"}
    (both,) = compared(builder, earlier, text, all_three).values()
    assert git.text == "Only .git changed."
    assert git.fix
    assert git.fix.text == "Add .git to .dockerignore, unless the build reads it."
    assert both.text == "go.mod changed. 2 more paths differ."
    assert both.fix
    assert both.fix.text == "Add .git and Dockerfile to .dockerignore, unless the build reads them."
    (rest,) = compared(builder, earlier, text, {**FILES, "go.mod": "c"}).values()
    assert rest.fix == Fix("Copy what the steps below need by its name, and the rest further down.")


def test_secrets_are_hidden() -> None:
    """No value of a variable is told that looks like a secret, by its name or by itself."""
    text = "FROM busybox\nENV API_TOKEN={a}\nENV URL=https://u:{a}@h/\nRUN x\n"
    builder = Builder()
    earlier = builder.build(text.format(a="one"))
    (cause,) = compared(builder, earlier, text.format(a="two")).values()
    hidden = ("(hidden)", "(hidden)")
    assert cause.differences == tuple(MissEvidence("changed", name, *hidden) for name in ("API_TOKEN", "URL"))
    assert cause.text == "The variable API_TOKEN changed; its value is not shown. 1 more difference."


def test_folded() -> None:
    """Equal causes are told once, with the steps below them, in the order of the steps."""
    builder = Builder()
    earlier = builder.build(TEXT, FILES)
    this = builder.build(TEXT, FILES, {"build-arg:A": "2"})
    (folded,) = fold(causes(this, earlier))
    assert [instruction(this, one) for one in folded.steps] == [ALL, MAKE]
    assert [instruction(this, one) for one in folded.below] == [SRC, OUT]


def test_row() -> None:
    """A cause is written as the JSON of a step has it, with at most a hundred pieces of evidence."""
    many = tuple(MissEvidence("content", f"f{number}", "a", "b") for number in range(101))
    row = cause_row(MissCause(CauseKind.CONTENT, "f0 changed.", many, fix=Fix("Do.")))
    assert dict(row) | {"evidence": len(row["evidence"])} == {
        "kind": "content",
        "text": "f0 changed.",
        "evidence": 100,
        "evidence_total": 101,
        "root": None,
        "fix": {"text": "Do.", "patch": None, "predicted": None},
    }
    assert row["evidence"][0] == {"what": "content", "name": "f0", "old": "a", "new": "b"}
    assert cause_row(MissCause(CauseKind.CASCADE, "t", root="sha256:1"))["root"] == "sha256:1"


def test_nearest() -> None:
    """The nearest build has most in common, the newest of several; later ones don't count."""
    builder = Builder()
    first, second = builder.build(TEXT, FILES), builder.build(TEXT, FILES)
    other = builder.build(TEXT, {**FILES, "src/a.go": "other"}, {"build-arg:A": "2"})
    this = builder.build(TEXT, {**FILES, "src/b.sh": "c"})
    later = builder.build(TEXT, {**FILES, "src/b.sh": "c"})
    assert nearest(this, [first, second, other, this, later]) is second
    assert nearest(first, [second]) is None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(sorted(CHANGES)), min_size=1, max_size=3), st.booleans())
def test_all_causes_end(names: list[str], forgets: bool) -> None:  # noqa: FBT001 - drawn
    """Each step that ran has a cause, a cascade ends at a step with one of its own, and no cause is told of a hit."""
    builder = Builder()
    earlier = builder.build(TEXT, FILES)
    if forgets:
        builder.forget(DEPS)
    for name in names:
        this = build(builder, CHANGES[name])
        told = causes(this, earlier)
        assert set(told) == {step.digest for step in this.build.steps if not step.cached}
        for cause in told.values():
            assert cause.kind is not CauseKind.CASCADE or told[cause.root].kind is not CauseKind.CASCADE
            assert bool(cause.root) == (cause.kind is CauseKind.CASCADE)
        assert sum(len(one.steps) + len(one.below) for one in fold(told)) == len(told)
        earlier = this


@given(st.sampled_from(sorted(CHANGES.keys() - {"no cache"})))
def test_a_build_against_itself(name: str) -> None:
    """Built again without a change nothing has a cause."""
    builder = Builder()
    built = [build(builder, CHANGES[name]) for _ in range(2)]
    assert causes(built[1], built[0]) == {}


def test_unsure_files() -> None:
    """What changed while a build took it is no evidence; what surely differs beside it is."""
    builder = Builder()
    earlier = builder.build(TEXT, FILES)
    this = builder.build(TEXT, {**FILES, "src/a.go": "other", "src/n": "new"})
    (graph,) = this.evidence.graphs
    step = next(one for one in this.build.steps if one.name.endswith(SRC))
    texts = []
    for unsure in ((b"src/b.sh",), (b"src/a.go",)):
        contexts = (replace(graph.contexts[0], unsure=unsure),)
        evidence = replace(this.evidence, graphs=(replace(graph, contexts=contexts),))
        texts.append(causes(replace(this, evidence=evidence), earlier)[step.digest].text)
    assert texts == ["src/a.go changed.", "Not known. Some files were not read, or changed while the build took them."]


def test_operations_of_a_newer_version() -> None:
    """A step that does something not known here has no known cause, and those below it are its cascade."""
    builder = Builder()
    earlier = builder.build(TEXT, FILES)
    this = builder.build(TEXT.replace("echo all", "echo some"), FILES)
    (graph,) = this.evidence.graphs
    assert graph.ops
    odd = next(op.id for op in graph.ops.ops if "echo some" in str(op.body))
    ops = tuple(replace(op, kind="", body={}) if op.id == odd else op for op in graph.ops.ops)
    evidence = replace(this.evidence, graphs=(replace(graph, ops=replace(graph.ops, ops=ops)),))
    told = causes(replace(this, evidence=evidence), earlier)
    found = {instruction(this, digest): cause.text for digest, cause in told.items()}
    assert found["RUN echo some"] == "Not known. It does something that is not known here."
    assert found[SRC] == "It builds on “RUN echo some”, which ran."


def test_version_that_tells_nothing() -> None:
    """On a builder of unknown version a cause is told only where all agree; they name images differently."""
    builder = Builder()
    builds = []
    for made in (
        builder.build(TEXT, FILES),
        builder.build(TEXT.replace("echo all", "b"), FILES, images={"busybox": "new"}),
    ):
        (graph,) = made.evidence.graphs
        sources = dict.fromkeys(graph.sources, Resolved(diff_ids=("sha256:one",)))
        evidence = Evidence("v0.0.0+unknown", (replace(graph, sources=sources),))
        builds.append(replace(made, evidence=evidence))
    told = {instruction(builds[1], digest): cause for digest, cause in causes(builds[1], builds[0]).items()}
    assert told["RUN b"].kind is CauseKind.COMMAND
    assert told["WORKDIR /w"].text == "Not known. The builder does not tell its version, and versions differ in this."


@settings(max_examples=60, deadline=None)
@given(st.permutations(sorted(CHANGES)))
def test_two_changes_at_once(names: list[str]) -> None:
    """Of two changes at once each step has a cause that one of them alone gives it."""
    check_pair(*names[:2])


@pytest.mark.matrix
def test_all_pairs_of_changes() -> None:
    """The same holds of all pairs; how many is printed."""
    counts = [count for names in permutations(CHANGES, 2) if (count := check_pair(*names))]
    print(f"{len(counts)} pairs, {sum(counts)} steps with causes")  # noqa: T201 - the count
    assert len(counts) > 900


MOVED = {"step gone", "steps swapped"}
"""Which one of a step and its edit is another step then is anybody's guess."""
FOLLOWS = {CauseKind.CASCADE, CauseKind.PARENT}


def check_pair(one: str, other: str) -> int:
    """Compare the causes after two changes with those after each; return how many there were."""
    changes = CHANGES[one], CHANGES[other]
    if MOVED & {one, other} or not changes[1].can_follow(TEXT.replace(*changes[0].edit, 1)):
        return 0
    first, second = kinds(changes[0]), kinds(changes[1])
    both = kinds(*changes)
    for step, kind in both.items():
        alone = {each[step] for each in (first, second) if step in each}
        if CauseKind.FLAG in (*first.values(), *second.values()):
            alone.add(CauseKind.FLAG)
        assert kind in (alone - FOLLOWS or FOLLOWS), (step, kind, alone)
    return len(both)


def kinds(*changes: Change) -> Mapping[str, CauseKind]:
    """Return the kinds of causes after changes, by the earlier build's steps; new ones are one."""
    builder = Builder()
    earlier = build(builder)
    this = build(builder, *changes)
    graphs = [one.evidence.graphs[0] for one in (earlier, this)]
    rules = rules_of(VERSION)
    assert rules
    old, new = (KeyedGraph(graph, rules) for graph in graphs)
    pairs, vertexes = pair(old, new), new.graph.ops.vertexes if new.graph.ops else {}
    return {pairs.get(vertexes[digest], "new"): cause.kind for digest, cause in causes(this, earlier).items()}


def test_addresses() -> None:
    """What is at an address is told by the address, without its password, and by what came from there."""
    rules, told = rules_of(VERSION), list[KeyedGraph]()
    assert rules
    for one in "ab":
        op = Op("add", "source", {"identifier": "https://me:secret@host/f", "attrs": {"http.filename": "f"}})
        resolved = Resolved(digest=f"sha256:{one * 64}", last_modified="")
        ops = Ops((op, Op("end", "", {}, inputs=(Edge("add"),))))
        told.append(KeyedGraph(Graph(ops=ops, sources={"add": resolved}), rules))
    cause = source_cause(told[0], "add", told[1], "add")
    assert cause
    assert cause.text == "What https://host/f serves changed."
    assert cause.differences == (MissEvidence("content", "https://host/f", *(f"sha256:{one * 64}" for one in "ab")),)
    assert source_cause(told[0], "add", told[0], "add") is None


def test_other_options() -> None:
    """Options of a RUN are told by their names; of a platform the image is named."""
    builder = Builder()
    earlier, this = build(builder), build(builder, CHANGES["platform"])
    step = next(one for one in this.build.steps if one.name.endswith(ALL))
    platform = MissEvidence("platform", "busybox", "linux/amd64", "linux/arm64")
    assert causes(this, earlier)[step.digest].differences == (platform,)
    rules = rules_of(VERSION)
    assert rules
    plain, named = run(), run(hostname="h", extraHosts=[{"Host": "db", "IP": "1.1.1.1"}])
    assert [one for _, one in differences(plain, named, rules)] == [
        MissEvidence("hosts", "", None, "db"),
        MissEvidence("other", "", None, "hostname=h"),
    ]
    for kind, number in (("secret", 1), ("ssh", 2), ("tmpfs", 4)):
        mounted = run([{"dest": "/m", "input": -1, "output": -1, "mountType": number}])
        assert differences(plain, mounted, rules) == ((CauseKind.MOUNT, MissEvidence("kind", "/m", None, kind)),)
    one, two = (run([{"dest": "/m", "input": 1, **more}]) for more in ({"readonly": True}, {}))
    assert differences(one, two, rules) == ((CauseKind.MOUNT, MissEvidence("option", "/m", "readonly=true", None)),)


def joined(*builds: TracedBuild) -> TracedBuild:
    """Return one build of several targets."""
    graphs, steps = [], []
    for number, one in enumerate(builds):
        (graph,) = one.evidence.graphs
        assert graph.ops
        vertexes = {f"{number} {digest}": op for digest, op in graph.ops.vertexes.items()}
        graphs.append(replace(graph, target=f"t{number}", ops=replace(graph.ops, vertexes=vertexes)))
        steps += [replace(step, digest=f"{number} {step.digest}") for step in one.build.steps]
    evidence = replace(builds[0].evidence, graphs=tuple(graphs))
    return replace(builds[0], build=replace(builds[0].build, steps=tuple(steps)), evidence=evidence)


def test_several_targets() -> None:
    """Each target is compared with its own of the earlier build, a new one with the nearest."""
    builder = Builder()
    second = "FROM other\nRUN second\n"
    earlier = joined(builder.build(TEXT, FILES), builder.build(second))
    edits = (TEXT.replace("echo all", "echo some"), f"{second}RUN third\n", TEXT.replace("echo all", "echo any"))
    this = joined(*(builder.build(text, FILES) for text in edits))
    told = causes(this, earlier)
    found = {instruction(this, digest): cause.text for digest, cause in told.items()}
    assert found["RUN echo some"] == "“all” in it became “some”."
    assert found["RUN third"] == "The earlier build had no such step."
    assert found["RUN echo any"] == "“all” in it became “any”."
    assert "RUN second" not in found


def test_commits() -> None:
    """Two commits are told though the branch is not known, which is in the keys of a copy that keeps .git."""
    rules, told = rules_of(VERSION), list[KeyedGraph]()
    assert rules
    for one in ("a" * 40, "b" * 40, ""):
        op = Op("add", "source", {"identifier": "git://host/r.git#main", "attrs": {"git.keepgitdir": "true"}})
        ops = Ops((op, Op("end", "", {}, inputs=(Edge("add"),))))
        told.append(KeyedGraph(Graph(ops=ops, sources={"add": Resolved(commit=one)}), rules))
    cause, unknown = (source_cause(told[0], "add", other, "add") for other in told[1:])
    assert cause
    assert unknown
    assert cause.differences == (MissEvidence("content", "git://host/r.git#main", "a" * 40, "b" * 40),)
    assert unknown.text == "Not known. What git://host/r.git#main served is not known."


def test_after_a_build_that_failed() -> None:
    """Where the earlier build failed is no result yet; what it did not come to ran because of that."""
    builder = Builder()
    earlier = builder.build(TEXT, FILES)
    builder.forget(ALL)
    ended = {ALL: StepState.FAILED, SRC: StepState.WAITING, MAKE: StepState.WAITING}
    steps = tuple(
        replace(step, state=ended.get(parse_name(step.name).instruction, step.state)) for step in earlier.build.steps
    )
    failed = replace(earlier, build=replace(earlier.build, status=BuildStatus.FAILED, steps=steps))
    told = compared(builder, failed)
    kinds = {step: cause.kind for step, cause in told.items()}
    assert kinds == {ALL: CauseKind.NEW_STEP, SRC: CauseKind.CASCADE, MAKE: CauseKind.CASCADE}
    assert told[ALL].text == "It has no result yet: it failed in the earlier build."


def test_builders_that_are_not_told() -> None:
    """Of builds of unknown builders it is not said that a result is gone from one."""
    builder = Builder()
    earlier = builder.build(TEXT, FILES)
    builder.forget(ALL)
    builder.name = ""
    told = compared(builder, earlier)
    assert told[ALL].text == (
        "Not known. Nothing that it depends on changed. Which builder ran the two builds is not told."
    )


def test_files_of_a_step_that_a_flag_ran_again() -> None:
    """What takes them ran for others than before or for want of its own result: nothing tells which."""
    text = "FROM busybox AS a\nRUN one\nFROM busybox\nCOPY --from=a /x /y\n"
    builder = Builder()
    earlier = builder.build(text)
    builder.forget("RUN one")
    builder.forget("COPY --from=a /x /y")
    this = builder.build(text, None, {"no-cache": "a"})
    assert [cause.text for cause in causes(this, earlier).values()] == [
        "--no-cache-filter=a says not to reuse its stage.",
        "Not known. It takes files of a step that ran: they are others now, or its own result is gone.",
    ]
