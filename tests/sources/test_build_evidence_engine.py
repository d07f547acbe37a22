"""The evidence of real builds, from a builder's own history and from a `.dockerbuild` that buildx exported."""

import json
import os
import subprocess
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest

from dockcache_tui.core.errors import SourceError
from dockcache_tui.core.explain.evidence import Evidence, Graph, Revision
from dockcache_tui.core.explain.ops import read_ops
from dockcache_tui.core.explain.provenance import NO_FILES, NOT_FINISHED
from dockcache_tui.core.explain.revisions import (
    UNCOMMITTED,
    RevisionChange,
    RevisionChanges,
    RevisionFiles,
    as_built,
    revision_changes,
    taken_from_context,
)
from dockcache_tui.core.explain.rules import rules_of
from dockcache_tui.lab.engine import Engine
from dockcache_tui.sources.archives.build_evidence import read_build_evidence
from dockcache_tui.sources.buildkit.builder import open_builder
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.git_revisions import read_revision
from nobody import git

DOCKERFILE = """\
FROM busybox AS made
ARG MARK
RUN --mount=type=secret,id=token echo $MARK > /mark
FROM scratch
COPY --from=made /mark /mark
COPY sub /sub
"""
BAKE = """\
target "base" { dockerfile-inline = "FROM busybox\\nRUN echo MARK base" }
target "app" {
  contexts = { below = "target:base" }
  dockerfile-inline = "FROM below\\nRUN echo MARK app"
}
"""


class Bench:
    """A builder, and a project of its own in a repository."""

    def __init__(self, engine: Engine, builder: str, folder: Path) -> None:
        """Write and commit the project."""
        self.engine, self.builder, self.folder = engine, builder, folder
        (folder / "sub").mkdir(parents=True)
        (folder / "sub" / "file").write_text("1")
        (folder / "Dockerfile").write_text(DOCKERFILE.replace("ARG MARK", f"ARG MARK={uuid4().hex}"))
        (folder / "docker-bake.hcl").write_text(BAKE.replace("MARK", uuid4().hex))
        git(folder, "init")
        git(folder, "add", ".")
        git(folder, "commit", "-m", "one")

    def build(self, *words: str) -> list[str]:
        """Build, and return the refs that are new."""
        before = self._refs()
        command = ("docker", "buildx", *words, "--builder", self.builder)
        environment = {**self.engine.variables, "token": "hidden"}
        subprocess.run(command, cwd=self.folder, env=environment, check=False, capture_output=True, timeout=300)
        return sorted(self._refs() - before)

    def told(self, ref: str) -> Evidence:
        """Return what the builder's history tells."""
        builder = open_builder(Docker(self.engine.variables), self.builder)
        try:
            for node in builder.nodes:
                with suppress(SourceError):  # of two nodes one ran it
                    return builder.evidence(node.name, ref)
            raise AssertionError(ref)
        finally:
            builder.close()

    def exported(self, *refs: str) -> dict[str, Evidence]:
        """Return what an exported record tells of builds."""
        path = self.folder.parent / "exported.dockerbuild"
        words = ("history", "export", "--builder", self.builder, "--finalize", "--output", str(path), *refs)
        Docker(self.engine.variables).run("buildx", *words, timeout=120)
        return dict(read_build_evidence(path))

    def attachment(self, ref: str, *words: str) -> str:
        """Return the provenance as buildx writes it."""
        more = ("--builder", self.builder, "--type=provenance", *words, ref)
        return Docker(self.engine.variables).run("buildx", "history", "inspect", "attachment", *more, timeout=60)

    def _refs(self) -> set[str]:
        words = ("history", "ls", "--builder", self.builder, "--no-trunc", "--format", "{{.Ref}}")
        listed = Docker(self.engine.variables).run("buildx", *words, timeout=60)
        return {ref.rpartition("/")[2] for ref in listed.split()}


@pytest.fixture
def bench(engine: Engine, docker_builder: str, tmp_path: Path) -> Bench:
    """A bench on docker's own builder."""
    return Bench(engine, docker_builder, tmp_path / "project")


@pytest.fixture(params=["container_builder", "remote_builder", "two_node_builder"])
def wide_bench(engine: Engine, request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    """A bench on each of the other builders."""
    return Bench(engine, request.getfixturevalue(request.param), tmp_path / "other")


def build_words(*more: str) -> tuple[str, ...]:
    """Return the words of a build with a secret and an argument."""
    return ("build", "--secret", "id=token,env=token", "--build-arg", "A=1", *more, ".")


def check_finished(bench: Bench) -> None:
    """Compare both readings with each other, with what buildx tells, and with what was asked."""
    (ref,) = bench.build(*build_words())
    told, exported = bench.told(ref), bench.exported(ref)[ref]
    (graph,), (again,) = told.graphs, exported.graphs
    assert (graph, told.revision, told.missing) == (again, exported.revision, exported.missing)
    assert graph.ops == read_ops(bench.attachment(ref))
    assert graph.ops is not None
    assert {op.kind for op in graph.ops.ops} == {"source", "exec", "file", ""}
    assert (graph.ref, graph.secrets, graph.request["build-arg:A"]) == (ref, ("token",), "1")
    assert graph.dockerfile == (bench.folder / "Dockerfile").read_text()
    assert [one.digest for one in graph.sources.values()] != []
    assert told.revision == Revision(git(bench.folder, "rev-parse", "HEAD"))
    assert told.missing == (NO_FILES,)
    assert "hidden" not in repr(told)


def check_failed(bench: Bench) -> None:
    """A build that fails tells its steps and, in a record, its Dockerfile."""
    (bench.folder / "Dockerfile").write_text(f"FROM busybox\nRUN echo {uuid4().hex}\nRUN exit 3\nRUN never\n")
    (ref,) = bench.build("build", ".")
    told, exported = bench.told(ref), bench.exported(ref)[ref]
    for evidence in (told, exported):
        (graph,) = evidence.graphs
        assert graph.ops is None
        assert NOT_FINISHED in evidence.missing
        steps = [one for one in graph.statements if "RUN" in one.name]
        assert [(one.began, one.ended) for one in sorted(steps, key=lambda one: one.name)] == [
            (True, True),
            (True, False),
            (False, False),
        ]
    assert exported.graphs[0].dockerfile == (bench.folder / "Dockerfile").read_text()


def test_a_build_of_docker(bench: Bench) -> None:
    """History and record tell the same of a build: its operations, arguments, ids of secrets, commit, Dockerfile."""
    check_finished(bench)


@pytest.mark.matrix
def test_builds_of_other_builders(wide_bench: Bench) -> None:
    """So they do on builders of other drivers, and on the one of two nodes that ran it."""
    check_finished(wide_bench)


@pytest.mark.matrix
def test_the_commits_of_two_builds(wide_bench: Bench) -> None:
    """Of two builds of others, what a COPY takes differs between their commits as it was edited."""
    folder, graphs, files = wide_bench.folder, list[Graph](), list[RevisionFiles]()
    (folder / ".dockerignore").write_text("sub/*.md\n.git\n")
    for text in ("1", "2"):
        for name in ("sub/file", "sub/note.md", "other"):
            (folder / name).write_text(text)
        git(folder, "add", ".")
        git(folder, "commit", "-m", text)
        (ref,) = wide_bench.build(*build_words())
        evidence = wide_bench.exported(ref)[ref]
        assert evidence.revision
        graphs += evidence.graphs
        files.append(as_built(read_revision(folder, evidence.revision, os.environ), evidence.graphs[0]))
    rules = rules_of("v0.34.2")
    assert rules
    assert graphs[1].ops is not None
    told = [
        revision_changes(files[0], files[1], taken)
        for op in graphs[1].ops.ops
        if (taken := taken_from_context(op, graphs[1], rules))
    ]
    assert told == [RevisionChanges((RevisionChange("sub/file", ("content",)),), (UNCOMMITTED,))]


@pytest.mark.matrix
def test_failed_builds(bench: Bench, wide_bench: Bench) -> None:
    """A failed build has no operations but the texts of its steps, on builders of all drivers."""
    check_failed(bench)
    check_failed(wide_bench)


@pytest.mark.matrix
@pytest.mark.parametrize("name", ["container_builder", "remote_builder"])
def test_several_platforms(name: str, engine: Engine, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Each platform has a graph of its own, with the operations that buildx tells for it."""
    bench = Bench(engine, request.getfixturevalue(name), tmp_path / "project")
    (bench.folder / "Dockerfile").write_text("FROM scratch\nARG TARGETARCH\nCOPY sub /$TARGETARCH\n")
    (ref,) = bench.build("build", "--platform", "linux/amd64,linux/arm64", ".")
    for evidence in (bench.told(ref), bench.exported(ref)[ref]):
        assert {graph.platform for graph in evidence.graphs} == {"linux/amd64", "linux/arm64"}
        for graph in evidence.graphs:
            assert graph.ops is not None
            assert graph.ops == read_ops(bench.attachment(ref, f"--platform={graph.platform}"))
            assert graph.platform.rpartition("/")[2] in json.dumps([op.body for op in graph.ops.ops])


@pytest.mark.matrix
def test_nested_builds(wide_bench: Bench) -> None:
    """A target that stands on another has the operations of both; each target is a build of its own."""
    refs = wide_bench.build("bake", "app", "base")
    assert len(refs) == 2
    told = [evidence for ref in refs for evidence in (wide_bench.told(ref), wide_bench.exported(ref)[ref])]
    ops = [graph.ops.ops for one in told for graph in one.graphs if graph.ops is not None]
    runs = [[op.body["meta"]["args"][-1] for op in some if op.kind == "exec"] for some in ops]
    assert sorted({tuple(words.split()[-1] for words in one) for one in runs}) == [("base",), ("base", "app")]
    assert len(runs) == 4
