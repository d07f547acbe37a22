"""What is said of each change between two builds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.explain.sample_builds import Builder, Files
from dockcache_tui.core.builds.build import StepState
from dockcache_tui.core.builds.names import parse_name
from dockcache_tui.core.explain.baseline import nearest
from dockcache_tui.core.explain.cause import CauseKind, MissCause, MissEvidence, cause_row, fold
from dockcache_tui.core.explain.causes import causes
from dockcache_tui.core.explain.evidence import Evidence
from dockcache_tui.core.explain.source_keys import Resolved
from dockcache_tui.core.explain.traced_build import TracedBuild

FILES: Files = {
    ".git": None,
    ".git/HEAD": "main",
    "Dockerfile": "FROM",
    "go.mod": "module",
    "src": None,
    "src/a.go": "a",
    "src/b.sh": ("b", 0o644),
    "src/l": "->a.go",
    "u": None,
    "u/x": "unused",
}
TEXT = """
FROM busybox AS build
WORKDIR /w
COPY go.mod /w/
RUN go mod download
ARG A=1
RUN echo all
COPY src /w/src
RUN --mount=type=cache,target=/c,id=one go build
FROM busybox
RUN echo runtime
COPY --from=build /out /app
"""
DEPS, ALL, SRC, MAKE = "RUN go mod download", "RUN echo all", "COPY src /w/src", TEXT.splitlines()[8]
OUT = "COPY --from=build /out /app"


@dataclass
class Change:
    """What a second build differs in, and what is said: the sentence of each step with a cause of its own."""

    said: Mapping[str, str]
    text: str = TEXT
    files: Files = field(default_factory=dict)
    without: Sequence[str] = ()
    request: Mapping[str, str] = field(default_factory=dict)
    platform: str = "amd64"
    images: Mapping[str, str] = field(default_factory=dict)
    fix: str = ""


def edited(old: str, new: str) -> str:
    """Return the Dockerfile with an edit."""
    assert old in TEXT
    return TEXT.replace(old, new, 1)


CHANGES: Mapping[str, Change] = {
    "nothing": Change({}),
    "unused file": Change({}, files={"u/x": "other"}),
    "content": Change({SRC: "src/a.go changed."}, files={"src/a.go": "other"}),
    "of two": Change({SRC: "src/a.go changed. 1 more path differs."}, files={"src/a.go": "c", "src/b.sh": "c"}),
    "mode": Change(
        {SRC: "The mode of src/b.sh changed from 0644 to 0755."},
        files={"src/b.sh": ("b", 0o755)},
        fix="Give it its mode back.",
    ),
    "folder mode": Change(
        {SRC: "The mode of src/ changed from 0755 to 0700."}, files={"src": (None, 0o700)}, fix="Give it its mode back."
    ),
    "added": Change({SRC: "src/n was added."}, files={"src/n": "new"}),
    "removed": Change({SRC: "src/a.go was removed."}, without=["src/a.go"]),
    "renamed": Change({SRC: "src/a.go was renamed to src/z.go."}, files={"src/z.go": "a"}, without=["src/a.go"]),
    "link": Change({SRC: "The link src/l points to b.sh instead of a.go."}, files={"src/l": "->b.sh"}),
    "type": Change({SRC: "src/l is a file and was a link."}, files={"src/l": "a"}),
    "one file": Change({"COPY go.mod /w/": "go.mod changed."}, files={"go.mod": "module b"}),
    "command": Change({"RUN echo some": "“all” in it became “some”."}, text=edited("echo all", "echo some")),
    "word added": Change({"RUN echo all of it": "“of it” is new in it."}, text=edited("echo all", "echo all of it")),
    "word removed": Change({"RUN echo": "“all” in it is gone."}, text=edited("echo all", "echo")),
    "argument": Change(
        {ALL: "The build argument A changed from 1 to 2.", MAKE: "The build argument A changed from 1 to 2."},
        request={"build-arg:A": "2"},
        fix="Declare ARG A below this step, unless what it runs reads it.",
    ),
    "variable": Change(
        {ALL: "The variable A changed from 1 to 3.", MAKE: "The variable A changed from 1 to 3."},
        text=edited("ARG A=1", "ENV A=3"),
    ),
    "new variable": Change(
        {DEPS: "The variable B is new.", ALL: "The variable B is new.", MAKE: "The variable B is new."},
        text=edited("WORKDIR", "ENV B=1\nWORKDIR"),
    ),
    "variable gone": Change(dict.fromkeys((ALL, MAKE), "The variable A is gone."), text=edited("ARG A=1\n", "")),
    "secret": Change(
        {ALL: "The variable API_TOKEN is new.", MAKE: "The variable API_TOKEN is new."},
        text=edited("ARG A=1\n", "ARG A=1\nENV API_TOKEN=ghp_x\n"),
    ),
    "user": Change(
        {ALL: "It runs as app instead of root.", MAKE: "It runs as app instead of root."},
        text=edited("RUN echo all", "USER app\nRUN echo all"),
    ),
    "dest": Change({"COPY src /w/s": "It writes to /w/s instead of /w/src."}, text=edited(SRC, "COPY src /w/s")),
    "chmod": Change(
        {"COPY --chmod=640 src /w/src": "It gives its files the mode 0640 instead of their own."},
        text=edited(SRC, "COPY --chmod=640 src /w/src"),
    ),
    "other source": Change({"COPY u /w/src": "“/src” in it became “/u”."}, text=edited(SRC, "COPY u /w/src")),
    "workdir": Change({"WORKDIR /v": "It writes to /v instead of /w."}, text=edited("WORKDIR /w", "WORKDIR /v")),
    "mount gone": Change({"RUN go build": "Its cache mount at /c is gone."}, text=edited(MAKE, "RUN go build")),
    "mount moved": Change(
        {MAKE.replace("/c", "/d"): "Its mount at /c is now at /d."}, text=edited("target=/c", "target=/d")
    ),
    "mount id": Change({}, text=edited("id=one", "id=two")),
    "mount without id": Change(
        {MAKE.replace("=one", "=/c"): "Its mount at /c has the id /c instead of one."}, text=edited("id=one", "id=/c")
    ),
    "base": Change(
        {
            "WORKDIR /w": "The image busybox changed: it is 11507a0e2f5e and was 9d75f0d7c398.",
            "RUN echo runtime": "The image busybox changed: it is 11507a0e2f5e and was 9d75f0d7c398.",
        },
        images={"busybox": "new"},
        fix="Name the image by its digest, to decide when it changes.",
    ),
    "other base": Change(
        {"RUN echo runtime": "The image is alpine instead of busybox."},
        text=edited("FROM busybox\n", "FROM alpine\n"),
    ),
    "platform": Change(
        dict.fromkeys(
            ("WORKDIR /w", DEPS, ALL, MAKE, "RUN echo runtime"), "The platform changed from linux/amd64 to linux/arm64."
        ),
        platform="arm64",
    ),
    "new step": Change({"RUN more": "The earlier build had no such step."}, text=edited(SRC, f"RUN more\n{SRC}")),
    "new last step": Change({"RUN more": "The earlier build had no such step."}, text=f"{TEXT}RUN more\n"),
    "new step and edit": Change(
        {
            "RUN go mod tidy": "The earlier build had no such step.",
            "RUN echo some": "“all” in it became “some”.",
        },
        text=edited(ALL, "RUN go mod tidy\nRUN echo some"),
    ),
    "step gone": Change({SRC: "The step that was above it is gone: RUN echo all."}, text=edited("RUN echo all\n", "")),
    "steps swapped": Change(
        {ALL: "It now stands on COPY go.mod /w/, and before on RUN go mod download.", DEPS: "The variable A is new."},
        text=edited(f"{DEPS}\nARG A=1\n{ALL}", f"ARG A=1\n{ALL}\n{DEPS}"),
    ),
    "no cache": Change(
        dict.fromkeys(
            ("COPY go.mod /w/", DEPS, ALL, SRC, MAKE, "RUN echo runtime", OUT), "--no-cache says to reuse nothing."
        ),
        request={"no-cache": ""},
        fix="Build without --no-cache.",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_words(name: str) -> None:
    """Each change is told in its words, by the steps that it is the first cause of; all else is a cascade."""
    change = CHANGES[name]
    builder = Builder()
    earlier = builder.build(TEXT, FILES)
    files = {path: told for path, told in {**FILES, **change.files}.items() if path not in change.without}
    this = builder.build(change.text, files, change.request, platform=change.platform, images=change.images)
    told = causes(this, earlier)
    own = {instruction(this, one): cause for one, cause in told.items() if cause.kind is not CauseKind.CASCADE}
    assert {step: cause.text for step, cause in own.items()} == change.said
    assert {cause.fix for cause in own.values()} <= {change.fix}


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
    told = compared(builder, earlier, edited("go build", "go test"), {**FILES, "src/a.go": "other"})
    assert {step: cause.kind.value for step, cause in told.items()} == {
        ALL: "evicted",
        SRC: "content",
        MAKE.replace("go build", "go test"): "command",
        OUT: "cascade",
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
        OUT: "cascade",
    }


def test_other_builder() -> None:
    """What another builder has was not imported."""
    earlier = Builder("desk").build(TEXT, FILES)
    told = compared(Builder("ci"), earlier)
    assert {cause.kind for cause in told.values()} == {CauseKind.NOT_IMPORTED}
    assert told[ALL].text == "The builder desk has its result, and this build read no cache that does."
    assert told[ALL].differences == (MissEvidence("builder", "desk"),)
    assert told[ALL].fix == "Write the cache of desk with --cache-to, and read it here with --cache-from."


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
    assert (git.text, git.fix) == ("Only .git changed.", "Add .git to .dockerignore, unless the build reads it.")
    assert both.text == "go.mod changed. 2 more paths differ."
    assert both.fix == "Add .git and Dockerfile to .dockerignore, unless the build reads them."
    (rest,) = compared(builder, earlier, text, {**FILES, "go.mod": "c"}).values()
    assert rest.fix == "Copy what the steps below need by its name, and the rest further down."


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
    row = cause_row(MissCause(CauseKind.CONTENT, "f0 changed.", many, fix="Do."))
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
        change = CHANGES[name]
        files = {path: told for path, told in {**FILES, **change.files}.items() if path not in change.without}
        this = builder.build(change.text, files, change.request, platform=change.platform, images=change.images)
        told = causes(this, earlier)
        assert set(told) == {step.digest for step in this.build.steps if not step.cached}
        for cause in told.values():
            assert cause.kind is not CauseKind.CASCADE or told[cause.root].kind is not CauseKind.CASCADE
            assert bool(cause.root) == (cause.kind is CauseKind.CASCADE)
        assert sum(len(one.steps) + len(one.below) for one in fold(told)) == len(told)
        earlier = this


@given(st.sampled_from(sorted(CHANGES)))
def test_a_build_against_itself(name: str) -> None:
    """Built again without a change nothing has a cause."""
    change, builder = CHANGES[name], Builder()
    built = [builder.build(change.text, FILES, platform=change.platform, images=change.images) for _ in range(2)]
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
    this = builder.build(edited("echo all", "echo some"), FILES)
    (graph,) = this.evidence.graphs
    assert graph.ops
    odd = next(op.id for op in graph.ops.ops if "echo some" in str(op.body))
    ops = tuple(replace(op, kind="", body={}) if op.id == odd else op for op in graph.ops.ops)
    evidence = replace(this.evidence, graphs=(replace(graph, ops=replace(graph.ops, ops=ops)),))
    told = causes(replace(this, evidence=evidence), earlier)
    found = {instruction(this, digest): cause.text for digest, cause in told.items()}
    assert found["RUN echo some"] == "Not known. It does something that is not known here."
    assert found[SRC] == "It stands on a step that ran: RUN echo some."


def test_version_that_tells_nothing() -> None:
    """On a builder of unknown version a cause is told only where all agree; they name images differently."""
    builder = Builder()
    builds = []
    for made in (builder.build(TEXT, FILES), builder.build(edited("echo all", "b"), FILES, images={"busybox": "new"})):
        (graph,) = made.evidence.graphs
        sources = dict.fromkeys(graph.sources, Resolved(diff_ids=("sha256:one",)))
        evidence = Evidence("v0.0.0+unknown", (replace(graph, sources=sources),))
        builds.append(replace(made, evidence=evidence))
    told = {instruction(builds[1], digest): cause for digest, cause in causes(builds[1], builds[0]).items()}
    assert told["RUN b"].kind is CauseKind.COMMAND
    assert told["WORKDIR /w"].text == "Not known. The builder does not tell its version, and versions differ in this."
