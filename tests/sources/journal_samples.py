"""Builds made up for the journal."""

from dataclasses import replace

from dockcache_tui.core.builds.build import BuildSpec, Step, StepState
from dockcache_tui.core.builds.cause import CauseKind, Fix, MissCause, MissEvidence
from dockcache_tui.core.explain.context import Context, SentFile
from dockcache_tui.core.explain.evidence import Evidence, Graph
from dockcache_tui.core.explain.ops import Edge, Op, Ops
from dockcache_tui.core.explain.source_keys import Resolved
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.scope import BranchScope, Checkout, Project

SPEC = BuildSpec("/p", target="t", build_args=(("A", "1"),), cache_from=("type=gha",), extra=("--pull",))
CHECKOUT = Checkout("/p", branch=BranchScope.of("main"), revision="abc", dirty=True, project=Project("/p", "acme/web"))
_RAN = Step("d1", "[1/2] RUN a", StepState.BUILT, True, Instant(10**9), Instant(3 * 10**9), "s", 7, 1, 2, "e")  # noqa: FBT003
_EVIDENCE = (MissEvidence("content", "f\udcff", None, "new"),)
BUILT = replace(_RAN, cause=MissCause(CauseKind.CONTENT, "c", _EVIDENCE, fix=Fix("f", "p")), layers=("l1", "l2"))
REUSED = Step("d2", "[2/2] RUN b", StepState.REUSED, True)  # noqa: FBT003


def sent(count: int, edited: int = -1) -> tuple[SentFile, ...]:
    """Return so many files, one of them edited, and one with all that a file may have."""
    files = [
        SentFile(b"f%05d" % number, 0o100644, f"sha256:{number:064x}", 1, number, f"{number:064x}")
        for number in range(count)
    ]
    if edited >= 0:
        files[edited] = replace(files[edited], digest=f"sha256:{'e' * 64}")
    xattrs = ((b"user.\xff", b"\0"),)
    odd = SentFile(b"z\xff", 0o120777, "", 0, 2**63 - 1, "", b"\xff", b"f\xff", (8, 1), xattrs, "no")
    return (*files, odd)


def evidence(*contexts: tuple[SentFile, ...], ref: str = "r") -> Evidence:
    """Return the evidence of a build with these contexts."""
    body = {"meta": {"args": ["sh", "-c", "a\udcff"], "cwd": "/"}, "mounts": [{"dest": "/"}]}
    op = Op("step1", "", body, {"Architecture": "amd64", "OS": "linux"}, (Edge("step0", 1),))
    graph = Graph(
        ref,
        "t",
        "linux/amd64",
        Ops((op,), {"sha256:1": "step1"}),
        {"build-arg:A": "1"},
        ("id",),
        {"step0": Resolved("sha256:2", ("a", "b"), None, "c", "r"), "step2": Resolved()},
        tuple(
            Context(f"c{number}", "/p\udcff", files, files[:1], (b"f\xff", b""))
            for number, files in enumerate(contexts)
        ),
    )
    return Evidence("v0.34.2", (graph, replace(graph, ops=None)), missing=("Something.",))
