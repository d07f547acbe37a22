"""What is said of a step that a cache has, or had, from which it was not taken."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from core.explain.changes import ALL, FILES, MAKE, OUT, TEXT
from core.explain.sample_builds import Builder
from core.explain.test_causes import instruction
from dockcache_tui.core.builds.build import Step, StepState
from dockcache_tui.core.builds.cache_places import CachePlace
from dockcache_tui.core.builds.cause import CauseKind, Fix, MissCause, MissEvidence
from dockcache_tui.core.explain.causes import causes
from dockcache_tui.core.explain.traced_build import TracedBuild

FOLDER, SCOPE = CachePlace("folder", "/c"), CachePlace("gha scope", "main")
IMAGE, S3 = CachePlace("registry", "r.io/app:cache"), CachePlace("s3", "b")
PARTLY = replace(IMAGE, whole=False)


def told(build: TracedBuild, imports: Iterable[CachePlace] = (), exports: Iterable[CachePlace] = ()) -> TracedBuild:
    """Return a build that was told to read and write caches."""
    (graph,) = build.evidence.graphs
    graph = replace(graph, imports=tuple(imports), exports=tuple(exports))
    return replace(build, evidence=replace(build.evidence, graphs=(graph,)))


def elsewhere(imports: Iterable[CachePlace], exports: Iterable[CachePlace], step: str = ALL) -> MissCause:
    """Return the cause of a step on a builder that has nothing, after another one wrote caches."""
    earlier = told(Builder("ci").build(TEXT, FILES), exports=exports)
    this = told(Builder("desk").build(TEXT, FILES), imports)
    return next(cause for digest, cause in causes(this, earlier).items() if instruction(this, digest) == step)


@pytest.mark.parametrize(
    ("place", "words", "option"),
    [
        (FOLDER, "the folder /c", "type=local,src=/c"),
        (SCOPE, "the Actions cache of the scope main", "type=gha,scope=main"),
        (IMAGE, "the image r.io/app:cache", "type=registry,ref=r.io/app:cache"),
        (S3, "the s3 cache b", "type=s3,name=b"),
    ],
)
def test_not_read(place: CachePlace, words: str, option: str) -> None:
    """A cache that has a result and was not read is named, with what reads it."""
    cause = elsewhere([], [place])
    assert (cause.kind, cause.differences) == (CauseKind.NOT_IMPORTED, (MissEvidence(place.kind, place.name),))
    assert cause.text == f"This build did not read {words}, where an earlier build wrote its result."
    assert cause.fix == Fix(f"Read it with --cache-from {option}.")


def test_not_read_and_gone() -> None:
    """Where the builder lost it too, both are said."""
    builder = Builder()
    earlier = told(builder.build(TEXT, FILES), exports=[FOLDER])
    builder.forget(ALL)
    this = told(builder.build(TEXT, FILES), [SCOPE])
    cause = next(iter(causes(this, earlier).values()))
    assert cause.text == (
        "The builder no longer has its result, and this build did not read the folder /c, where one wrote it."
    )
    assert {one.kind for one in causes(this, earlier).values()} == {CauseKind.NOT_IMPORTED}


def test_only_the_image() -> None:
    """Of a cache without mode=max only what is in the image is missing, and of the rest it is said why."""
    cause = elsewhere([PARTLY], [PARTLY])
    assert (
        cause.text == "Only the steps of the image itself were written to the image r.io/app:cache, without mode=max."
    )
    assert (cause.kind, cause.fix) == (CauseKind.NOT_IMPORTED, Fix("Write it with mode=max in --cache-to."))
    of_image = elsewhere([PARTLY], [PARTLY], OUT)
    assert (of_image.kind, of_image.differences[0].name) == (CauseKind.EVICTED, "r.io/app:cache")
    assert elsewhere([], [PARTLY]).differences == (MissEvidence("builder", "ci"),)
    assert elsewhere([], [PARTLY], OUT).differences == (MissEvidence("registry", "r.io/app:cache"),)


def test_gone_there() -> None:
    """A cache that was read and has it no more lost it; that of a branch may not be readable by another."""
    cause = elsewhere([FOLDER], [FOLDER])
    why = "it was evicted there, or a later build wrote over it."
    assert cause.text == f"This build read the folder /c, which no longer has its result: {why}"
    times = ("1970-01-01T00:00:01Z", "1970-01-01T00:00:01Z")
    assert cause.differences == (MissEvidence("folder", "/c", *times),)
    assert "this branch may not read it" in elsewhere([SCOPE], [SCOPE]).text
    assert elsewhere([FOLDER], [FOLDER, IMAGE]).kind is CauseKind.NOT_IMPORTED


@pytest.mark.parametrize(
    ("place", "name"),
    [(IMAGE, "importing cache manifest from r.io/app:cache"), (SCOPE, "importing cache manifest from gha:123")],
)
def test_not_readable(place: CachePlace, name: str) -> None:
    """A cache that could not be read is told with the reason, unless it may be another one that was not."""
    earlier = told(Builder("ci").build(TEXT, FILES), exports=[place])
    this = Builder("desk").build(TEXT, FILES)
    failed = Step("i", name, StepState.FAILED, cacheable=False, error="not\nfound")
    this = replace(this, build=replace(this.build, steps=(*this.build.steps, failed)))
    cause = causes(told(this, [place, FOLDER]), earlier)[this.build.steps[0].digest]
    assert cause.text == (
        f"This build could not read {place.words}, where an earlier build wrote its result: not found."
    )
    both = causes(told(this, [place, replace(place, name="other")]), earlier)[this.build.steps[0].digest]
    assert both.kind is (CauseKind.EVICTED if place is SCOPE else CauseKind.NOT_IMPORTED)


def test_no_cache_in_it() -> None:
    """A folder without a cache in it, which buildx leaves out in silence, is told."""
    cause = elsewhere([replace(FOLDER, is_there=False)], [FOLDER])
    assert cause.text.endswith("where an earlier build wrote its result: there is no cache in it.")


def test_read_by_another_builder() -> None:
    """What another builder reused may have come from a cache that it read: both are named."""
    ci = Builder("ci")
    ci.build(TEXT, FILES)
    earlier = told(ci.build(TEXT, FILES), [IMAGE])
    this = Builder("desk").build(TEXT, FILES)
    cause = next(iter(causes(this, earlier).values()))
    assert cause.text == (
        "The builder ci has its result, or read it from the image r.io/app:cache; this build read neither."
    )
    assert cause.differences == (MissEvidence("builder", "ci"), MissEvidence("registry", "r.io/app:cache"))
    assert cause.fix == Fix("Build with --cache-from type=registry,ref=r.io/app:cache.")


def test_read_before_on_this_builder() -> None:
    """Whether a builder kept what it read is not known; that a cache with it was not read now is."""
    builder = Builder()
    builder.build(TEXT, FILES)
    earlier = builder.build(TEXT, FILES)
    imported = Step("i", "importing cache manifest from x", StepState.BUILT, cacheable=False)
    earlier = replace(earlier, build=replace(earlier.build, steps=(*earlier.build.steps, imported)))
    builder.forget(MAKE)
    this = builder.build(TEXT, FILES)
    for exports, said in (
        ([], "Not known. The earlier build had its result from a cache that it read, perhaps without its data."),
        ([FOLDER], "This build did not read the folder /c, where an earlier build wrote its result."),
    ):
        cause = next(iter(causes(this, told(earlier, [IMAGE], exports)).values()))
        assert cause.text == said


def test_dead_blob() -> None:
    """The cache is named whose data is gone; where several were read, all of them."""
    builder = Builder()
    this = builder.build(TEXT, FILES)
    first = replace(this.build.steps[0], state=StepState.FALSE_HIT)
    this = replace(this, build=replace(this.build, steps=(first,)))
    for places, said in (((FOLDER,), "The folder /c"), ((FOLDER, IMAGE), "The folder /c or the image r.io/app:cache")):
        (cause,) = causes(told(this, places), None).values()
        assert cause.text == f"{said} named its result, but the data of it was gone."
        assert cause.differences == tuple(MissEvidence(place.kind, place.name) for place in places)
