"""Keys of Actions caches: BuildKit's are decoded to the last part, the rest told apart by family."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.cache_making import blob_key
from dockcache_tui.core.caches.keys import (
    BUILDKIT_VERSION,
    CacheKey,
    CacheKind,
    Family,
    decode,
    index_key,
    ref_hash,
)

HASH = "0123456789abcdef" * 4


def test_the_version_of_buildkit_is_the_measured_one() -> None:
    """BuildKit's entries were seen to carry this version."""
    assert BUILDKIT_VERSION == "693bb7016429d80366022f036f84856888c9f13e00145f5f6f4dce303a38d6f2"


@pytest.mark.parametrize(
    ("ref", "expected"), [("refs/heads/main", "f921bd05"), ("refs/heads/master", "49c8f7d5"), ("", "e3b0c442")]
)
def test_ref_hashes_are_the_measured_ones(ref: str, expected: str) -> None:
    """These hashes were seen in keys that BuildKit wrote."""
    assert ref_hash(ref) == expected


def test_an_index_seen_in_the_wild() -> None:
    """A key from a public repository tells cache scope, ref and generation."""
    found = decode("index-buildkit-1-49c8f7d5#46", BUILDKIT_VERSION)
    assert found == CacheKey(
        Family.BUILDKIT, CacheKind.INDEX, "index-buildkit-1-49c8f7d5", "buildkit", ref_hash("refs/heads/master"), 46
    )


@given(st.text(max_size=20), st.text(max_size=20), st.integers(0, 10**18 - 1), st.booleans())
def test_any_cache_scope_comes_back(scope: str, ref: str, number: int, signed: bool) -> None:  # noqa: FBT001
    """Whatever text is a cache scope, dashes, line breaks and `-1-` included, is read as it was written."""
    found = decode(f"{index_key(scope, ref)}{'-sig' if signed else ''}#{number}")
    assert (found.kind, found.scope, found.ref_hash) == (CacheKind.INDEX, scope, ref_hash(ref))
    assert (found.generation, found.signed) == (number, signed)


def test_blobs_and_signatures() -> None:
    """A blob tells its digest, and so does the signature of an index."""
    blob = decode(blob_key(f"sha256:{HASH}"))
    assert (blob.kind, blob.digest, blob.signed) == (CacheKind.BLOB, f"sha256:{HASH}", False)
    assert decode(blob_key(f"sha256:{HASH}") + "-sig").signed


@pytest.mark.parametrize(
    "key",
    [
        "index-app-1-49c8f7d5",
        "index-app-1-49c8f7d#1",
        "index-app-1-49C8F7D5#1",
        "index-app-1-49c8f7d5#",
        "index-app-1-49c8f7d5#1x",
        "index-app-1-49c8f7d5#" + "9" * 5000,
        f"buildkit-blob-1-sha256:{HASH}0",
        f"buildkit-blob-2-sha256:{HASH}",
    ],
)
def test_what_only_looks_alike_is_not_buildkits(key: str) -> None:
    """A part that is missing, too long or of another form makes a key anyone's."""
    assert decode(key).kind is CacheKind.OTHER


def test_another_version_is_another_client() -> None:
    """Whoever saves under BuildKit's keys with another client has saved nothing that BuildKit reads."""
    assert decode("index-app-1-49c8f7d5#1", "0" * 64).kind is CacheKind.OTHER


@pytest.mark.parametrize(
    ("key", "family", "prefix"),
    [
        (f"setup-go-Linux-x64-ubuntu24-go-1.26.0-{HASH}", Family.SETUP_GO, "setup-go-Linux-x64-ubuntu24-go-1.26.0"),
        (f"mine-setup-go-macOS-arm64-go-1.26-{HASH}", Family.SETUP_GO, "mine-setup-go-macOS-arm64-go-1.26"),
        (f"node-cache-Linux-x64-npm-{HASH}", Family.SETUP_NODE, "node-cache-Linux-x64-npm"),
        (f"setup-python-Linux-x64-24.04-Ubuntu-python-3.13.1-pip-{HASH}", Family.SETUP_PYTHON, None),
        (f"setup-java-Linux-x64-maven-{HASH}", Family.SETUP_JAVA, "setup-java-Linux-x64-maven"),
        ("buildx-dl-bin-0.37.2-linux-x64", Family.SETUP_BUILDX, "buildx-dl-bin-0.37.2-linux-x64"),
        (f"Linux-cargo-{HASH}", Family.OTHER, "Linux-cargo"),
        ("coverage-17384920117", Family.OTHER, "coverage"),
        ("cache-2", Family.OTHER, "cache-2"),
        ("", Family.OTHER, ""),
    ],
)
def test_families_and_what_their_keys_share(key: str, family: Family, prefix: str | None) -> None:
    """Keys of the well-known actions are told apart, and a hash or a run's number at the end is what varies."""
    found = decode(key)
    assert (found.family, found.kind) == (family, CacheKind.OTHER)
    assert found.prefix == (prefix if prefix is not None else key.removesuffix(f"-{HASH}"))
