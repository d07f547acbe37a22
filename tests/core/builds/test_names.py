"""What a vertex's name tells."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockcache_tui.core.builds.names import StepKind, VertexName, identity, parse_name

OPERATION, SOURCE, INTERNAL, EXPORT = StepKind.OPERATION, StepKind.SOURCE, StepKind.INTERNAL, StepKind.EXPORT


@pytest.mark.parametrize(
    ("name", "parsed"),
    [
        ("[build 2/5] RUN make", VertexName(OPERATION, "RUN make", "build", "", 2, 5)),
        ("[2/5] COPY . .", VertexName(OPERATION, "COPY . .", "", "", 2, 5)),
        ("[linux/amd64 build 2/5] RUN x", VertexName(OPERATION, "RUN x", "build", "linux/amd64", 2, 5)),
        ("[linux/arm64->amd64 b 1/2] RUN x", VertexName(OPERATION, "RUN x", "b", "linux/arm64->amd64", 1, 2)),
        ("[web build 2/5] RUN x", VertexName(OPERATION, "RUN x", "build", "", 2, 5)),
        ("[a 1/2] RUN <<EOF (a...)\nb", VertexName(OPERATION, "RUN <<EOF (a...)\nb", "a", "", 1, 2)),
    ],
)
def test_parts(name: str, parsed: VertexName) -> None:
    """Stage, platform, place and instruction are read, with and without a bake target before them."""
    assert parse_name(name) == parsed


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("[internal] load build context", INTERNAL),
        ("[web internal] load .dockerignore", INTERNAL),
        ("[auth] library/busybox:pull token for registry-1.docker.io", INTERNAL),
        ("importing cache manifest from gha:123", INTERNAL),
        ("[base 1/2] FROM docker.io/library/busybox", SOURCE),
        ("[context other] load from client", SOURCE),
        ("docker-image://docker.io/docker/dockerfile:1", SOURCE),
        ("resolve image config for docker-image://docker.io/docker/dockerfile:1", SOURCE),
        ("https://example.com/x.tar", SOURCE),
        ("exporting to image", EXPORT),
        ("[web] exporting to docker image format", EXPORT),
        ("exporting cache to GitHub Actions Cache", EXPORT),
        ("preparing build cache for export", EXPORT),
        ("resolving provenance for metadata file", EXPORT),
        ("[api] importing to docker", EXPORT),
        ("mkfile /x", OPERATION),
        ("[build 1/1] RUN echo exporting to image", OPERATION),
        ("", OPERATION),
    ],
)
def test_kind(name: str, kind: StepKind) -> None:
    """What BuildKit does for itself is told from what a Dockerfile asks for."""
    assert parse_name(name).kind is kind


def test_identity_leaves_out_what_is_not_the_steps() -> None:
    """A step is the same step whichever target of a bake names it first, and however many steps follow it."""
    assert identity("[linux/386 build 2/5] RUN x") == identity("[linux/386 build 2/6] RUN x")
    assert identity("[build 2/5] RUN x") != identity("[build 3/5] RUN x")
    assert identity("[web build 2/5] RUN x") == identity("[api build 2/5] RUN x")
    assert identity("[build 2/5] RUN x") != identity("[build 2/5] RUN y")


@given(st.text())
def test_any_text_is_a_name(name: str) -> None:
    """No text is refused, and outside brackets nothing of it is lost."""
    parsed = parse_name(name)
    assert name.endswith(parsed.instruction)
    assert identity(name) == identity(name)
