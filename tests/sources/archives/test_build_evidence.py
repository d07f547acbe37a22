"""The evidence in build records that are whole, damaged or of builds that did not succeed."""

import json
from pathlib import Path

import pytest

from core.explain.test_provenance import COMMIT, NEW, OLD
from dockcache_tui.core.archives.archive import ArchiveError
from dockcache_tui.core.explain.evidence import Evidence, Revision
from dockcache_tui.core.explain.provenance import NOT_FINISHED
from dockcache_tui.sources.archives.build_evidence import read_build_evidence
from dockcache_tui.sources.buildkit import control_pb2 as pb
from sources.record_making import Bundle, framed, message

SOURCE = "github.com/moby/buildkit/errdefs.Source+json"
DOCKERFILE = {"info": {"filename": "Dockerfile", "data": "RlJPTSBhCg=="}, "ranges": [{"start": {"line": 1}}]}


def attested(bundle: Bundle, document: object) -> dict[str, object]:
    """Return what a record has of a result with a provenance."""
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    annotations = {"in-toto.io/predicate-type": "https://slsa.dev/provenance/v1"}
    return {"Attestations": [{"digest": bundle.put(data), "annotations": annotations}]}


def read(bundle: Bundle, folder: Path) -> Evidence:
    """Read the only build of a bundle."""
    (evidence,) = read_build_evidence(bundle.write(folder)).values()
    return evidence


def test_a_graph_for_each_platform(tmp_path: Path) -> None:
    """Each platform's provenance is read, whichever version it is of, with what the record says was asked."""
    bundle = Bundle()
    results = {"linux/amd64": attested(bundle, NEW), "linux/arm64": attested(bundle, OLD)}
    asked = {"platform": "linux/amd64,linux/arm64", "target": "app", "vcs:revision": COMMIT}
    bundle.record(framed(message()), Results=results, FrontendAttrs=asked)
    evidence = read(bundle, tmp_path)
    assert [(one.ref, one.target, one.platform) for one in evidence.graphs] == [
        ("ref1", "app", "linux/amd64"),
        ("ref1", "app", "linux/arm64"),
    ]
    assert all(one.ops is not None and one.request["platform"] == asked["platform"] for one in evidence.graphs)
    assert evidence.revision == Revision(COMMIT, "https://example.com/r.git", "sub")


def test_a_damaged_provenance_is_named(tmp_path: Path) -> None:
    """Of two platforms the one that can be read is, and of the other is said why not."""
    bundle = Bundle()
    results = {"linux/amd64": attested(bundle, NEW), "linux/arm64": attested(bundle, b"[1")}
    bundle.record(framed(message()), Results=results)
    evidence = read(bundle, tmp_path)
    assert [one.platform for one in evidence.graphs] == ["linux/amd64"]
    assert any("can't be read" in one for one in evidence.missing)


def test_a_failed_build_with_its_dockerfile(tmp_path: Path) -> None:
    """Without a provenance its steps are those of the log, and its Dockerfile that of the error."""
    bundle = Bundle()
    detail = pb.Detail(type_url=SOURCE.encode(), value=json.dumps(DOCKERFILE).encode())
    failure = bundle.put(pb.Failure(code=2, message=b"no", details=[detail]).SerializeToString())
    bundle.record(framed(message()), error={"code": 2, "message": "no"}, externalError={"digest": failure})
    evidence = read(bundle, tmp_path)
    (graph,) = evidence.graphs
    assert (graph.ops, graph.dockerfile) == (None, "FROM a\n")
    assert [(one.name, one.began, one.ended) for one in graph.statements] == [("[1/1] RUN x", True, True)]
    assert evidence.missing[0] == NOT_FINISHED


@pytest.mark.parametrize("log", [b"\xff\xff\xff\x7f", framed(b"\xff"), b""], ids=["cut", "no message", "empty"])
def test_a_damaged_log_is_named(log: bytes, tmp_path: Path) -> None:
    """A log that can't be read to its end costs nothing but what it would have told."""
    bundle = Bundle()
    bundle.record(log, Result=attested(bundle, NEW))
    evidence = read(bundle, tmp_path)
    assert evidence.graphs[0].ops is not None
    assert any("progress can't be read" in one for one in evidence.missing) is bool(log)


def test_what_is_no_record(tmp_path: Path) -> None:
    """A file that is no archive is refused; one without records has none."""
    (tmp_path / "text").write_text("x")
    with pytest.raises(ArchiveError):
        read_build_evidence(tmp_path / "text")
    assert read_build_evidence(Bundle().write(tmp_path)) == {}
