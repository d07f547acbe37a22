"""The policy of a builder's garbage collection: its rules, in the order in which they act."""

from dataclasses import dataclass

from dockcache_tui.core import wording

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a policy, or one prune with its options, in bytes and seconds; 0 is no such condition."""

    all: bool = False
    keep_duration: float = 0
    reserved: int = 0
    max_used: int = 0
    min_free: int = 0
    filters: tuple[str, ...] = ()

    @property
    def limit(self) -> int:
        """Return the bytes that it leaves when enough disk is free; 0 where it has no limit of its own."""
        return max(self.max_used, self.reserved) if self.max_used or not self.min_free else 0

    def keep(self, total: int, free: int | None) -> int | None:
        """Return below which bytes it stops, or None when it takes all that match; unknown free disk is enough."""
        if not (self.max_used or self.reserved or self.min_free):
            return None
        keep = self.max_used
        if free is not None and free < self.min_free:
            least = total - (self.min_free - free)
            keep = min(keep, least) if keep else least
        elif self.min_free and not keep:
            keep = total
        return max(keep, self.reserved) or None

    def __str__(self) -> str:
        """Return it in words."""
        what = " or ".join(self.filters) or "anything"
        also = ", also what is internal or shared" if self.all else ""
        unused = f" unused for {_span(self.keep_duration)}" if self.keep_duration else ""
        conditions = []
        if self.limit:
            conditions.append(f"the cache holds {wording.size(self.limit)} or more")
        if self.min_free:
            conditions.append(f"less than {wording.size(self.min_free)} of the disk is free")
        when = f" while {' or '.join(conditions)}" if conditions else ""
        floor = f", down to {wording.size(self.reserved)}" if self.reserved and self.limit != self.reserved else ""
        return f"{what}{also}{unused}{when}{floor}"


def _span(seconds: float) -> str:
    return wording.count(round(seconds / _DAY), "day") if seconds >= _DAY else wording.span(seconds)
