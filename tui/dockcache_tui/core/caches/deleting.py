"""What a bulk delete of caches or artifacts would remove, the check before each, and how the outcome compares."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from dockcache_tui.core.archives.artifact import Artifact
from dockcache_tui.core.caches.cache import ActionsCache


class Fate(StrEnum):
    """What became of one entry that was to be deleted."""

    DELETED = "deleted"
    GONE = "gone before"
    CHANGED = "another entry by now"
    REFUSED = "refused"
    NOT_TRIED = "not tried"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class DeletePlan:
    """The entries to delete, in this order, from one repository."""

    repo: str
    caches: tuple[ActionsCache, ...]

    @property
    def bytes(self) -> int:
        """Return the bytes that will be freed."""
        return sum(cache.size for cache in self.caches)


@dataclass(frozen=True, slots=True)
class Deletion:
    """What became of one entry.

    `detail` says more, in GitHub's words where it refused; `unaudited` why it is not in the audit log.
    """

    cache: ActionsCache
    fate: Fate
    detail: str = ""
    unaudited: str = ""


@dataclass(frozen=True, slots=True)
class DeleteComparison:
    """Plan and outcome in bytes; `lingering` are ids that were deleted but are listed still.

    `unaudited` is why some of it is not in the audit log.
    """

    planned: int
    freed: int
    deleted: int
    differences: tuple[Deletion, ...]
    lingering: tuple[int, ...] = ()
    unaudited: str = ""

    @property
    def agrees(self) -> bool:
        """Tell whether exactly what was planned was deleted."""
        return not self.differences and not self.lingering

    @property
    def untried(self) -> bool:
        """Tell whether nothing at all of the plan could be tried."""
        return not self.deleted and {one.fate for one in self.differences} == {Fate.NOT_TRIED}


def plan_delete(repo: str, caches: Iterable[ActionsCache]) -> DeletePlan:
    """Plan to delete entries, each once; indexes go before blobs are missed by them, the oldest access first."""
    unique = {cache.id: cache for cache in caches}
    return DeletePlan(repo, tuple(sorted(unique.values(), key=_order)))


def _order(cache: ActionsCache) -> tuple[bool, int, int]:
    # An index without its blobs makes builds fail, blobs without an index do not.
    return not cache.key.startswith("index-"), cache.last_accessed_at.ns, cache.id


def recheck(planned: ActionsCache, now: ActionsCache | None) -> Fate | None:
    """Compare an entry with its re-reading: id, key and time of creation must be the same; None says delete it."""
    if now is None:
        return Fate.GONE
    return None if now.identity == planned.identity else Fate.CHANGED


def compare(
    plan: DeletePlan, deletions: Iterable[Deletion], after: Iterable[ActionsCache] | None = None
) -> DeleteComparison:
    """Compare a plan with what came of it; `after` is the next reading."""
    fates = {one.cache.id: one for one in deletions}
    missed = [fates.get(cache.id, Deletion(cache, Fate.NOT_TRIED)) for cache in plan.caches]
    deleted = [one.cache for one in missed if one.fate is Fate.DELETED]
    left = {cache.id for cache in after or ()}
    return DeleteComparison(
        plan.bytes,
        sum(cache.size for cache in deleted),
        len(deleted),
        tuple(one for one in missed if one.fate is not Fate.DELETED),
        tuple(cache.id for cache in deleted if cache.id in left),
        next((one.unaudited for one in fates.values() if one.unaudited), ""),
    )


@dataclass(frozen=True, slots=True)
class ArtifactDeletion:
    """What became of one artifact.

    `detail` says more, in GitHub's words where it refused; `unaudited` why it is not in the audit log.
    """

    artifact: Artifact
    fate: Fate
    detail: str = ""
    unaudited: str = ""


def recheck_artifact(planned: Artifact, now: Artifact | None) -> Fate | None:
    """Compare an artifact with its re-reading: id, name and time of creation must be the same; None says delete it."""
    if now is None:
        return Fate.GONE
    return None if _identity(now) == _identity(planned) else Fate.CHANGED


def _identity(artifact: Artifact) -> tuple[object, ...]:
    return artifact.id, artifact.name, artifact.created_at
