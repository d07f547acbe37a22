"""What a job would restore: GitHub's lookup over a listing, and why each other entry is passed over."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from dockcache_tui.core.caches.cache import ActionsCache
from dockcache_tui.core.caches.keys import BUILDKIT_VERSION, index_key
from dockcache_tui.core.scope import BranchScope


class Verdict(StrEnum):
    """What the lookup makes of an entry."""

    HIT = "hit"
    OTHER_BRANCH = "a run on this ref can't restore from its ref"
    OTHER_VERSION = "other paths or another client: its version differs"
    NO_MATCH = "no key is its beginning"
    LATER_REF = "a ref that is tried first has one"
    LATER_KEY = "an earlier key has one on this ref"
    OLDER = "a newer one begins with the same key"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry and what the lookup makes of it; `matched` is the key that led to it, empty when none does."""

    cache: ActionsCache
    verdict: Verdict
    matched: str = ""
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Restoration:
    """A lookup's outcome: the refs in the order they are tried, and every entry, those nearest to a hit first."""

    scopes: tuple[BranchScope, ...]
    keys: tuple[str, ...]
    candidates: tuple[Candidate, ...]

    @property
    def hit(self) -> Candidate | None:
        """Return what is restored; None for a miss."""
        first = self.candidates[0] if self.candidates else None
        return first if first and first.verdict is Verdict.HIT else None


_NEAREST = (
    Verdict.HIT,
    Verdict.OLDER,
    Verdict.LATER_KEY,
    Verdict.LATER_REF,
    Verdict.OTHER_VERSION,
    Verdict.OTHER_BRANCH,
    Verdict.NO_MATCH,
)


def restore(
    caches: Iterable[ActionsCache],
    scopes: Sequence[BranchScope],
    key: str,
    restore_keys: Sequence[str] = (),
    version: str | None = None,
) -> Restoration:
    """Look up as GitHub does: ref by ref the exact key, then the key and each restore key as a prefix, newest first.

    `version` None takes entries of any version, as paths and compression are not known outside the job.
    """
    keys = (key, *restore_keys)
    ranked: list[tuple[tuple[int, ...], ActionsCache, str]] = []
    passed = []
    for cache in caches:
        step = _step(cache.key, keys)
        if step is None:
            passed.append(Candidate(cache, Verdict.NO_MATCH))
        elif cache.branch not in scopes:
            passed.append(Candidate(cache, Verdict.OTHER_BRANCH, keys[max(0, step - 1)], exact=step == 0))
        elif version not in {None, cache.version}:
            passed.append(Candidate(cache, Verdict.OTHER_VERSION, keys[max(0, step - 1)], exact=step == 0))
        else:
            rank = (scopes.index(cache.branch), step, -cache.created_at.ns, -cache.id)
            ranked.append((rank, cache, keys[max(0, step - 1)]))
    ranked.sort(key=lambda one: one[0])
    found = [
        Candidate(cache, _verdict(rank, ranked[0][0]), matched, exact=rank[1] == 0) for rank, cache, matched in ranked
    ]
    passed.sort(key=lambda one: (-one.cache.created_at.ns, -one.cache.id))
    candidates = sorted((*found, *passed), key=lambda one: _NEAREST.index(one.verdict))
    return Restoration(tuple(scopes), keys, tuple(candidates))


def _step(key: str, keys: Sequence[str]) -> int | None:
    """Return which of the lookup's steps finds a key: 0 the exact one, then each key as a prefix."""
    if key == keys[0]:
        return 0
    return next((number for number, prefix in enumerate(keys, 1) if key.startswith(prefix)), None)


def _verdict(rank: tuple[int, ...], best: tuple[int, ...]) -> Verdict:
    if rank == best:
        return Verdict.HIT
    if rank[0] != best[0]:
        return Verdict.LATER_REF
    return Verdict.LATER_KEY if rank[1] != best[1] else Verdict.OLDER


def restore_indexes(
    caches: Iterable[ActionsCache], scopes: Sequence[BranchScope], cache_scope: str
) -> tuple[tuple[BranchScope, Restoration], ...]:
    """Look up a cache scope as BuildKit imports it: an index for each ref, all of which are merged."""
    known = tuple(caches)
    return tuple(
        (scope, restore(known, scopes, index_key(cache_scope, scope.ref), version=BUILDKIT_VERSION)) for scope in scopes
    )
