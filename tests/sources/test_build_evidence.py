"""What a build of ours sends, and the evidence that is put together of it."""

import os
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from dockcache_tui.core.builds.build import Build, BuildSpec, BuildStatus, SourceFile, Step, StepState
from dockcache_tui.core.builds.cache_places import CachePlace
from dockcache_tui.core.explain.context import Context, SentFile
from dockcache_tui.core.explain.copies import bytes_received
from dockcache_tui.core.explain.evidence import Evidence, Graph
from dockcache_tui.core.explain.ops import Op, Ops
from dockcache_tui.core.instant import Instant
from dockcache_tui.sources.build_context import ContextSnapshot, SentFolder, sent_folders
from dockcache_tui.sources.build_evidence import CHANGED, UNREAD, EvidenceOfOurs, Place
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.file_stamps import FileStamps

LOADED = Step("l", "[internal] load build context", StepState.BUILT, False, Instant(1), Instant(2))  # noqa: FBT003
BUILD = Build("r", "b", Instant(0), BuildStatus.SUCCEEDED, node="n", context="/x/p", steps=(LOADED,))
PLACE = ("b", "n", "context:p")
SPEC = BuildSpec("/x/p")
OLD = SentFile(b"f", 0o100644, f"sha256:{'1' * 64}", 5, 7)
NEW = replace(OLD, digest=f"sha256:{'2' * 64}")
OTHER = SentFile(b"g", 0o100644, f"sha256:{'3' * 64}", 5, 7)


def local(name: str, follow: str = "[]") -> Op:
    """Return the operation that takes a context."""
    return Op("step0", "source", {"identifier": f"local://{name}", "attrs": {"local.followpaths": follow}})


TAKEN = Ops((local("context"),))


def ours(
    context: Context,
    *,
    build: Build = BUILD,
    ops: Ops | None = TAKEN,
    before: tuple[SentFile, ...] | None = (OLD,),
    spec: BuildSpec = SPEC,
    imports: tuple[CachePlace, ...] = (),
    cache_to: tuple[str, ...] = (),
) -> tuple[Evidence, Mapping[Place, tuple[SentFile, ...] | None]]:
    """Return the evidence of a build of one folder, and what its builder's copies are then."""
    told = Evidence("v0.34.2", (Graph("r", ops=ops, imports=imports),))
    folders = ((SentFolder("", "context", Path("/x/p"), Path("/x/p/Dockerfile"), cache_to), context),)
    asked = list[Place]()

    def copy(place: Place) -> tuple[SentFile, ...] | None:
        asked.append(place)
        return before

    together = EvidenceOfOurs(build, told, folders, {"r": "default"}, copy, spec)
    evidence = together.put_together()
    assert set(asked) <= {PLACE}
    return evidence, together.copies


def received(sent: tuple[SentFile, ...], copy: tuple[SentFile, ...] = ()) -> Build:
    """Return a build in which a builder with a copy received what it asked for."""
    return replace(BUILD, steps=(replace(LOADED, bytes_moved=bytes_received(sent, copy)),))


def test_what_the_builder_kept() -> None:
    """A file that looks as it did stays as the builder had it, in this build's evidence and in its copy."""
    evidence, copies = ours(Context("context", "/x/p", (NEW, OTHER)), build=received((NEW, OTHER), (OLD,)))
    assert evidence.graphs[0].contexts == (Context("context", "/x/p", (NEW, OTHER), kept=(OLD,)),)
    assert (evidence.missing, copies) == ((), {PLACE: (OLD, OTHER)})
    assert evidence.graphs[0].dockerfile_path == "/x/p/Dockerfile"


def test_a_builder_without_a_copy() -> None:
    """One that received all bytes had no copy any more, and one that we never sent anything to has what was sent."""
    for build, before in ((received((NEW,)), (OLD,)), (BUILD, None)):
        evidence, copies = ours(Context("context", "/x/p", (NEW,)), build=build, before=before)
        assert (evidence.graphs[0].contexts[0].kept, copies) == ((), {PLACE: (NEW,)})


def test_a_copy_that_another_program_changed() -> None:
    """Where the builder did not receive what one with our copy asks for, what it kept is not known."""
    context = Context("context", "/x/p", (NEW, OTHER))
    evidence, copies = ours(context, build=received((NEW, OTHER), (OTHER,)))
    assert (evidence.graphs[0].contexts, evidence.missing) == ((replace(context, unsure=(b"f",)),), (CHANGED,))
    assert copies == {PLACE: (replace(NEW, digest=""), OTHER)}
    while_sent = replace(context, unsure=(b"g",))  # which alone explains other bytes
    assert ours(while_sent)[0].graphs[0].contexts == (replace(while_sent, kept=(OLD,)),)


@pytest.mark.parametrize(
    ("build", "before", "after"),
    [
        (received((NEW, OTHER), (OLD,)), (OLD,), (OLD, OTHER)),
        (received((NEW,), (OLD,)), (OLD,), (OLD,)),
        (received((NEW, OTHER)), None, (NEW, OTHER)),
        (received((NEW, OTHER)), (OLD,), (NEW, OTHER)),
        (received((replace(OTHER, size=500),)), (OLD,), None),
    ],
)
def test_what_a_build_that_failed_sent(
    build: Build, before: tuple[SentFile, ...] | None, after: tuple[SentFile, ...] | None
) -> None:
    """It has no operations, but the bytes tell whether all was sent, or what an earlier build took."""
    context = Context("context", "/x/p", (NEW, OTHER))
    earlier = (Evidence(), Evidence(graphs=(Graph(ops=Ops((local("context", '["f"]'),))),)))
    folders = ((SentFolder("", "context", Path("/x/p"), None), context),)
    told = Evidence(graphs=(Graph("r"),))
    together = EvidenceOfOurs(build, told, folders, {}, lambda _: before, SPEC, lambda: earlier)
    together.put_together()
    assert together.copies == {PLACE: after}


def test_a_builder_that_does_not_tell_of_a_build() -> None:
    """The files were sent all the same: its copy is what they tell, and not what it was."""
    folders = ((SentFolder("", "context", Path("/x/p"), None), Context("context", "/x/p", (NEW,))),)
    for build, copy in ((received((NEW,)), (NEW,)), (BUILD, None)):
        together = EvidenceOfOurs(build, Evidence(), folders, {}, lambda _: None, SPEC)
        assert (together.put_together().graphs, together.copies) == ((), {PLACE: copy})


def test_only_what_is_followed_is_in_the_copy() -> None:
    """What no operation names is not sent, and so not in the builder's copy."""
    _, copies = ours(Context("context", "/x/p", (NEW, OTHER)), ops=Ops((local("context", '["g"]'),)))
    assert copies == {PLACE: (OTHER,)}


def test_a_copy_that_is_not_known() -> None:
    """Of a build without operations it is not known what was sent, nor of one on several nodes where it was."""
    context = Context("context", "/x/p", (NEW,))
    assert ours(context, ops=None)[1] == {PLACE: None}
    assert ours(context, build=replace(BUILD, node=""))[1] == {("b", "", "context:p"): None}
    assert ours(context, build=replace(BUILD, steps=()))[1] == {}
    twice = replace(BUILD, steps=(LOADED, replace(LOADED, digest="m")))
    evidence, copies = ours(context, build=twice)
    assert evidence.graphs[0].contexts[0].unsure == (b"f",)
    assert copies == {PLACE: (replace(NEW, digest=""),)}


def test_what_is_missing_is_said() -> None:
    """That files changed meanwhile or could not be read is said; a context that nothing takes is left out."""
    evidence, copies = ours(Context("context", "/x/p", (NEW, replace(OTHER, digest="", error="no")), unsure=(b"f",)))
    assert evidence.missing == (CHANGED, UNREAD)
    assert copies == {PLACE: (replace(OLD, digest=""), replace(OTHER, digest="", error="no"))}
    assert ours(Context("other", "/x/p", (NEW,)))[0].graphs[0].contexts == ()


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ((), []),
        (("--build-context", "one=sub", "--build-context=two=."), [("one", "sub"), ("two", ".")]),
        (("--build-context", "img=docker-image://busybox", "--build-context=gone=nowhere"), []),
        (("--label", "--build-context=three=sub", "--build-context"), [("three", "sub")]),
    ],
)
def test_named_contexts(tmp_path: Path, words: tuple[str, ...], named: list[tuple[str, str]]) -> None:
    """The folder of a build and those that it names are sent; what is elsewhere or not there is not."""
    (tmp_path / "sub").mkdir()
    found = sent_folders(BuildSpec(str(tmp_path), extra=words), Docker())
    main = SentFolder("", "context", tmp_path, tmp_path / "Dockerfile")
    assert found == (main, *(SentFolder("", name, (tmp_path / place).resolve()) for name, place in named))
    assert sent_folders(BuildSpec(str(tmp_path), context="https://example.org/x.git"), Docker()) == ()


def test_a_snapshot(tmp_path: Path) -> None:
    """A file that changes before all was sent is marked, one that changes after is not."""
    root = tmp_path / "p"
    root.mkdir()
    for name in ("early", "late", "same"):
        (root / name).write_text(name)
    time.sleep(0.05)
    snapshot = ContextSnapshot(BuildSpec(str(root)), Docker(), FileStamps(tmp_path / "stamps"))
    time.sleep(0.05)
    (root / "early").write_text("other")
    snapshot.look((replace(LOADED, completed_at=None),))
    snapshot.look((LOADED,))
    while not snapshot.is_over:
        time.sleep(0.01)
    (root / "late").write_text("other")
    ((folder, context),) = snapshot.contexts(succeeded=True)
    assert (folder.root, context.root, context.unsure) == (root, str(root), (b"early",))
    assert [file.path for file in context.files] == [b"early", b"late", b"same"]
    assert snapshot.problem == ""


def test_a_snapshot_that_takes_too_long(tmp_path: Path) -> None:
    """It does not hold up the end of a build, and of what was not read nothing is claimed."""
    (tmp_path / "big").touch()
    os.truncate(tmp_path / "big", 1 << 40)
    snapshot = ContextSnapshot(BuildSpec(str(tmp_path)), Docker(), FileStamps(tmp_path / "stamps"))
    ((_, context),) = snapshot.contexts(succeeded=False)
    assert (context.files[0].digest, context.unsure[:1]) == ("", (b"",))
    (tmp_path / ".dockerignore").write_text("[")
    broken = ContextSnapshot(BuildSpec(str(tmp_path)), Docker(), FileStamps(tmp_path / "stamps"))
    assert broken.contexts(succeeded=True) == ()
    assert "bad pattern" in broken.problem


def test_manifests(tmp_path: Path) -> None:
    """Small texts at the top that tell what a project depends on are kept, and what says which files are left out."""
    (tmp_path / "package.json").write_text("{}")
    (tmp_path / "requirements.txt").write_text("a @ https://me:hush@host/a.whl\n")
    (tmp_path / "Gemfile").symlink_to("package.json")
    (tmp_path / "go.mod").write_bytes(b"x" * 100_000)
    (tmp_path / "pom.xml").write_bytes(b"\xff")
    (tmp_path / ".dockerignore").write_text("a\n")
    snapshot = ContextSnapshot(BuildSpec(str(tmp_path)), Docker(), FileStamps(tmp_path.parent / "stamps"))
    ((_, context),) = snapshot.contexts(succeeded=True)
    without_password = SourceFile("requirements.txt", "a @ https://host/a.whl\n")
    assert context.manifests == (SourceFile("package.json", "{}"), without_password)
    assert context.ignore == SourceFile(".dockerignore", "a\n")


def test_caches() -> None:
    """The caches that a build read and wrote are kept, by its options and by what its builder tells."""
    words = ("--cache-from=type=local,src=/none", "-t", "app", "--cache-to", "type=inline")
    spec = BuildSpec("/x/p", cache_from=("type=local,src=c",), cache_to=("type=gha,mode=max",), extra=words)
    scope, image = CachePlace("gha scope", "other"), CachePlace("registry", "app:latest")
    evidence, _ = ours(Context("context", "/x/p"), spec=spec, imports=(CachePlace("folder", "c"), scope))
    (graph,) = evidence.graphs
    assert graph.imports == (CachePlace("folder", "/x/p/c"), CachePlace("folder", "/none"), scope)
    assert [place.is_there for place in graph.imports] == [True, False, True]
    assert graph.exports == (CachePlace("gha scope", "buildkit"), image)
    assert [place.whole for place in graph.exports] == [True, False]


def test_caches_of_a_bake_file() -> None:
    """What a bake file says is kept where nothing else was asked for, unless it was not written."""
    context, of_file = Context("context", "/x/p"), ("type=local,dest=c", "type=gha,scope=s")
    failed = Step("e", "exporting to GitHub Actions Cache", StepState.FAILED, cacheable=False)
    builds = (BUILD, replace(BUILD, steps=(LOADED, failed)), replace(BUILD, status=BuildStatus.FAILED))
    exports = [ours(context, build=build, cache_to=of_file)[0].graphs[0].exports for build in builds]
    assert [[place.name for place in found] for found in exports] == [["/x/p/c", "s"], ["/x/p/c"], []]
    given = BuildSpec("/x/p", cache_to=("type=gha,scope=t",))
    (graph,) = ours(context, spec=given, cache_to=of_file)[0].graphs
    assert graph.exports == (CachePlace("gha scope", "t"),)
