"""What a cache configuration tells of a cache."""

import json
from typing import Any

import pytest

from dockcache_tui.core.explain.cache_config import CachedRecord, read_cache_config
from dockcache_tui.core.explain.store import KeyedRecord, Link

CONFIG: dict[str, Any] = {
    "layers": [{"blob": "one", "parent": -1}, {"blob": "two"}, {"blob": "three", "parent": 1}],
    "records": [
        {"digest": "root", "layers": [{"layer": 0, "createdAt": "2026-01-01T00:00:00Z"}]},
        {"digest": "content"},
        {
            "digest": "copy",
            "inputs": [[{"link": 0}], [{"link": 1}, {"selector": "s", "link": 0}]],
            "layers": [{"layer": 2}],
            "chains": [{"layers": [0, 2]}],
        },
    ],
}


def test_records() -> None:
    """Each record has its links, and for each of its results the data of all layers that it lies on."""
    root, content, copy = read_cache_config(json.dumps(CONFIG).encode(), "c")
    assert root == CachedRecord(KeyedRecord("c 0", "root"), (frozenset({"one"}),))
    assert content == CachedRecord(KeyedRecord("c 1", "content"))
    assert copy.record.links == {Link(0, "c 0"), Link(1, "c 1"), Link(1, "c 0", "s")}
    assert copy.results == (frozenset({"one", "two", "three"}), frozenset({"one", "three"}))


def test_layers_that_lie_on_each_other() -> None:
    """A layer that lies on itself is taken once."""
    config = {**CONFIG, "layers": [{"blob": "one", "parent": 1}, {"blob": "two"}, {"blob": "three"}]}
    assert read_cache_config(json.dumps(config).encode(), "c")[0].results == (frozenset({"one", "two"}),)


@pytest.mark.parametrize(
    "document",
    [
        "no JSON",
        "[]",
        json.dumps({"records": [{"digest": "a", "layers": [{"layer": 0}]}]}),
        json.dumps({"records": [{"digest": "a", "layers": [{"layer": -1}]}], "layers": [{"blob": "b"}]}),
        json.dumps({"records": [{"digest": "a", "inputs": [[{"link": 1}]]}]}),
        "[" * 100_000,
    ],
)
def test_what_is_none(document: str) -> None:
    """What is no configuration, or names what is not in it, is told as such."""
    with pytest.raises(ValueError, match="no cache configuration"):
        read_cache_config(document.encode(), "c")
