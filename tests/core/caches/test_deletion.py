"""Cleaning: what presets choose, what a plan holds, the check before a delete, and the comparison after."""

from dataclasses import replace

import pytest

from core.cache_making import DAY, DEV, MAIN, PULL, at, blob, cache, entries, index, snapshot
from dockcache_tui.core.caches.cache import Pull
from dockcache_tui.core.caches.deletion import Preset, plan_delete, preset
from dockcache_tui.core.caches.fields import CACHE_FIELDS
from dockcache_tui.core.deletion import Deletion, Fate, compare, recheck
from dockcache_tui.core.field import json_row
from dockcache_tui.core.filter import parse

TAKEN = snapshot(
    index(1, number=1),
    index(2, number=2, created=5 * DAY),
    cache(3, "go-1", DEV),
    cache(4, "go-1", PULL),
    blob(5, "a", "refs/tags/v1"),
    cache(6, "go-1", "refs/heads/gone", created=0, used=9 * DAY),
    branches=("main", "dev"),
    pulls=(Pull(8, is_open=False, merged=True, head="dev", head_sha="tip-dev", own=True),),
    now=10 * DAY,
)


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (Preset.MERGED, [3]),
        (Preset.DELETED, [6]),
        (Preset.CLOSED, [4]),
        (Preset.SUPERSEDED, [1]),
        (Preset.ORPHANED, [5]),
        (Preset.OLDER, [1, 3, 4, 5]),
    ],
)
def test_presets(chosen: Preset, expected: list[int]) -> None:
    """Each preset chooses exactly what it is named for; older-than looks at the last access."""
    found = preset(entries(TAKEN).values(), chosen, at(10 * DAY), older_than_ns=7 * DAY * 10**9)
    assert [one.id for one in found] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("branch:main", [1, 2]),
        ("branch:#7", [4]),
        ("kind:index generation>1", [2]),
        ("is:superseded", [1]),
        ("is:dead", [4, 6]),
        ("family:buildkit !kind:index", [5]),
        ("scope:app", [1, 2]),
        ("is:duplicate idle<2d", [6]),
        ("state:closed", [4]),
    ],
)
def test_filters(text: str, expected: list[int]) -> None:
    """The filter language knows the fields of Actions caches."""
    passes = parse(text, CACHE_FIELDS).compile(at(10 * DAY))
    assert [entry.id for entry in entries(TAKEN).values() if passes(entry)] == expected


def test_a_row_has_the_stable_fields() -> None:
    """The fields, their order and their values are as documented."""
    row = json_row(CACHE_FIELDS, entries(TAKEN)[1])
    assert row == {
        "id": 1,
        "ref": MAIN,
        "key": "index-app-1-f921bd05#1",
        "version": "693bb7016429d80366022f036f84856888c9f13e00145f5f6f4dce303a38d6f2",
        "size_in_bytes": 1,
        "created_at": "2023-11-14T22:13:20Z",
        "last_accessed_at": "2023-11-14T22:13:20Z",
        "kind": "index",
        "scope": "app",
        "generation": 1,
        "digest": None,
        "expires_at": "2023-11-24T22:13:20Z",
        "family": "BuildKit",
        "state": "live",
        "merged": False,
        "superseded": True,
        "orphan": False,
        "signed": False,
        "misplaced": False,
        "copies": [],
        "layers": None,
        "layers_size_in_bytes": None,
        "holes": None,
        "scopes": [],
    }


def test_a_plan_takes_each_once_and_indexes_first() -> None:
    """An index without its blobs breaks builds, so a delete that is cut short leaves blobs, not such an index."""
    plan = plan_delete(
        "octo/app", [blob(5, "a", size=7), index(2, created=9), index(1, created=3), blob(5, "a", size=7)]
    )
    assert [one.id for one in plan.things] == [1, 2, 5]
    assert plan.bytes == 9


def test_the_check_before_a_delete() -> None:
    """Only the same id with the same key and time of creation is deleted; another last access is the same entry."""
    planned = cache(1, "a")
    assert recheck(planned, replace(planned, last_accessed_at=at(99))) is None
    assert recheck(planned, None) is Fate.GONE
    assert recheck(planned, replace(planned, id=2)) is Fate.CHANGED
    assert recheck(planned, replace(planned, key="b")) is Fate.CHANGED
    assert recheck(planned, replace(planned, created_at=at(1))) is Fate.CHANGED


def test_a_comparison_accounts_for_every_entry() -> None:
    """What was refused, changed or not tried is told, and so is what is listed after it was deleted."""
    caches = [cache(number, str(number), size=10**number) for number in range(4)]
    plan = plan_delete("octo/app", caches)
    done = [Deletion(caches[0], Fate.DELETED), Deletion(caches[1], Fate.REFUSED, "no"), Deletion(caches[2], Fate.GONE)]
    found = compare(plan, done, after=[caches[0]])
    assert (found.planned, found.freed, found.deleted, found.lingering) == (1111, 1, 1, frozenset({0}))
    assert {one.thing.id: one.fate for one in found.differences} == {
        1: Fate.REFUSED,
        2: Fate.GONE,
        3: Fate.NOT_TRIED,
    }
    assert not found.agrees
    assert compare(plan, [Deletion(one, Fate.DELETED) for one in caches], after=[]).agrees
