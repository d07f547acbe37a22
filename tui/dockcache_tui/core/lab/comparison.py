"""One run of the lab beside another."""

from collections.abc import Iterable
from dataclasses import dataclass

from dockcache_tui.core.lab.experiment import Situation
from dockcache_tui.core.lab.summary import LabRow


@dataclass(frozen=True, slots=True)
class LabChange:
    """One experiment in one situation in two runs; `times` is the new total by the old one."""

    experiment: str
    situation: Situation
    now: LabRow
    before: LabRow

    @property
    def times(self) -> float | None:
        """Return the new total by the old one; None where the old one is nothing."""
        return self.now.total.median / self.before.total.median if self.before.total.median else None

    @property
    def is_beyond_spread(self) -> bool:
        """Tell whether the totals of the two runs don't overlap."""
        return self.now.total.low > self.before.total.high or self.now.total.high < self.before.total.low


def compare(now: Iterable[LabRow], before: Iterable[LabRow]) -> tuple[LabChange, ...]:
    """Return what both runs measured, in the order of the newer one."""
    earlier = {(row.experiment, row.situation): row for row in before}
    return tuple(
        LabChange(row.experiment, row.situation, row, earlier[row.experiment, row.situation])
        for row in now
        if (row.experiment, row.situation) in earlier
    )
