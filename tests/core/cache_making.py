"""Makes Actions caches for the tests, one by one and by hypothesis."""

from hashlib import sha256

from hypothesis import strategies as st

from dockcache_tui.core.caches.cache import ActionsCache, ActionsSnapshot, Branch, Limits, Pull
from dockcache_tui.core.caches.index import CacheIndex, read_index
from dockcache_tui.core.caches.keys import BUILDKIT_VERSION, index_key
from dockcache_tui.core.caches.reading import CacheEntry, CachesReading
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.scope import BranchScope

SECOND = 10**9
DAY = 86_400
MAIN, DEV = "refs/heads/main", "refs/heads/dev"
PULL = "refs/pull/7/merge"


def at(seconds: float) -> Instant:
    """Return the moment so many seconds after a fixed one."""
    return Instant(1_700_000_000 * SECOND + round(seconds * SECOND))


def digest(name: str) -> str:
    """Return a digest that looks like one."""
    return f"sha256:{sha256(name.encode()).hexdigest()}"


def blob_key(digest: str) -> str:
    """Return the key that BuildKit gives a layer's blob."""
    return f"buildkit-blob-1-{digest}"


def cache(
    id_: int,
    key: str = "key",
    ref: str = MAIN,
    *,
    size: int = 1,
    created: float = 0,
    used: float | None = None,
    version: str = BUILDKIT_VERSION,
) -> ActionsCache:
    """Return an entry; `created` and `used` (by default the same) are seconds for `at`."""
    return ActionsCache(id_, ref, key, version, size, at(created), at(created if used is None else used))


def index(
    id_: int, scope: str = "app", ref: str = MAIN, *, number: int = 1, created: float = 0, size: int = 1
) -> ActionsCache:
    """Return an entry of BuildKit's index of a cache scope."""
    return cache(id_, f"{index_key(scope, ref)}#{number}", ref, created=created, size=size)


def blob(id_: int, name: str, ref: str = MAIN, *, size: int = 1, created: float = 0) -> ActionsCache:
    """Return an entry of a layer's blob."""
    return cache(id_, blob_key(digest(name)), ref, size=size, created=created)


def content(*names: str) -> CacheIndex:
    """Return an index that names these blobs, each on top of the one before."""
    layers = ",".join(
        f'{{"blob":"{digest(name)}","parent":{number - 1},"annotations":{{"size":1}}}}'
        for number, name in enumerate(names)
    )
    return read_index(f'{{"layers":[{layers}]}}'.encode())


def snapshot(
    *caches: ActionsCache,
    branches: tuple[str, ...] | None = ("main",),
    pulls: tuple[Pull, ...] | None = (),
    limits: Limits | None = None,
    now: float = 0,
) -> ActionsSnapshot:
    """Return a reading of a repository whose default branch is main; a branch's tip is named after it."""
    known = None if branches is None else tuple(Branch(BranchScope.of(name), f"tip-{name}") for name in branches)
    return ActionsSnapshot(
        "octo/app",
        caches,
        at(now),
        len(caches),
        limits=limits or Limits(),
        default=BranchScope(MAIN),
        branches=known,
        pulls=pulls,
    )


def entries(taken: ActionsSnapshot, indexes: dict[int, CacheIndex] | None = None) -> dict[int, CacheEntry]:
    """Return a snapshot's understood entries by id."""
    return {entry.id: entry for entry in CachesReading.of(taken, indexes).entries}


_KEYS = st.sampled_from(["a", "ab", "abc", "b", "node-", "node-1", "node-12"]) | st.text(max_size=4)
CACHES = st.lists(
    st.builds(
        lambda id_, key, ref, size, created, used, version: cache(
            id_, key, ref, size=size, created=created, used=created + used, version=version
        ),
        st.integers(1, 10**9),
        _KEYS,
        st.sampled_from([MAIN, DEV, PULL, "refs/tags/v1"]),
        st.integers(0, 10**10),
        st.integers(-20, 20),
        st.integers(0, 10),
        st.sampled_from(["v1", "v2"]),
    ),
    max_size=16,
    unique_by=(lambda one: one.id, lambda one: (one.key, one.ref, one.version)),
)
"""Listings as GitHub may give them: no two entries have the same key, version and ref."""
