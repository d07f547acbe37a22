"""Projects, branch scopes within them, what each may restore, and the checkout that something was made in."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

_REPO = re.compile(r"[\w.-]{1,100}/[\w.-]{1,100}", re.ASCII)
_SHORT = (("refs/heads/", ""), ("refs/tags/", "tag "), ("refs/pull/", "#"))


@dataclass(frozen=True, slots=True, order=True)
class Project:
    """A git repository on this machine, or a folder outside of any; `repo` is its `owner/name` on GitHub, if any.

    `id` is the repository's common folder without its `.git`, the same for all its worktrees; of a repository that is
    known by its name only, as that of a build on another machine, it is the name. Two clones are two projects, and so
    are repositories of two names that were in one folder, one after the other.
    """

    id: str
    repo: str = ""

    @property
    def name(self) -> str:
        """Return what people and JSON know it by: `owner/name`, else the folder's path."""
        return self.repo or self.id

    @property
    def short(self) -> str:
        """Return the last word of its name, for narrow places."""
        return self.name.rstrip("/").rpartition("/")[2] or self.name

    def may_be(self, other: "Project") -> bool:
        """Tell whether both are one as far as is known: of one of them the name may not have been known."""
        return self.id == other.id and (self.repo.casefold() == other.repo.casefold() or not (self.repo and other.repo))

    def called(self, name: str) -> bool:
        """Tell whether this is a name of it: `owner/name` in any case, or the folder's path."""
        return bool(name) and (name == self.id or name.casefold() == self.repo.casefold())


def told_apart(projects: Iterable[Project]) -> dict[Project, str]:
    """Return for each project the shortest end of its name that no other's has; clones of one go by their folders."""
    names = Counter(one.name for one in set(projects))
    whole = {one: one.name if names[one.name] == 1 else one.id for one in set(projects)}
    found = {}
    for one, text in whole.items():
        ends = (_end(text, parts) for parts in range(1, text.count("/") + 1))
        others = [other for other in whole.values() if other != text]
        found[one] = next((end for end in ends if not any(f"/{other}".endswith(f"/{end}") for other in others)), text)
    return found


def _end(text: str, parts: int) -> str:
    return "/".join(text.split("/")[-parts:])


def is_repo(name: str) -> bool:
    """Tell whether a text can be the `owner/name` of a repository on GitHub."""
    return bool(_REPO.fullmatch(name)) and not {".", ".."} & set(name.split("/"))


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
        """Tell whether a branch of a project passes; an empty filter lets every one through."""
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


@dataclass(frozen=True, slots=True)
class Checkout:
    """A folder and what git says of it; all but `path` are empty outside a repository."""

    path: str
    repo: str = ""
    """`owner/name` of the remote, empty when there is none."""
    branch: BranchScope | None = None
    """None on a detached HEAD that nothing names."""
    default: BranchScope | None = None
    revision: str = ""
    dirty: bool = False
    project: Project | None = None
    """None where nobody asked."""
