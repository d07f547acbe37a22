"""Descriptions of records and names of steps that mean the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockcache_tui.core.records.steps import description_key, name_key


@pytest.mark.parametrize(
    ("description", "name"),
    [
        ("[build 2/6] WORKDIR /src", "[build 2/6] WORKDIR /src"),
        ("[build 3/6] COPY go.mod go.sum ./", "[build 3/7] COPY go.mod go.sum ./"),
        ("mount / from exec /bin/sh -c go build  -o /app .", "[linux/amd64 build 6/6] RUN go build -o /app ."),
        (
            'cached mount /go/pkg/mod from exec /bin/sh -c go mod download with id "/gomod-main"',
            "[build 4/6] RUN --mount=type=cache,target=/go/pkg/mod,id=gomod-main --network=none go mod download",
        ),
        ("cached mount /c from exec /bin/bash -eo pipefail -c a | b", "[2/2] RUN a | b"),
        ("mount / from exec /bin/sh -c sh -c true", "[2/2] RUN sh -c true"),
        ("mount / from exec /app --serve", '[2/2] RUN ["/app", "--serve"]'),
        ("mount / from exec python -c pass", '[2/2] RUN ["python", "-c", "pass"]'),
        ("local source for context", "[internal] load build context"),
        ("local source for dockerfile", "[internal] load build definition from Dockerfile"),
        ("local source for assets", "[context assets] load from client"),
        ("pulled from docker.io/library/go:1@sha256:12", "[build 1/6] FROM docker.io/library/go:1@sha256:34"),
        ("pulled from example.org/base:1", "[1/2] FROM --platform=linux/arm64 example.org/base:1"),
    ],
)
def test_a_description_names_its_step(description: str, name: str) -> None:
    """BuildKit's description of a record leads to the step that made it."""
    assert description_key(description) == name_key(name)


@pytest.mark.parametrize(
    ("description", "name"),
    [
        ("mount / from exec /bin/sh -c go build", "[2/2] RUN go test"),
        ("mount / from exec /bin/sh -c COPY a b", "[2/2] COPY a b"),
        ("local source for context", "[internal] load build definition from Dockerfile"),
        ("pulled from a:1", "[1/2] FROM b:1"),
        ("[2/2] COPY a b", "[2/2] COPY a c"),
    ],
)
def test_a_description_names_no_other_step(description: str, name: str) -> None:
    """Other commands, kinds and images are other steps."""
    assert description_key(description) != name_key(name)


@given(st.text() | st.sampled_from(['cached mount / from exec a with id "', "[x] RUN [", "mount / from exec "]))
def test_any_text_has_a_key(text: str) -> None:
    """No description and no name is too strange, not even JSON that nests without end."""
    assert description_key(text) == description_key(text)
    assert name_key(text) == name_key(text)
    assert name_key("RUN " + "[" * 100_000)[0] == "run"
