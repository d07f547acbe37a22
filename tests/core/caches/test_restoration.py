"""The lookup over a listing: GitHub's order, a reason for every entry that is passed over."""

from hypothesis import given
from hypothesis import strategies as st

from core.cache_making import CACHES, DEV, MAIN, PULL, blob, cache, index
from dockcache_tui.core.caches.cache import ActionsCache
from dockcache_tui.core.caches.keys import index_key
from dockcache_tui.core.caches.restoration import Verdict, restore, restore_indexes
from dockcache_tui.core.scope import BranchScope

SCOPES = (BranchScope(PULL), BranchScope(DEV), BranchScope(MAIN))


def served(
    caches: list[ActionsCache], scopes: tuple[BranchScope, ...], keys: list[str], version: str
) -> ActionsCache | None:
    """Serve a lookup step by step as the service was measured to."""
    for scope in scopes:
        own = [one for one in caches if one.ref == scope.ref and one.version == version]
        tries = [[one for one in own if one.key == keys[0]]]
        tries += [[one for one in own if one.key.startswith(key)] for key in keys]
        for found in filter(None, tries):
            return max(found, key=lambda one: (one.created_at, one.id))
    return None


def verdicts(caches: list[ActionsCache], *keys: str, version: str | None = None) -> dict[int, Verdict]:
    """Return what a lookup makes of each entry."""
    found = restore(caches, SCOPES, keys[0], keys[1:], version)
    return {one.cache.id: one.verdict for one in found.candidates}


def test_why_not_the_others() -> None:
    """Each entry that is not restored has its own reason."""
    caches = [
        cache(1, "go-abc", DEV, created=1, version="v"),
        cache(2, "go-abd", DEV, created=2, version="v"),
        cache(3, "go-xyz", DEV, created=9, version="v"),
        cache(4, "go-abc", MAIN, created=9, version="v"),
        cache(5, "go-abc", "refs/heads/other", version="v"),
        cache(6, "go-abc", DEV, created=9, version="w"),
        cache(7, "rust", DEV, version="v"),
    ]
    assert verdicts(caches, "go-ab", "go-", version="v") == {
        2: Verdict.HIT,
        1: Verdict.OLDER,
        3: Verdict.LATER_KEY,
        4: Verdict.LATER_REF,
        6: Verdict.OTHER_VERSION,
        5: Verdict.OTHER_BRANCH,
        7: Verdict.NO_MATCH,
    }


def test_an_exact_key_beats_a_newer_prefix() -> None:
    """Within a ref the exact key is taken though a newer entry begins with it."""
    found = restore([cache(1, "go", DEV), cache(2, "go-2", DEV, created=5)], SCOPES, "go")
    assert found.hit is not None
    assert (found.hit.cache.id, found.hit.exact, found.hit.matched) == (1, True, "go")
    assert found.candidates[1].verdict is Verdict.LATER_KEY


def test_nothing_to_hit() -> None:
    """A miss has no hit, and still tells of every entry."""
    found = restore([cache(1, "go", "refs/heads/sibling")], SCOPES, "go")
    assert found.hit is None
    assert [one.verdict for one in found.candidates] == [Verdict.OTHER_BRANCH]
    assert restore([], SCOPES, "go").hit is None


@given(CACHES, st.lists(st.sampled_from(["a", "ab", "node-", "node-1", "z"]), min_size=1, max_size=3))
def test_the_hit_is_what_a_service_serves(caches: list[ActionsCache], keys: list[str]) -> None:
    """The hit is exactly the entry that a service would serve step by step, and every entry is told of once."""
    found = restore(caches, SCOPES, keys[0], keys[1:], "v1")
    assert (found.hit.cache if found.hit else None) == served(caches, SCOPES, keys, "v1")
    assert sorted(one.cache.id for one in found.candidates) == sorted(one.id for one in caches)
    assert [one.verdict for one in found.candidates].count(Verdict.HIT) == (found.hit is not None)


def test_buildkit_imports_an_index_of_each_ref() -> None:
    """BuildKit looks up a cache scope by the hash of each ref it may read, and takes the newest generation."""
    caches = [
        index(1, "app", MAIN, number=1),
        index(2, "app", MAIN, number=2, created=5),
        index(3, "app", PULL),
        index(4, "web", PULL),
        blob(5, "layer"),
    ]
    found = dict(restore_indexes(caches, SCOPES, "app"))
    assert {scope.ref: one.hit.cache.id if one.hit else None for scope, one in found.items()} == {
        PULL: 3,
        DEV: None,
        MAIN: 2,
    }
    assert found[BranchScope(MAIN)].keys == (index_key("app", MAIN),)
