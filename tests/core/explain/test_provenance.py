"""What the provenance of a build tells, and what it leaves out."""

import json
from base64 import b64encode
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.explain.test_hostile_ops import JSON, places
from dockcache_tui.core.builds.progress import VertexUpdate
from dockcache_tui.core.explain.evidence import Evidence, Graph, Revision, Statement
from dockcache_tui.core.explain.op_keys import op_keys
from dockcache_tui.core.explain.ops import read_ops
from dockcache_tui.core.explain.provenance import (
    NO_ARGUMENTS,
    NO_FILES,
    NO_OPERATIONS,
    NO_REVISION,
    NOT_FINISHED,
    joined,
    read_evidence,
    revision_of,
    unfinished,
)
from dockcache_tui.core.explain.rules import rules_of
from dockcache_tui.core.explain.source_keys import Resolved
from dockcache_tui.core.instant import Instant

AMD64 = {"OS": "linux", "Architecture": "amd64"}
SHA, OTHER, COMMIT = "a" * 64, "b" * 64, "c" * 40
DOCKERFILE = "FROM busybox\nCOPY . /\n"
SOURCES = [
    "docker-image://docker.io/library/busybox:latest",
    "docker-image://registry.example:5000/team/base:v1@sha256:" + SHA,
    "https://example.com/f",
    "git://example.com/r.git#main",
    "local://context",
]
CONFIG = {
    "digestMapping": {f"sha256:{number}": f"step{number}" for number in range(len(SOURCES))},
    "llbDefinition": [
        {"id": f"step{number}", "op": {"Op": {"source": {"identifier": identifier}}, "platform": AMD64}}
        for number, identifier in enumerate(SOURCES)
    ],
}
MATERIALS = [
    {"uri": "pkg:docker/busybox@latest?platform=linux%2Farm64", "digest": {"sha256": OTHER}},
    {"uri": "pkg:docker/busybox@latest?platform=linux%2Famd64", "digest": {"sha256": SHA}},
    {"uri": "pkg:docker/registry.example%3A5000/team/base@v1?platform=linux%2Famd64", "digest": {"sha256": SHA}},
    {"uri": "https://example.com/f", "digest": {"sha256": OTHER}},
    {"uri": "git://example.com/r.git#main", "digest": {"sha1": COMMIT}},
]
PARAMETERS = {
    "frontend": "dockerfile.v0",
    "args": {"build-arg:A": "1", "target": "app"},
    "secrets": [{"id": "token"}],
    "ssh": [{"id": "default"}],
}
BUILDKIT = {
    "vcs": {"revision": COMMIT, "source": "https://me:word@example.com/r.git", "localdir:context": "sub"},
    "source": {"infos": [{"filename": "Dockerfile", "data": b64encode(DOCKERFILE.encode()).decode()}]},
}
OLD: dict[str, Any] = {
    "invocation": {"parameters": PARAMETERS, "configSource": {"entryPoint": "Dockerfile"}},
    "buildConfig": CONFIG,
    "materials": MATERIALS,
    "metadata": {"completeness": {"parameters": True}, "https://mobyproject.org/buildkit@v1#metadata": BUILDKIT},
}
NEW: dict[str, Any] = {
    "buildDefinition": {
        "externalParameters": {"request": PARAMETERS, "configSource": {"path": "Dockerfile"}},
        "internalParameters": {"buildConfig": CONFIG},
        "resolvedDependencies": MATERIALS,
    },
    "runDetails": {"metadata": {"buildkit_metadata": BUILDKIT, "buildkit_completeness": {"request": True}}},
}


def read(document: object, graph: Graph | None = None) -> Evidence:
    """Read a document."""
    return read_evidence(json.dumps(document).encode(), graph, "v0.34.2")


@pytest.mark.parametrize("document", [OLD, NEW], ids=["SLSA 0.2", "SLSA 1"])
def test_all_of_it(document: dict[str, Any]) -> None:
    """Operations, what was asked, ids of secrets, what each source came to, the commit and the Dockerfile."""
    evidence = read(document, Graph("ref1", "app", "linux/amd64"))
    (graph,) = evidence.graphs
    assert (graph.ref, graph.target, graph.platform) == ("ref1", "app", "linux/amd64")
    assert graph.ops is not None
    assert [op.body["identifier"] for op in graph.ops.ops] == SOURCES
    assert graph.ops.vertexes["sha256:4"] == "step4"
    assert graph.request == {
        "build-arg:A": "1",
        "target": "app",
        "filename": "Dockerfile",
        "vcs:revision": COMMIT,
        "vcs:source": "https://example.com/r.git",
        "vcs:localdir:context": "sub",
    }
    assert graph.secrets == ("token", "default")
    assert graph.dockerfile == DOCKERFILE
    assert graph.sources == {
        "step0": Resolved(digest=f"sha256:{SHA}"),
        "step1": Resolved(digest=f"sha256:{SHA}"),
        "step2": Resolved(digest=f"sha256:{OTHER}"),
        "step3": Resolved(commit=COMMIT),
    }
    assert evidence.revision == Revision(COMMIT, "https://example.com/r.git", "sub")
    assert (evidence.version, evidence.missing) == ("v0.34.2", (NO_FILES,))


def minimal(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document as mode=min has it."""
    less = deepcopy(document)
    parameters = {"args": {"target": "app"}}
    if "buildDefinition" in less:
        del less["buildDefinition"]["internalParameters"]["buildConfig"]
        less["buildDefinition"]["externalParameters"]["request"] = parameters
        less["runDetails"]["metadata"]["buildkit_completeness"] = {"request": False}
    else:
        del less["buildConfig"]
        less["invocation"]["parameters"] = parameters
        less["metadata"]["completeness"] = {"parameters": False}
    return less


@pytest.mark.parametrize("document", [OLD, NEW], ids=["SLSA 0.2", "SLSA 1"])
def test_what_the_least_leaves_out_is_named(document: dict[str, Any]) -> None:
    """A provenance of mode=min has no operations and no arguments, and says so; a record has the latter."""
    evidence = read(minimal(document))
    (graph,) = evidence.graphs
    assert (graph.ops, graph.sources, graph.request["target"]) == (None, {}, "app")
    assert evidence.missing == (NO_FILES, NO_OPERATIONS, NO_ARGUMENTS)
    evidence = read(minimal(document), Graph(request={"build-arg:A": "2"}))
    assert (evidence.graphs[0].request["build-arg:A"], evidence.missing) == ("2", (NO_FILES, NO_OPERATIONS))


def test_a_build_without_a_context_misses_nothing() -> None:
    """A build that no client sent files to needs no revision; one that was, and names none, is told to."""
    without = deepcopy(NEW)
    without["buildDefinition"]["internalParameters"]["buildConfig"]["llbDefinition"].pop()
    assert read(without).missing == ()
    unnamed = deepcopy(NEW)
    del unnamed["runDetails"]["metadata"]["buildkit_metadata"]["vcs"]
    assert (read(unnamed).revision, read(unnamed).missing) == (None, (NO_REVISION,))


def test_what_a_source_came_to_is_not_guessed() -> None:
    """Of two digests for one image, or two commits of one repository, neither is taken."""
    torn = deepcopy(NEW)
    torn["buildDefinition"]["resolvedDependencies"] = [
        {"uri": "pkg:docker/busybox@latest", "digest": {"sha256": SHA}},
        {"uri": "pkg:docker/busybox@latest", "digest": {"sha256": OTHER}},
        {"uri": "git://example.com/r.git#one", "digest": {"sha1": COMMIT}},
        {"uri": "git://example.com/r.git#two", "digest": {"sha1": "d" * 40}},
        {"uri": "https://example.com/f"},
    ]
    assert read(torn).graphs[0].sources == {}


def test_no_password_is_kept() -> None:
    """Proxies and passwords in addresses, which are in no key, are left out of all that is kept."""
    secret = "me:word@"
    proxy = {"proxy_env": {"http_proxy": f"http://{secret}proxy"}}
    git = {"identifier": f"git://{secret}h/r.git#{COMMIT}", "attrs": {"git.fullurl": f"https://{secret}h/r.git"}}
    file = {"identifier": f"https://{secret}h/f", "attrs": {"http.filename": "f"}}
    bodies = [{"source": git}, {"source": file}, {"exec": {"meta": {"args": ["x"], "env": [], **proxy}}}]
    config = {"llbDefinition": [{"id": f"s{n}", "op": {"Op": one, "platform": AMD64}} for n, one in enumerate(bodies)]}
    known = Graph(request={"build-arg:HTTP_PROXY": f"http://{secret}proxy", "context": f"https://{secret}h/r.git"})
    evidence = read({"buildConfig": config}, known)
    assert secret not in repr(evidence)
    rules = rules_of("v0.34.2")
    assert rules
    assert evidence.graphs[0].ops is not None
    kept, told = evidence.graphs[0].ops.ops, read_ops(json.dumps({"buildConfig": config})).ops
    keys = [[op_keys(one, rules, Resolved(SHA, last_modified="")) for one in some] for some in (kept, told)]
    assert keys[0] == keys[1]
    assert all(one.known for one in keys[0])


def test_platforms_and_targets_are_joined() -> None:
    """A build has the graphs of all its documents; a commit only where they agree on it."""
    one, other = read(NEW, Graph(platform="linux/amd64")), read(OLD, Graph(platform="linux/arm64"))
    both = joined([one, other])
    assert [graph.platform for graph in both.graphs] == ["linux/amd64", "linux/arm64"]
    assert (both.revision, both.missing) == (one.revision, (NO_FILES,))
    elsewhere = Evidence(revision=Revision("d" * 40))
    assert joined([one, elsewhere]).revision is None


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({}, None),
        ({"vcs:revision": f"{COMMIT}-dirty", "vcs:localdir:context": "."}, Revision(COMMIT, dirty=True)),
        (
            {"context": f"https://x:y@github.com/o/r.git#{COMMIT}:a/b"},
            Revision(COMMIT, "https://github.com/o/r.git", "a/b", by_git=True),
        ),
        (
            {"context": f"https://github.com/o/r.git?ref=refs/heads/main&checksum={COMMIT}&subdir=a"},
            Revision(COMMIT, "https://github.com/o/r.git", "a", by_git=True),
        ),
        ({"context": "https://github.com/o/r.git#main"}, None),
        ({"context": "https://example.com/context.tar.gz"}, None),
        ({"context": "/home/me/project"}, None),
    ],
)
def test_the_commit_of_a_context(request_: dict[str, str], expected: Revision | None) -> None:
    """A commit is read from what the frontend was asked; a branch or an archive is none."""
    assert revision_of(request_) == expected


def test_a_branch_came_to_a_commit() -> None:
    """What a branch was then is told by the digest of the context."""
    asked = {"context": "https://github.com/o/r.git#main"}
    assert revision_of(asked, {"sha1": COMMIT}) == Revision(COMMIT, "https://github.com/o/r.git", by_git=True)


def test_a_build_that_did_not_succeed_tells_less() -> None:
    """Its steps are those of its progress, with which began and ended, and that is said to be less."""
    now = Instant.now()
    said = [
        VertexUpdate("sha256:i", "[internal] load build definition from Dockerfile", started=now, completed=now),
        VertexUpdate("sha256:f", "[1/4] FROM busybox"),
        VertexUpdate("sha256:r", "[2/4] RUN true", ("sha256:f",)),
        VertexUpdate("sha256:b", "[3/4] RUN false", ("sha256:r",)),
        VertexUpdate("sha256:n", "[4/4] RUN never", ("sha256:b",)),
        VertexUpdate("sha256:r", "[2/4] RUN true", ("sha256:f",), cached=True, started=now, completed=now),
        VertexUpdate("sha256:b", "[3/4] RUN false", ("sha256:r",), started=now),
        VertexUpdate("sha256:b", "[3/4] RUN false", ("sha256:r",), started=now, completed=now, error="exit code: 1"),
    ]
    evidence = unfinished(Graph("ref1", request={"context": "https://a:b@h/r.git", "vcs:revision": COMMIT}), said)
    (graph,) = evidence.graphs
    assert (graph.ops, graph.request["context"]) == (None, "https://h/r.git")
    assert graph.statements == (
        Statement("sha256:f", "[1/4] FROM busybox"),
        Statement("sha256:r", "[2/4] RUN true", ("sha256:f",), began=True, ended=True),
        Statement("sha256:b", "[3/4] RUN false", ("sha256:r",), began=True),
        Statement("sha256:n", "[4/4] RUN never", ("sha256:b",)),
    )
    assert NOT_FINISHED in evidence.missing


@given(st.data())
def test_anything_in_any_place(data: st.DataObject) -> None:
    """With anything in place of anything else a document is refused or read, and never fails otherwise."""
    document = deepcopy(data.draw(st.sampled_from([OLD, NEW])))
    for holder, name in data.draw(st.lists(st.sampled_from(list(places(document))), min_size=1, max_size=3)):
        holder[name] = data.draw(JSON)
    try:
        evidence = read(document)
    except ValueError:
        return
    assert len(evidence.graphs) == 1


def test_tokens_of_caches() -> None:
    """Which caches a build read is told without the tokens that it read them with."""
    asked = {"cache-imports": '[{"Type": "gha", "Attrs": {"scope": "app", "token": "hush"}}]', "target": "t"}
    for evidence in (unfinished(Graph(request=asked), ()), read_evidence(b"{}", Graph(request=asked))):
        assert [place.name for place in evidence.graphs[0].imports] == ["app"]
        assert "hush" not in repr(evidence)
