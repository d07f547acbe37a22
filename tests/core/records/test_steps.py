"""Descriptions of records and names of steps that mean the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.record_making import record
from dockcache_tui.core.records.steps import CACHE_MOUNT, ScopeIndex, description_key, mount_id, name_key, sanitised
from dockcache_tui.core.scope import BranchScope


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


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        ('cached mount /go from exec /bin/sh -c go build with id "/gomod-main"', "/gomod-main"),
        ('cached mount /go from exec echo with id "x" with id "/y"', "/y"),
        (r'cached mount /go from exec a with id "q\"uo\\te\n"', r'q"uo\te\n'),
        ("cached mount /go from exec a", None),
        ('mount / from exec a with id "x"', None),
        ('cached mount /go from exec a with id "x" and more', None),
    ],
)
def test_the_id_is_read_from_the_description(description: str, expected: str | None) -> None:
    """The id is the last thing a cache mount's description says, in Go's quotes."""
    assert mount_id(record("r", what=(CACHE_MOUNT, description))) == expected
    assert mount_id(record("r", what=("regular", description))) is None


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        ("refs/heads/fix/a b", "fix-a-b"),
        ("refs/pull/7/merge", "7-merge"),
        ("refs/tags/v1.2", "v1.2"),
        ("refs/heads/größe", "gr--e"),
    ],
)
def test_a_ref_as_a_cache_scope(ref: str, expected: str) -> None:
    """What a scope can't hold becomes a dash."""
    assert sanitised(BranchScope(ref)) == expected


@pytest.mark.parametrize(
    ("id_", "scope", "branches"),
    [
        ("/gomod-main", "main", ("refs/heads/main",)),
        ("main", "main", ("refs/heads/main",)),
        ("/go-fix-main", "fix-main", ("refs/heads/fix/main", "refs/heads/fix-main")),
        ("/gomod-domain", None, ()),
        ("/gomod-main-2", None, ()),
        ("", None, ()),
    ],
)
def test_the_longest_known_scope_at_the_end_wins(id_: str, scope: str | None, branches: tuple[str, ...]) -> None:
    """A scope counts as a whole word at the end, the longest first, and may be of several branches."""
    index = ScopeIndex(BranchScope(ref) for ref in ("refs/heads/main", "refs/heads/fix/main", "refs/heads/fix-main"))
    assert index.find(id_) == (scope, tuple(sorted(map(BranchScope, branches))))


@given(st.text(min_size=1).map(BranchScope.of).filter(sanitised), st.text())
def test_every_known_branch_is_found_in_its_own_ids(branch: BranchScope, prefix: str) -> None:
    """Whatever stands before it, a mount id that ends in a branch's scope leads back to that branch."""
    assert ScopeIndex([branch]).find(f"{prefix}-{sanitised(branch)}") == (sanitised(branch), (branch,))
