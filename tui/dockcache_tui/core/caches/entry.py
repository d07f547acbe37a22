"""An Actions cache with all that follows from its key, its ref and its neighbours."""

from dataclasses import dataclass

from dockcache_tui.core import wording
from dockcache_tui.core.caches.cache import ActionsCache
from dockcache_tui.core.caches.keys import CacheKey, CacheKind, ref_hash
from dockcache_tui.core.caches.layers import ReadIndex
from dockcache_tui.core.caches.liveness import RefState
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.scope import BranchScope


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """An understood entry.

    `superseded` is an index with a newer one for the same cache scope on the same ref, so that no lookup finds it.
    `copies` are other refs with the same key and version. `orphan` is a blob that no index names which a run could have
    with it; None where indexes would have to be read to tell. `merged` tells that its branch was merged with nothing
    new since. `expires_at` is when it goes if nobody reads it and nothing is saved, `goes_at` if as much is saved as
    lately. `index` is what a live index names, where it was read; `scopes` are the cache scopes whose read indexes name
    a blob.
    """

    cache: ActionsCache
    decoded: CacheKey
    state: RefState
    merged: bool
    superseded: bool
    copies: tuple[str, ...]
    orphan: bool | None
    expires_at: Instant
    goes_at: Instant
    index: ReadIndex | None
    scopes: tuple[str, ...]

    @property
    def id(self) -> int:
        """Return the entry's id."""
        return self.cache.id

    @property
    def branch(self) -> BranchScope:
        """Return whose it is."""
        return self.cache.branch

    @property
    def misplaced(self) -> bool:
        """Tell whether an index's key names another ref than the one it is kept on."""
        return self.decoded.kind is CacheKind.INDEX and self.decoded.ref_hash != ref_hash(self.cache.ref)

    @property
    def holes(self) -> int:
        """Return how many layers an index names that no run of its ref can have."""
        return len(self.index.holes) if self.index else 0

    @property
    def damage(self) -> str:
        """Return in words how many of an index's layers are gone, or nothing when none is."""
        if not self.index or not self.holes:
            return ""
        return f"{self.holes:,} of {wording.count(self.index.count, 'layer')} gone"

    @property
    def dead(self) -> bool:
        """Tell whether its branch is deleted or its pull request closed."""
        return self.state in {RefState.DELETED, RefState.CLOSED}

    @property
    def unwanted(self) -> bool:
        """Tell whether something speaks against keeping it, or against trusting it."""
        return self.superseded or self.merged or self.dead or self.misplaced or self.holes > 0 or self.orphan is True
