"""Whether the branch or pull request an entry belongs to is still there, and what its runs may restore."""

import re
from dataclasses import dataclass, field
from enum import StrEnum

from dockcache_tui.core.caches.cache import ActionsSnapshot, Branch, Pull
from dockcache_tui.core.scope import BranchScope, restorable

_PULL = re.compile(r"refs/pull/([0-9]{1,18})/merge")
_BRANCH = "refs/heads/"


class RefState(StrEnum):
    """What became of a ref."""

    LIVE = "live"
    DELETED = "branch deleted"
    CLOSED = "pull request closed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Refs:
    """The refs of a snapshot, ready to be asked; make it with `of`."""

    default: BranchScope | None
    branches: dict[str, Branch] | None
    pulls: dict[int, Pull] | None
    merged: dict[str, set[str]] = field(default_factory=dict)
    """The head commits of merged pull requests, by the branch in this repository they came from."""

    @classmethod
    def of(cls, snapshot: ActionsSnapshot) -> "Refs":
        """Index a snapshot's branches and pull requests."""
        branches = None if snapshot.branches is None else {one.scope.ref: one for one in snapshot.branches}
        pulls = None if snapshot.pulls is None else {one.number: one for one in snapshot.pulls}
        merged: dict[str, set[str]] = {}
        for pull in snapshot.pulls or ():
            # A fork's branch may be named as one of ours.
            if pull.merged and pull.own:
                merged.setdefault(_BRANCH + pull.head, set()).add(pull.head_sha)
        return cls(snapshot.default, branches, pulls, merged)

    def state(self, scope: BranchScope) -> RefState:
        """Return what became of a ref; of a tag that is not known."""
        if match := _PULL.fullmatch(scope.ref):
            if self.pulls is None:
                return RefState.UNKNOWN
            pull = self.pulls.get(int(match[1]))
            return RefState.LIVE if pull and pull.is_open else RefState.CLOSED
        if not scope.ref.startswith(_BRANCH) or self.branches is None:
            return RefState.UNKNOWN
        return RefState.LIVE if scope.ref in self.branches else RefState.DELETED

    def is_merged(self, scope: BranchScope) -> bool:
        """Tell whether a branch was merged by a pull request and, if it is still there, has nothing new since."""
        commits = self.merged.get(scope.ref)
        if commits is None or self.branches is None or scope == self.default:
            return False
        branch = self.branches.get(scope.ref)
        return branch is None or (branch.sha in commits and not branch.protected)

    def base(self, scope: BranchScope) -> BranchScope | None:
        """Return a pull request's base; None for anything else, or where it is not known."""
        match = _PULL.fullmatch(scope.ref)
        pull = (self.pulls or {}).get(int(match[1])) if match else None
        return BranchScope(_BRANCH + pull.base) if pull and pull.base else None

    def restorable(self, scope: BranchScope) -> tuple[BranchScope, ...]:
        """Return the scopes a run on a ref may restore, in GitHub's order."""
        return restorable(scope, base=self.base(scope), default=self.default)

    def may_read(self, reader: BranchScope, owner: BranchScope) -> bool:
        """Tell whether a run on one ref may restore another's entries; where that is not known, it may."""
        if owner in self.restorable(reader):
            return True
        unsure = self.default is None or (_PULL.fullmatch(reader.ref) is not None and self.base(reader) is None)
        return unsure and owner.ref.startswith(_BRANCH)
