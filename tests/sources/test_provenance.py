"""What a provenance document tells of a build's steps."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import MsgspecError

from dockcache_tui.sources.provenance import read_provenance

CONFIG = {
    "digestMapping": {"sha256:base": "step0", "sha256:copy": "step1", "sha256:workdir": "step2", "sha256:run": "step10"}
}
BASE, COPY, RUN = ({"digest": f"sha256:{name}", "size": 1} for name in ("base-layer", "copy-layer", "run-layer"))
METADATA = {
    "source": {"locations": {"step1": {"locations": [{"ranges": [{"start": {"line": 3}}]}]}}},
    "layers": {
        "step10:0": [[BASE, COPY, RUN]],
        "step2:0": [[BASE, COPY]],
        "step1:0": [[BASE, COPY]],
        "step0:0": [[BASE]],
        "step7:0": [[{"digest": "sha256:of-no-vertex"}], []],
    },
}
OLD = {"buildConfig": CONFIG, "metadata": {"https://mobyproject.org/buildkit@v1#metadata": METADATA}}
NEW = {
    "buildDefinition": {"internalParameters": {"buildConfig": CONFIG}},
    "runDetails": {"metadata": {"buildkit_metadata": METADATA}},
}


@pytest.mark.parametrize("document", [OLD, NEW], ids=["SLSA 0.2", "SLSA 1"])
def test_the_vertex_of_each_layer(document: dict[str, object]) -> None:
    """A layer is of the first step that has it as its last; lines are told beside."""
    found = read_provenance(json.dumps(document).encode())
    assert found.layers == {
        "sha256:base-layer": "sha256:base",
        "sha256:copy-layer": "sha256:copy",
        "sha256:run-layer": "sha256:run",
    }
    assert found.lines == {"sha256:copy": 3}


@given(st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3)))
def test_any_other_document_is_an_error_of_one_kind(inside: object) -> None:
    """Whatever stands in a place where something else belongs."""
    document = {**OLD, "metadata": {"https://mobyproject.org/buildkit@v1#metadata": {"layers": {"step1:0": inside}}}}
    try:
        read_provenance(json.dumps(document).encode())
    except MsgspecError:
        return
    assert isinstance(inside, list)
