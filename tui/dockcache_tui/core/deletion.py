"""A bulk delete of things that have an id: the plan, the check before each, what became of each, and the comparison."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, Protocol, TypeVar


class Deletable(Protocol):
    """An entry of a repository; `identity` tells it from another that took its id."""

    @property
    def id(self) -> int:
        """Its id."""

    @property
    def size(self) -> int:
        """Its bytes."""

    @property
    def identity(self) -> object:
        """What stays the same as long as it is the same thing."""


Thing = TypeVar("Thing", bound=Deletable)


class Fate(StrEnum):
    """What became of one entry that was to be deleted."""

    DELETED = "deleted"
    GONE = "gone before"
    CHANGED = "another entry by now"
    REFUSED = "refused"
    NOT_TRIED = "not tried"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class DeletePlan(Generic[Thing]):
    """What to delete, in this order, from one repository."""

    repo: str
    things: tuple[Thing, ...]

    @property
    def bytes(self) -> int:
        """Return the bytes that will be freed."""
        return sum(one.size for one in self.things)


@dataclass(frozen=True, slots=True)
class Deletion(Generic[Thing]):
    """What became of one thing.

    `detail` says more, in GitHub's words where it refused; `unaudited` why it is not in the audit log.
    """

    thing: Thing
    fate: Fate
    detail: str = ""
    unaudited: str = ""


@dataclass(frozen=True, slots=True)
class DeleteComparison(Generic[Thing]):
    """Plan and outcome; `lingering` are ids that were deleted but are listed still.

    `unaudited` is why some of it is not in the audit log.
    """

    planned: int
    outcomes: tuple[Deletion[Thing], ...]
    """Of each thing of the plan, in its order; what nothing is told of was not tried."""
    lingering: frozenset[int]
    unaudited: str

    @property
    def deleted(self) -> int:
        """Return how many were deleted."""
        return sum(one.fate is Fate.DELETED for one in self.outcomes)

    @property
    def freed(self) -> int:
        """Return the bytes of what was deleted."""
        return sum(one.thing.size for one in self.outcomes if one.fate is Fate.DELETED)

    @property
    def differences(self) -> Sequence[Deletion[Thing]]:
        """Return what was planned and stayed, or was gone."""
        return [one for one in self.outcomes if one.fate is not Fate.DELETED]

    @property
    def agrees(self) -> bool:
        """Tell whether exactly what was planned was deleted."""
        return not self.differences and not self.lingering

    @property
    def untried(self) -> bool:
        """Tell whether nothing at all of the plan could be tried."""
        return bool(self.outcomes) and all(one.fate is Fate.NOT_TRIED for one in self.outcomes)


def recheck(planned: Thing, now: Thing | None) -> Fate | None:
    """Compare a thing with what is read now in its place; None means that it is the same and may be deleted."""
    if now is None:
        return Fate.GONE
    return None if now.identity == planned.identity else Fate.CHANGED


def compare(
    plan: DeletePlan[Thing], deletions: Iterable[Deletion[Thing]], after: Iterable[Thing] | None = None
) -> DeleteComparison[Thing]:
    """Compare a plan with what came of it; `after` is the next reading."""
    fates = {one.thing.id: one for one in deletions}
    outcomes = tuple(fates.get(one.id, Deletion(one, Fate.NOT_TRIED)) for one in plan.things)
    left = {one.id for one in after or ()}
    return DeleteComparison(
        plan.bytes,
        outcomes,
        frozenset(one.thing.id for one in outcomes if one.fate is Fate.DELETED and one.thing.id in left),
        next((one.unaudited for one in fates.values() if one.unaudited), ""),
    )
