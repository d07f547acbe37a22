"""Ready-made choices of what to clean."""

from collections.abc import Callable, Iterable
from enum import StrEnum

from dockcache_tui.core.caches.entry import CacheEntry
from dockcache_tui.core.caches.liveness import RefState
from dockcache_tui.core.instant import Instant


class Preset(StrEnum):
    """A choice by name; `older-than` asks for an age since the last access."""

    MERGED = "merged-branches"
    DELETED = "deleted-branches"
    CLOSED = "closed-pulls"
    SUPERSEDED = "superseded"
    ORPHANED = "orphaned"
    OLDER = "older-than"


_TESTS: dict[Preset, Callable[[CacheEntry], bool]] = {
    Preset.MERGED: lambda entry: entry.merged,
    Preset.DELETED: lambda entry: entry.state is RefState.DELETED,
    Preset.CLOSED: lambda entry: entry.state is RefState.CLOSED,
    Preset.SUPERSEDED: lambda entry: entry.superseded,
    Preset.ORPHANED: lambda entry: entry.orphan is True,
}


def preset(
    entries: Iterable[CacheEntry], chosen: Preset, now: Instant, older_than_ns: int = 0
) -> tuple[CacheEntry, ...]:
    """Return the entries a preset chooses; what is not surely so is left out."""
    if chosen is Preset.OLDER:
        return tuple(one for one in entries if one.cache.last_accessed_at.ns < now.ns - older_than_ns)
    return tuple(filter(_TESTS[chosen], entries))
