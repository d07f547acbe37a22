"""Projects: what a branch's name is told apart by."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

_REPO = re.compile(r"[\w.-]{1,100}/[\w.-]{1,100}", re.ASCII)


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
    """Return of each the shortest end of its name, of clones of their folders, that no other's ends in."""
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
