"""Rows of `caches`: the columns are the document's fields, sorting is stable, remarks say all that is special."""

from core.cache_making import DEV, MAIN, blob, cache, content, entries, index, snapshot
from dockcache_tui.cli.caches import remarks
from dockcache_tui.core.caches.fields import CACHE_FIELDS
from dockcache_tui.core.caches.keys import index_key
from dockcache_tui.core.field import json_row, names, ordered

TAKEN = snapshot(
    index(1),
    index(2, number=2, created=1),
    blob(3, "a", size=50),
    blob(4, "a", DEV, size=50),
    cache(5, f"{index_key('app', DEV)}#1", MAIN, size=7),
)


def test_columns_are_the_fields() -> None:
    """Whatever a row has can be sorted by and is in the CSV, in the same order."""
    for entry in entries(TAKEN).values():
        assert list(json_row(CACHE_FIELDS, entry)) == list(names(CACHE_FIELDS))


def test_the_order() -> None:
    """Equal values are in the order of ids, and what has no value is last in both directions."""
    found = sorted(entries(TAKEN).values(), key=lambda one: one.id)
    assert [one.id for one in ordered(CACHE_FIELDS, found, "-size_in_bytes")] == [3, 4, 5, 1, 2]
    assert [one.id for one in ordered(CACHE_FIELDS, found, "generation")] == [1, 5, 2, 3, 4]
    assert [one.id for one in ordered(CACHE_FIELDS, found, "-generation")] == [2, 1, 5, 3, 4]


def test_remarks() -> None:
    """What is special about an entry is said in words, and nothing is a dash."""
    assert {id_: remarks(entry) for id_, entry in entries(TAKEN).items()} == {
        1: "superseded",
        2: "–",
        3: "on 1 other ref",
        4: "branch deleted, on 1 other ref",
        5: "of another ref",
    }


def test_remarks_of_layers() -> None:
    """Once indexes were read, layers that are gone and blobs that cache scopes share are told."""
    taken = snapshot(index(1, "app"), index(2, "web"), blob(3, "a"))
    found = entries(taken, {1: content("a", "b"), 2: content("a")})
    assert [remarks(found[id_]) for id_ in (1, 2, 3)] == ["1 of 2 layers gone", "–", "shared by app, web"]
