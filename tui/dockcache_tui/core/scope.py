"""Branch scopes: whose a thing is, and what a run of a branch may restore."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from dockcache_tui.core.project import Project

_SHORT = (("refs/heads/", ""), ("refs/tags/", "tag "), ("refs/pull/", "#"))


@dataclass(frozen=True, slots=True, order=True)
class BranchScope:
    """The full ref something belongs to: `refs/heads/x`, `refs/pull/7/merge`, `refs/tags/v1`."""

    ref: str

    @classmethod
    def of(cls, name: str) -> "BranchScope":
        """Read a full ref or its short form: `x`, `#7`, `tag v1`."""
        if name.startswith("refs/"):
            return cls(name)
        if name.startswith("#") and name[1:].isdecimal():
            return cls(f"refs/pull/{name[1:]}/merge")
        # No ref holds a space, so this can't be a branch's name.
        return cls(f"refs/tags/{name[4:]}" if name.startswith("tag ") else f"refs/heads/{name}")

    @property
    def short(self) -> str:
        """Return the form people read: `x`, `#7`, `tag v1`."""
        for prefix, mark in _SHORT:
            if self.ref.startswith(prefix):
                return mark + self.ref.removeprefix(prefix).removesuffix("/merge" if mark == "#" else "")
        return self.ref


Whose: TypeAlias = tuple[Project | None, BranchScope | None]
"""A project and one of its branches, each None where it is not known."""


class Known(StrEnum):
    """How an owner is known, the surest first."""

    MOUNT_ID = "mount id"
    NAMED = "named"
    """A step of one of its builds is the one that the record names."""
    WINDOW = "window"
    """Of the builds whose steps the record names, one of its own was under way at the time."""


@dataclass(frozen=True, slots=True)
class Owner:
    """A project and one of its branches that something belongs to.

    Without a branch it is of a build on none, or on one that is not known; without a project it is of a build of which
    nothing is known.
    """

    project: Project | None
    branch: BranchScope | None
    known: Known

    def __str__(self) -> str:
        """Return what a plan calls it."""
        project = self.project.name if self.project else "an unknown project"
        return f"{self.branch.short if self.branch else 'an unknown branch'} of {project}"


def restorable(
    own: BranchScope, *, base: BranchScope | None = None, default: BranchScope | None = None
) -> tuple[BranchScope, ...]:
    """Return the scopes a run may restore from, in GitHub's order: its own, its base, the default; never a sibling."""
    return tuple(dict.fromkeys(scope for scope in (own, base, default) if scope))


def at_hand_first(found: Iterable[Whose], at_hand: Whose, records: Mapping[Whose, int]) -> list[Whose]:
    """Return branches as a list offers them: the checked-out one, the others of its project, then project by project.

    Projects, and branches in each, that have records come before those that have none; unknown ones come last.
    """
    having = {project for (project, _), count in records.items() if count}

    def place(one: Whose) -> tuple[bool | Project | BranchScope, ...]:
        project, branch = one
        return (
            one != at_hand,
            project is None,
            project != at_hand[0],
            project not in having,
            project or Project(""),
            not records.get(one),
            branch is None,
            branch or BranchScope(""),
        )

    return sorted(found, key=place)


@dataclass(frozen=True, slots=True)
class ScopeFilter:
    """The app's global branch filter: nothing picked shows everything, else what `scopes` lets through.

    `projects` are those whose branch is meant, several when they share a name; none means that of any project.
    """

    picked: BranchScope | None = None
    restorable: bool = False
    base: BranchScope | None = None
    default: BranchScope | None = None
    projects: tuple[Project, ...] = ()
    elsewhere: bool = False
    """Whether the things that are asked, of which only the branch is known, are of another project."""

    @property
    def empty(self) -> bool:
        """Tell whether it lets everything through."""
        return self.picked is None and not self.projects

    @property
    def scopes(self) -> tuple[BranchScope, ...]:
        """Return the scopes let through, first choice first; empty when nothing is picked."""
        if self.picked is None:
            return ()
        return restorable(self.picked, base=self.base, default=self.default) if self.restorable else (self.picked,)

    def admits(self, branches: tuple[BranchScope, ...]) -> bool:
        """Tell whether a thing of these branches passes; a thing of unknown branch passes only an empty filter."""
        return self.picked is None or (not self.elsewhere and any(branch in self.scopes for branch in branches))

    def takes(self, project: Project | None, branch: BranchScope | None) -> bool:
        """Tell whether a branch of a project is asked for, as by an empty filter all are."""
        if self.projects and not (project and any(map(project.may_be, self.projects))):
            return False
        return self.picked is None or branch in self.scopes

    def admits_owners(self, owners: Iterable[Owner]) -> bool:
        """Tell whether a thing of these owners passes; a thing of no known owner passes only an empty filter."""
        return self.empty or any(self.takes(owner.project, owner.branch) for owner in owners)

    def __str__(self) -> str:
        """Return what the header shows."""
        if self.picked is None:
            return "all branches"
        return f"{self.picked.short} + restorable" if self.restorable else self.picked.short
