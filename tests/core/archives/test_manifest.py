"""Manifests, configs and provenance, as they are written and as they should not be."""

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dockcache_tui.core.archives.archive import ArchiveError
from dockcache_tui.core.archives.image_metadata import layers_of, moment
from dockcache_tui.core.archives.manifest import Config, Descriptor, Document, HistoryStep, Saved, decode, revision_of
from dockcache_tui.core.instant import Instant

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["manifests", "config", "layers", "digest", "history", "rootfs", "Labels", "predicate"]),
            inner,
        )
    ),
    max_leaves=20,
)


def config(*diff_ids: str, history: list[HistoryStep] | None = None) -> Config:
    """Return a config."""
    made = decode(json.dumps({"rootfs": {"diff_ids": diff_ids}}).encode(), Config)
    made.history = history
    return made


def blobs(*digests: str) -> list[Descriptor]:
    """Return layers of seven bytes."""
    return [Descriptor(digest, 7) for digest in digests]


def test_steps_and_layers_come_together_in_order() -> None:
    """Each step that is not empty takes the next layer."""
    steps = [HistoryStep(created_by="a"), HistoryStep(created_by="b", empty_layer=True), HistoryStep(created_by="c")]
    layers = layers_of(blobs("x", "y"), config("dx", "dy", history=steps), {"x", "y"})
    assert [(one.digest, one.diff_id, one.created_by, one.empty) for one in layers] == [
        ("x", "dx", "a", False),
        ("", "", "b", True),
        ("y", "dy", "c", False),
    ]


def test_layers_without_a_step_are_shown_and_steps_without_a_layer_are_not() -> None:
    """Tools that append layers leave the history short; a history that tells of more has nothing to show."""
    short = layers_of(blobs("x", "y", "z"), config(history=[HistoryStep(created_by="a")]), {"x", "z"})
    assert [(one.digest, one.created_by, one.missing) for one in short] == [
        ("x", "a", False),
        ("y", "", True),
        ("z", "", False),
    ]
    long = layers_of(blobs("x"), config(history=[HistoryStep(created_by="a"), HistoryStep(created_by="b")]), {"x"})
    assert [one.created_by for one in long] == ["a"]


def test_a_plain_layer_is_as_large_unpacked() -> None:
    """What is not packed is known without reading it; of a packed one nothing is said."""
    (same,) = layers_of(blobs("d"), config("d"), {"d"})
    assert same.unpacked_size == 7
    (packed,) = layers_of([Descriptor("x", 7, "application/vnd.oci.image.layer.v1.tar+gzip")], config("d"), {"x"})
    assert packed.unpacked_size is None
    (plain,) = layers_of([Descriptor("x", 7, "application/vnd.oci.image.layer.v1.tar")], config(), {"x"})
    assert plain.unpacked_size == 7


def test_times_that_are_none_are_none() -> None:
    """Go's zero time, no time and no date tell no moment."""
    assert moment("2026-01-01T00:00:00Z") == Instant.parse("2026-01-01T00:00:00Z")
    for text in ("", "0001-01-01T00:00:00Z", "yesterday", "2026-13-01T00:00:00Z", "0000-01-01T00:00:00Z"):
        assert moment(text) is None


@pytest.mark.parametrize(
    "predicate",
    [
        {"runDetails": {"metadata": {"buildkit_metadata": {"vcs": {"revision": "abc", "source": "x"}}}}},
        {"metadata": {"https://mobyproject.org/buildkit@v1#metadata": {"vcs": {"revision": "abc"}}}},
    ],
)
def test_the_revision_is_read_from_both_versions_of_provenance(predicate: object) -> None:
    """SLSA 1 and 0.2 keep BuildKit's metadata in other places."""
    assert revision_of(json.dumps({"predicate": predicate}).encode()) == "abc"


@pytest.mark.parametrize("statement", [b"{}", b'{"predicate": {}}', b'{"predicate": {"metadata": {"other": 1}}}'])
def test_provenance_without_a_revision_tells_none(statement: bytes) -> None:
    """A build that was not of a repository has none."""
    assert revision_of(statement) == ""


@given(_JSON | st.binary().map(repr))
@settings(deadline=None)
def test_any_document_is_read_or_refused(value: object) -> None:
    """Whatever a document holds, it is decoded or refused with a reason; nothing else happens."""
    data = json.dumps(value).encode()
    for kind in (Document, Config, list[Saved]):
        with suppress(ArchiveError):
            decode(data, kind)
    with suppress(ArchiveError):
        revision_of(data)


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """What is no JSON is refused."""
    with pytest.raises(ArchiveError):
        decode(b"\x00" + data, Document)


def test_deep_and_endless_documents_are_refused() -> None:
    """Nesting without end and lists longer than any image's end in a reason."""
    with pytest.raises(ArchiveError):
        decode(b"[" * 1_000_000, Document)
    endless = b'{"layers": [' + b'{"digest": ""},' * 10_000 + b'{"digest": ""}]}'
    with pytest.raises(ArchiveError, match="10000"):
        decode(endless, Document)
