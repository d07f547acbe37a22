"""Branch scopes: whose a thing is, and what a run of a branch may restore."""

from dataclasses import dataclass

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


def restorable(
    own: BranchScope, *, base: BranchScope | None = None, default: BranchScope | None = None
) -> tuple[BranchScope, ...]:
    """Return the scopes a run may restore from, in GitHub's order: its own, its base, the default; never a sibling."""
    return tuple(dict.fromkeys(scope for scope in (own, base, default) if scope))


@dataclass(frozen=True, slots=True)
class ScopeFilter:
    """The app's global branch filter: nothing picked shows everything, else what `scopes` lets through."""

    picked: BranchScope | None = None
    restorable: bool = False
    base: BranchScope | None = None
    default: BranchScope | None = None

    @property
    def scopes(self) -> tuple[BranchScope, ...]:
        """Return the scopes let through, first choice first; empty when nothing is picked."""
        if self.picked is None:
            return ()
        return restorable(self.picked, base=self.base, default=self.default) if self.restorable else (self.picked,)

    def admits(self, branches: tuple[BranchScope, ...]) -> bool:
        """Tell whether a thing of these branches passes; a thing of unknown branch passes only an empty filter."""
        return self.picked is None or any(branch in self.scopes for branch in branches)

    def __str__(self) -> str:
        """Return what the header shows."""
        if self.picked is None:
            return "all branches"
        return f"{self.picked.short} + restorable" if self.restorable else self.picked.short
