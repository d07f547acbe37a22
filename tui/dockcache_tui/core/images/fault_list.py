"""Faults as they are found: the first hundred, and how many more there were."""

from collections.abc import Iterator

from dockcache_tui.core.images.archive import Fault

MOST_FAULTS = 100


class FaultList:
    """Keeps the first faults of what may be a million."""

    def __init__(self) -> None:
        """Begin with none."""
        self._kept: dict[Fault, None] = {}
        self._more = 0

    def add(self, fault: Fault) -> None:
        """Keep or count one; one that was kept before is not told twice."""
        if fault in self._kept:
            return
        if len(self._kept) < MOST_FAULTS:
            self._kept[fault] = None
        else:
            self._more += 1

    def __iter__(self) -> Iterator[Fault]:
        return iter(self.all())

    def all(self) -> tuple[Fault, ...]:
        """Return what was kept, and a last one that tells of the rest."""
        more = (Fault(f"and {self._more:,} more faults like these"),) if self._more else ()
        return (*self._kept, *more)
