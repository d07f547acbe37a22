"""What is told of wrong and false hits."""

import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pytest

from core.explain.changes import ALL, DEPS, FILES, MAKE, OUT, SRC, TEXT
from core.explain.sample_builds import Builder, Files
from dockcache_tui.core.builds.build import Build, Step, StepState
from dockcache_tui.core.builds.cause import HitKind, HitWarning
from dockcache_tui.core.builds.names import parse_name
from dockcache_tui.core.explain.changed_results import changed_results
from dockcache_tui.core.explain.context import Context, SentFile
from dockcache_tui.core.explain.copies import kept_files
from dockcache_tui.core.explain.hit_warnings import empty_mounts, false_hits
from dockcache_tui.core.explain.ops import Edge, Op, Ops
from dockcache_tui.core.explain.stale_files import asks_earlier, stale, with_operations
from dockcache_tui.core.explain.traced_build import TracedBuild
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.record import Record

GO = "COPY go.mod /w/"
_SECOND = 1_000_000_000


def built_stale(files: Files, text: str = TEXT, unsure: tuple[bytes, ...] = ()) -> TracedBuild:
    """Build the project, then again with other files that look the same to the builder."""
    builder = Builder()
    earlier = builder.build(text, FILES)
    return with_context(builder.build(text, FILES), earlier, files, unsure)


def with_context(this: TracedBuild, earlier: TracedBuild, files: Files, unsure: tuple[bytes, ...] = ()) -> TracedBuild:
    """Return a build whose context was of other files, of which the builder kept those that look the same."""
    (graph,) = this.evidence.graphs
    now = Builder().build(TEXT, {**FILES, **files}).evidence.graphs[0].contexts[0].files
    kept = kept_files(earlier.evidence.graphs[0].contexts[0].files, now)
    contexts = (Context("context", "/p", now, kept, unsure),)
    return TracedBuild(this.build, replace(this.evidence, graphs=(replace(graph, contexts=contexts),)))


def words(found: Sequence[HitWarning]) -> list[str]:
    """Return the sentences of some warnings, which are all of one kind."""
    assert len({one.kind for one in found}) <= 1
    return [one.text for one in found]


def evidence(warning: HitWarning) -> list[tuple[str, str]]:
    """Return what shows a warning, without the values."""
    return [(one.what, one.name) for one in warning.differences]


def test_a_stale_file() -> None:
    """A file that looks as before is named with the step that took its old content, and what to do."""
    (warning,) = stale(built_stale({"src/a.go": "b"}))
    assert warning.kind is HitKind.STALE
    assert warning.text == (
        "src/a.go changed, but its size and time did not, so the builder does not notice: “COPY src /w/src” takes its"
        " old content. Touch it, and build again."
    )
    assert evidence(warning) == [("content", "src/a.go"), ("step", SRC)]
    assert warning.differences[0].old != warning.differences[0].new


def test_stale_files_of_several_steps() -> None:
    """Several files are counted, and each step that takes one of them."""
    (warning,) = stale(built_stale({"src/a.go": "b", "go.mod": "models"}))
    assert warning.text.startswith("go.mod and 1 more file changed, but their size and time did not")
    assert "“COPY go.mod /w/” and 1 more step take their old content. Touch them" in warning.text
    assert evidence(warning)[2:] == [("step", GO), ("step", SRC)]


MODE: Files = {"src": (None, 0o700)}
ALL_FILES = TEXT.replace(SRC, "COPY . /w")


def folder_told(this: TracedBuild, *earlier: TracedBuild) -> bool:
    """Tell whether a build is told to have taken the old mode of a folder."""
    return any("The mode of src/ changed" in one.text for one in stale(this, earlier))


def test_a_stale_folder() -> None:
    """Of a folder nothing helps but to remove the builder's copy, and its mode is told."""
    earlier = Builder().build(ALL_FILES, FILES)
    (warning,) = stale(built_stale(MODE, ALL_FILES), (earlier,))
    assert warning.text == (
        "The mode of src/ changed from 0755 to 0700, but a builder that has a folder does not look at that: “COPY . /w”"
        " takes the old one. Remove what it has of your files with `docker buildx prune --filter"
        " type=source.local`, and build again."
    )
    assert words(stale(built_stale({**MODE, "src/a.go": "b"}, ALL_FILES), (earlier,)))[1:] == [warning.text]


def test_a_folder_whose_new_mode_was_taken() -> None:
    """A step that runs takes the new mode under the old key, and one that is reused from it has it too."""
    this, earlier = built_stale(MODE, ALL_FILES), Builder().build(ALL_FILES, FILES)
    ran = TracedBuild(replace(this.build, steps=earlier.build.steps), this.evidence)
    assert folder_told(this, earlier)
    assert not folder_told(ran, earlier)
    assert not folder_told(this, ran, earlier)
    assert folder_told(this, this, earlier)


def test_a_folder_of_which_too_little_is_known() -> None:
    """Nothing is said where no build of this builder is known that made the result, from the same files."""
    this, earlier = built_stale(MODE, ALL_FILES), Builder().build(ALL_FILES, FILES)
    edited, elsewhere = Builder().build(ALL_FILES, {**FILES, "src/a.go": "b"}), Builder("two").build(ALL_FILES, FILES)
    assert [folder_told(this, *known) for known in ((), (edited,), (elsewhere,))] == [False] * 3
    assert folder_told(this, edited, elsewhere, earlier)
    reused = TracedBuild(replace(earlier.build, steps=this.build.steps), earlier.evidence)
    assert folder_told(this, reused)
    assert not folder_told(this, reused, TracedBuild(earlier.build, this.evidence))
    assert [asks_earlier(one) for one in (this, built_stale({"src/a.go": "b"}))] == [True, False]


@pytest.mark.parametrize("copy", ["COPY src /w/src", "COPY s* /w/src"])
def test_the_folder_that_a_copy_names(copy: str) -> None:
    """Its mode counts, but the image has it nowhere: the copy makes the folder that its contents go to."""
    text = TEXT.replace(SRC, copy)
    assert not folder_told(built_stale(MODE, text), Builder().build(text, FILES))
    inside = text.replace(copy, f"{copy}\nCOPY . /all")
    assert folder_told(built_stale(MODE, inside), Builder().build(inside, FILES))


@pytest.mark.parametrize(
    ("files", "unsure"),
    [
        ({"u/x": "changed"}, ()),
        ({"src/a.go": "longer"}, ()),
        ({}, ()),
        ({"src/a.go": "b"}, (b"src/a.go",)),
    ],
)
def test_no_false_alarm(files: Files, unsure: tuple[bytes, ...]) -> None:
    """Nothing is said of files that no step takes, that the builder noticed, or that are not surely known."""
    assert stale(built_stale(files, unsure=unsure)) == ()


def test_files_that_are_not_known_are_not_stale() -> None:
    """A copy of which a file's digest is not known, or a file that can't be read, tells nothing."""
    this = built_stale({"src/a.go": "b"})
    (graph,) = this.evidence.graphs
    (context,) = graph.contexts
    for one in (
        replace(context, kept=tuple(replace(file, digest="") for file in context.kept)),
        replace(context, files=tuple(replace(file, digest="") for file in context.files)),
        replace(context, files=()),
    ):
        evidence = replace(this.evidence, graphs=(replace(graph, contexts=(one,)),))
        assert stale(TracedBuild(this.build, evidence)) == ()
    nothing = replace(this.build, steps=tuple(replace(step, state=StepState.WAITING) for step in this.build.steps))
    assert stale(TracedBuild(nothing, this.evidence)) == ()


MOUNT = {"input": 1, "dest": "/c", "selector": "/src", "output": -1}


@pytest.mark.parametrize(
    ("kind", "body", "told"),
    [
        ("exec", {"mounts": [{"dest": "/"}, MOUNT]}, True),
        ("exec", {"mounts": [{"dest": "/"}, {**MOUNT, "output": 1, "readonly": False}]}, True),
        ("exec", {"mounts": [{"dest": "/"}, {**MOUNT, "selector": "/u"}]}, False),
        ("exec", {"mounts": [{"dest": "/", "input": 1}]}, True),
        (
            "file",
            {"actions": [{"input": 1, "secondaryInput": -1, "output": 0, "Action": {"mkdir": {"path": "/x"}}}]},
            True,
        ),
        ("merge", {"inputs": [{"input": 0}, {"input": 1}]}, False),
    ],
)
def test_what_takes_files(kind: str, body: Mapping[str, object], *, told: bool) -> None:
    """A mount takes what is below its source, whether the step is found by that or not, and a base everything."""
    this = built_stale({"src/a.go": "b"})
    (graph,) = this.evidence.graphs
    local = next(op for op in graph.ops.ops if op.kind == "source" and "local" in op.body["identifier"])  # type: ignore[union-attr]
    base = Op("base", "source", {"identifier": "docker-image://x"})
    op = Op("op", kind, body, inputs=(Edge("base"), Edge(local.id)))
    steps = (Step("v", "[1/1] RUN it", StepState.REUSED, cacheable=True),)
    evidence = replace(this.evidence, graphs=(replace(graph, ops=Ops((base, local, op), {"v": "op"})),))
    assert bool(stale(TracedBuild(replace(this.build, steps=steps), evidence))) is told


def test_any_name_is_a_name() -> None:
    """A name that is no text, or is meant to look like markup, is told as it is."""
    name = "src/[red]\udcff{0}"
    builder = Builder()
    earlier = builder.build(TEXT, {**FILES, name: "a"})
    (warning,) = stale(with_context(builder.build(TEXT, FILES), earlier, {name: "b"}))
    assert warning.text.startswith(f"{name} changed, ")


def test_a_build_that_failed() -> None:
    """Its operations are those that steps of the same names were in an earlier build; other steps tell nothing."""
    this = built_stale({"src/a.go": "b", "go.mod": "models"})
    (graph,) = this.evidence.graphs
    unfinished = replace(this.evidence, graphs=(replace(graph, ops=None),))
    steps = tuple(
        replace(step, digest=f"other {step.digest}", name=step.name.replace("go.mod /w/", "go.mod /v/"))
        for step in this.build.steps
    )
    failed = TracedBuild(replace(this.build, steps=steps), unfinished)
    (warning,) = stale(with_operations(failed, this))
    assert evidence(warning) == [("content", "src/a.go"), ("step", SRC)]
    elsewhere = replace(unfinished, graphs=(replace(unfinished.graphs[0], target="other"),))
    for one in (failed, with_operations(TracedBuild(failed.build, elsewhere), this)):
        assert stale(one) == ()
    assert with_operations(this, failed) == this


BLOB = f"sha256:{'d' * 64}"


def test_false_hits() -> None:
    """What was said to be reused and was not there is told with its data and the caches that it may be of."""
    this = Builder().build(TEXT, FILES).build
    imported = Step("i", "importing cache manifest from reg/c:1", StepState.BUILT, cacheable=False)
    first, *rest = this.steps
    lost = f"NotFound: rpc error: content {BLOB}: not found"
    ran = replace(this, steps=(imported, replace(first, state=StepState.FALSE_HIT, lost=lost), *rest))
    (warning,) = false_hits(ran)
    assert warning.kind is HitKind.FALSE
    assert warning.text == (
        "“WORKDIR /w” was said to be reused, but its data was gone from reg/c:1: it ran after all. Write the cache anew"
        " with --cache-to."
    )
    assert evidence(warning) == [("blob", BLOB), ("cache", "reg/c:1"), ("step", "WORKDIR /w")]
    folder = replace(imported, name="importing cache manifest from local:16047291920137640839")
    two = replace(ran, steps=(folder, *ran.steps))
    assert "its data was gone from a cache folder or reg/c:1: it ran" in words(false_hits(two))[0]
    failed = replace(this, steps=(replace(first, state=StepState.FAILED, error=lost), *rest))
    assert words(false_hits(failed))[0].startswith(
        "“WORKDIR /w” was said to be reused, but its data was gone from the builder: the build failed."
    )
    other = replace(this, steps=(replace(first, state=StepState.FAILED, error="exit code: 1"), *rest))
    assert false_hits(other) == false_hits(this) == ()


def mounting(*states: StepState, mount: str = "type=cache,target=/c,id=one") -> Build:
    """Return a build on a node of steps that have one cache mount, a second apart."""
    build = replace(Builder().build(TEXT, FILES).build, node="n")
    names = [f"[deps {number}/9] RUN --mount={mount} make {number}" for number, _ in enumerate(states, 1)]
    steps = [
        Step(str(number), name, state, cacheable=True, started_at=Instant((number + 1) * _SECOND))
        for number, (name, state) in enumerate(zip(names, states, strict=True))
    ]
    return replace(build, steps=tuple(steps))


def record(description: str, created: float, used: float | None = None, node: str = "n") -> Record:
    """Return a record of a node that was made and last used at some seconds."""
    last_used = None if used is None else Instant(int(used * _SECOND))
    kind = "exec.cachemount" if description.startswith("cached") else "regular"
    is_what = {"in_use": False, "shared": False, "mutable": False}
    made = Instant(int(created * _SECOND))
    return Record("one", node, "id", kind, 1, made, last_used, 1, (), description=description, **is_what)


def mounted(created: float, name: str = "/one", node: str = "n") -> Record:
    """Return the record of a cache mount."""
    return record(f'cached mount /c from exec /bin/sh -c make with id "{name}"', created, node=node)


REUSED, BUILT, FAILED = StepState.REUSED, StepState.BUILT, StepState.FAILED


def test_an_empty_mount() -> None:
    """A step that ran with a mount made for it, while the one that fills it was reused, is told with what to do."""
    (warning,) = empty_mounts(mounting(REUSED, BUILT), [mounted(2.1)])
    assert warning.kind is HitKind.MOUNT_TRAP
    assert warning.text == (
        "“RUN --mount=type=cache,target=/c,id=one make 2” ran with an empty cache mount at /c: the builder had none,"
        " and “RUN --mount=type=cache,target=/c,id=one make 1”, which has it too, was reused and put nothing in. If it"
        " needs what should be there, build with --no-cache-filter=deps once."
    )
    assert empty_mounts(mounting(REUSED, FAILED, BUILT), [mounted(2.1)]) != ()


@pytest.mark.parametrize(
    ("build", "records"),
    [
        (mounting(REUSED, BUILT), [mounted(1.9)]),
        (mounting(REUSED, BUILT), [mounted(2.1), mounted(0.5)]),
        (mounting(REUSED, BUILT), []),
        (mounting(REUSED, BUILT), [mounted(2.1, name="ns/one")]),
        (mounting(REUSED, BUILT), [mounted(2.1, node="other")]),
        (mounting(BUILT, REUSED, BUILT), [mounted(1.1)]),
        (mounting(BUILT, BUILT), [mounted(1.1)]),
        (mounting(REUSED, REUSED), []),
        (mounting(REUSED, BUILT, mount="type=cache,target=/c,id=one,from=base"), [mounted(2.1)]),
        (mounting(REUSED, BUILT, mount="type=bind,target=/c,id=one"), [mounted(2.1)]),
    ],
)
def test_mounts_that_are_no_trap(build: Build, records: list[Record]) -> None:
    """Nothing is said of a mount that was there before, that is not known, or that no reused step has."""
    assert empty_mounts(build, records) == ()


def test_two_mounts_of_one_step_are_told_at_once() -> None:
    """The places of several mounts are in one sentence."""
    both = "type=cache,target=/c,id=one --mount=type=cache,target=/d,id=two"
    (warning,) = empty_mounts(mounting(REUSED, BUILT, mount=both), [mounted(2.1), mounted(2.2, name="/two")])
    assert "ran with empty cache mounts at /c and /d: " in warning.text


def anew(state: StepState = BUILT, late: StepState = BUILT) -> tuple[TracedBuild, TracedBuild]:
    """Return a build, and one with --no-cache-filter=build whose copy of that stage's file came to `state`."""
    text = f"{TEXT}RUN late"
    builder = Builder()
    earlier, this = builder.build(text, FILES), builder.build(text, FILES, {"no-cache": "build"})
    states = {**dict.fromkeys((GO, DEPS, ALL, SRC, MAKE), BUILT), OUT: state, "RUN late": late}
    after = _of(this, lambda step: states.get(parse_name(step.name).instruction, REUSED), 15)
    return after, _of(earlier, lambda _: BUILT)


def _of(traced: TracedBuild, state: Callable[[Step], StepState], at: int = 10) -> TracedBuild:
    steps = tuple(
        replace(step, state=state(step), started_at=Instant(at * _SECOND), completed_at=Instant((at + 1) * _SECOND))
        for step in traced.build.steps
    )
    return TracedBuild(replace(traced.build, node="n", steps=steps), traced.evidence)


COPIED = record(f"[stage-1 1/1] {OUT}", 10.5)


def test_a_changed_result() -> None:
    """A copy that ran though the builder has what it was before took other files from equal steps."""
    this, earlier = anew()
    (warning,) = changed_results(this, earlier, [COPIED])
    assert warning.kind is HitKind.NOT_DETERMINISTIC
    assert warning.text == (
        f"“{MAKE}” or a step above it left other files than before, though nothing that it depends on changed, so"
        f" “{OUT}” and 1 more step ran too. Let it leave the same files each time, without dates, random names or"
        " versions that are not fixed."
    )
    assert evidence(warning) == [("step", one) for one in (MAKE, ALL, DEPS, OUT, "RUN late")]


def test_a_step_that_builds_on_old_files() -> None:
    """A step that was reused on a copy that ran has the old files: that is told."""
    found = changed_results(*anew(late=REUSED), [COPIED])
    assert [one.kind for one in found] == [HitKind.NOT_DETERMINISTIC, HitKind.STALE]
    assert found[1].text.startswith(
        f"“{OUT}” took new files, but “RUN late”, which builds on it, was reused with the old"
    )


@pytest.mark.parametrize(
    ("earlier_state", "used", "told"),
    [
        (BUILT, None, True),
        (REUSED, 12, True),
        (REUSED, 20, True),
        (REUSED, 4, False),
        (REUSED, None, False),
        (StepState.WAITING, 12, False),
    ],
)
def test_the_result_must_still_be_there(earlier_state: StepState, used: float | None, *, told: bool) -> None:
    """It is that of the earlier build if it was made then, or before that and was used then or since."""
    this, earlier = anew()
    earlier = _of(earlier, lambda _: earlier_state)
    if earlier_state is StepState.WAITING:
        steps = tuple(replace(step, started_at=None, completed_at=None) for step in earlier.build.steps)
        earlier = TracedBuild(replace(earlier.build, steps=steps), earlier.evidence)
    there = replace(COPIED, created_at=Instant(int((10.5 if used is None else 1) * _SECOND)))
    there = replace(there, last_used_at=None if used is None else Instant(int(used * _SECOND)))
    assert bool(changed_results(this, earlier, [there])) is told


def test_results_that_did_not_change() -> None:
    """Nothing is said of a copy that was reused, whose result may be gone, that was flagged too, or ran elsewhere."""
    this, earlier = anew()
    assert changed_results(*anew(state=REUSED), [COPIED]) == ()
    assert changed_results(this, earlier, []) == ()
    assert changed_results(this, earlier, [replace(COPIED, node="other")]) == ()
    elsewhere = TracedBuild(replace(earlier.build, node="other"), earlier.evidence)
    updated = TracedBuild(earlier.build, replace(earlier.evidence, version="v0.33.0"))
    for one in (elsewhere, updated):
        assert changed_results(this, one, [COPIED]) == ()
    (graph,) = this.evidence.graphs
    for request in ({}, {"no-cache": ""}, {"no-cache": "build,stage-1"}):
        flagged = replace(this.evidence, graphs=(replace(graph, request=request),))
        assert changed_results(TracedBuild(this.build, flagged), earlier, [COPIED]) == ()


def test_a_changed_file_is_no_changed_result() -> None:
    """What ran since its files changed did not get equal inputs."""
    this, earlier = anew()
    (graph,) = this.evidence.graphs
    files = tuple(replace(file, digest=BLOB) if file.path == b"src/a.go" else file for file in graph.contexts[0].files)
    edited = replace(graph, contexts=(replace(graph.contexts[0], files=files),))
    changed = TracedBuild(this.build, replace(this.evidence, graphs=(edited,)))
    assert changed_results(changed, earlier, [COPIED]) == ()


def test_a_folder_is_a_folder() -> None:
    """What was kept of a folder is told with a slash at its end, also where only its attributes changed."""
    this = built_stale({}, ALL_FILES)
    (graph,) = this.evidence.graphs
    (context,) = graph.contexts
    folder = SentFile(b"src", stat.S_IFDIR | 0o755, BLOB, xattrs=((b"user.a", b"1"),))
    files = tuple(file for file in context.files if file.path != b"src")
    kept = tuple(file for file in context.files if file.path == b"src")
    other = replace(context, files=(*files, folder), kept=kept)
    evidence = replace(this.evidence, graphs=(replace(graph, contexts=(other,)),))
    assert words(stale(TracedBuild(this.build, evidence)))[0].startswith("The extended attributes of src/ changed, but")
