"""The marked rows, by key."""

from collections.abc import Container, Hashable, Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Marks:
    """Marked keys, and where an open range began with what was marked before it."""

    keys: frozenset[Hashable] = frozenset()
    anchor: Hashable | None = None
    before: frozenset[Hashable] = frozenset()

    def toggled(self, key: Hashable) -> "Marks":
        """Mark a key, or unmark it; an open range ends."""
        return Marks(self.keys ^ {key})

    def begun(self, key: Hashable) -> "Marks":
        """Open a range at a key."""
        return Marks(self.keys | {key}, key, self.keys)

    def spanning(self, keys: Iterable[Hashable]) -> "Marks":
        """Let the open range be these keys."""
        return replace(self, keys=self.before.union(keys))

    def ended(self) -> "Marks":
        """Close the range and keep its marks."""
        return Marks(self.keys)

    def within(self, known: Container[Hashable]) -> "Marks":
        """Forget the keys that are no more."""
        kept = frozenset(key for key in self.keys if key in known)
        if self.anchor not in known:
            return Marks(kept)
        return replace(self, keys=kept, before=self.before & kept)
