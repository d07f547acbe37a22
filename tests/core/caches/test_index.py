"""The JSON of a BuildKit index: read as BuildKit writes it, and survived as an enemy would."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockcache_tui.core.caches.index import UnreadableIndexError, read_index
from dockcache_tui.core.instant import Instant

REAL = {
    "layers": [
        {
            "blob": "sha256:aa",
            "parent": -1,
            "annotations": {
                "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
                "diffID": "sha256:11",
                "size": 123,
                "createdAt": "2026-01-01T00:00:00Z",
            },
        },
        {"blob": "sha256:bb", "annotations": {"size": 5, "createdAt": "0001-01-01T00:00:00Z"}},
    ],
    "records": [
        {"digest": "sha256:r0", "layers": [{"layer": 1, "createdAt": "2026-01-01T00:00:00Z"}]},
        {"digest": "sha256:r1", "inputs": [[{"selector": "sha256:s", "link": 0}, {"link": 1}]]},
        {"digest": "sha256:r2", "chains": [{"layers": [0, 1], "createdAt": "2026-01-01T00:00:00Z"}]},
    ],
}


def test_an_index_as_buildkit_writes_it() -> None:
    """An absent parent is the first layer, -1 is none, the year 1 is no time, and records keep their links."""
    found = read_index(json.dumps(REAL).encode())
    first, second = found.layers
    assert (first.parent, first.size, first.diff_id) == (None, 123, "sha256:11")
    assert first.created_at == Instant.parse("2026-01-01T00:00:00Z")
    assert (second.parent, second.size, second.created_at) == (0, 5, None)
    assert [record.layers for record in found.records] == [(1,), (), ()]
    assert found.records[1].inputs == ((0, 1),)
    assert found.records[2].chains == ((0, 1),)
    assert found.order == (0, 1)
    assert found.broken == ()
    assert list(found.blobs) == ["sha256:bb", "sha256:aa"]


def test_an_empty_index() -> None:
    """BuildKit leaves empty lists out, so nothing at all is an index without layers."""
    found = read_index(b"{}")
    assert (found.layers, found.records, found.order) == ((), (), ())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'{"layers":[{}]}',
        b'{"layers":[{"blob":1}]}',
        b'{"layers":[{"blob":"x","annotations":{"createdAt":"soon"}}]}',
        b'{"records":' + b"[" * 100_000,
        b"\xff",
    ],
)
def test_anything_else_is_refused_in_words(data: bytes) -> None:
    """What is no index raises the one error that front ends tell."""
    with pytest.raises(UnreadableIndexError):
        read_index(data)


@given(st.lists(st.integers(-3, 8), max_size=8))
def test_cycles_and_lost_parents_survive(parents: list[int]) -> None:
    """Whatever the parents say, a layer stands after the one it lies on, or is broken where the way up has no end."""
    layers = [{"blob": f"sha256:{number}", "parent": parent} for number, parent in enumerate(parents)]
    found = read_index(json.dumps({"layers": layers}).encode())

    def sound(position: int) -> bool:
        for _ in range(len(parents) + 1):
            if position == -1:
                return True
            if not 0 <= position < len(parents):
                return False
            position = parents[position]
        return False

    assert found.broken == tuple(number for number in range(len(parents)) if not sound(number))
    assert sorted((*found.order, *found.broken)) == list(range(len(parents)))
    places = {position: place for place, position in enumerate(found.order)}
    assert all(parents[position] == -1 or places[parents[position]] < place for position, place in places.items())


def test_a_deep_index_is_read_in_a_moment() -> None:
    """A hundred thousand layers on top of each other need no recursion."""
    layers = [{"blob": "sha256:a", "parent": number - 1} for number in range(100_000)]
    found = read_index(json.dumps({"layers": layers}).encode())
    assert found.order == tuple(range(100_000))
    assert found.broken == ()
