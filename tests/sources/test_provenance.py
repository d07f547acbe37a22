"""What a provenance document tells of a build's steps."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import MsgspecError

from dockcache_tui.sources.provenance import read_provenance

STEPS: dict[str, list[str] | None] = {
    "step0": None,
    "step1": ["step0:0", "step9:0"],
    "step2": ["step1:0"],
    "step3": ["step2:0"],
    "step4": ["step9:0"],
    "step5": ["step3:0", "step4:0"],
    "step6": ["step5:0"],
    "step7": ["step6:0"],
    "step9": None,
}
VERTEXES = {"base": 0, "copy": 1, "workdir": 2, "run": 3, "linked": 4, "merge": 5, "from": 6, "unpacked": 7}
CONFIG = {
    "digestMapping": {f"sha256:{name}": f"step{number}" for name, number in VERTEXES.items()},
    "llbDefinition": [{"id": step, "op": {}, "inputs": inputs} for step, inputs in STEPS.items()],
}


def chain(*names: str) -> list[list[dict[str, object]]]:
    """Return the layers of a step as BuildKit writes them."""
    return [[{"digest": f"sha256:{name}-layer", "size": 1, "mediaType": "layer"} for name in names]]


METADATA = {
    "source": {"locations": {"step1": {"locations": [{"ranges": [{"start": {"line": 3}}]}]}}},
    "layers": {
        "step0:0": chain("lowest", "base"),
        "step1:0": chain("lowest", "base", "copy"),
        "step2:0": chain("lowest", "base", "copy"),
        "step3:0": chain("lowest", "base", "copy", "copy"),
        "step3:1": chain("mount"),
        "step4:0": chain("linked"),
        "step5:0": chain("lowest", "base", "copy", "copy", "linked"),
        "step6:0": chain("from"),
        "step8:0": chain("of-no-vertex"),
        "step9:0": [],
    },
}
OLD = {"buildConfig": CONFIG, "metadata": {"https://mobyproject.org/buildkit@v1#metadata": METADATA}}
NEW = {
    "buildDefinition": {"internalParameters": {"buildConfig": CONFIG}},
    "runDetails": {"metadata": {"buildkit_metadata": METADATA}},
}


@pytest.mark.parametrize("document", [OLD, NEW], ids=["SLSA 0.2", "SLSA 1"])
def test_the_layers_of_each_vertex(document: dict[str, object]) -> None:
    """An image made all its layers, a step the one on top of its inputs, even if it is like another; a merge none."""
    found = read_provenance(json.dumps(document).encode())
    assert found.layers == {
        "sha256:base": ("sha256:lowest-layer", "sha256:base-layer"),
        "sha256:copy": ("sha256:copy-layer",),
        "sha256:workdir": (),
        "sha256:run": ("sha256:copy-layer",),
        "sha256:linked": ("sha256:linked-layer",),
        "sha256:merge": (),
        "sha256:from": ("sha256:from-layer",),
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
