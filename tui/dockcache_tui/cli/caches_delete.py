"""`caches delete`: what is chosen, the plan, the outcome, and how they compare."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dockcache_tui.cli.cache_reading import read_whole
from dockcache_tui.cli.deletion import After, Delete, DeleteWords
from dockcache_tui.cli.output import narrate
from dockcache_tui.core import wording
from dockcache_tui.core.caches.cache import ActionsCache, ActionsSnapshot
from dockcache_tui.core.caches.deletion import Preset, plan_delete, preset
from dockcache_tui.core.caches.fields import CACHE_FIELDS
from dockcache_tui.core.caches.reading import CacheEntry, CachesReading
from dockcache_tui.core.errors import DockcacheError, ExitCode, UsageError
from dockcache_tui.core.field import json_row
from dockcache_tui.core.filter.units import nanoseconds

if TYPE_CHECKING:
    from dockcache_tui.sources.github.protocol import ActionsSource


@dataclass(frozen=True, slots=True)
class ChosenCaches:
    """Which entries are to go: those named by id, or those that one of the presets chooses."""

    ids: tuple[int, ...]
    presets: tuple[Preset, ...]
    older_than_ns: int

    @classmethod
    def of(cls, ids: Iterable[int], presets: Iterable[str], older_than: str) -> "ChosenCaches":
        """Read the options; an age alone is its preset; raises UsageError."""
        names = dict.fromkeys(map(Preset, presets))
        age = nanoseconds(older_than) if older_than else None
        if older_than and age is None:
            raise UsageError(f"{older_than!r} is no age", hint="An age is such as 7d or 1d12h.")
        if age is None and Preset.OLDER in names:
            raise UsageError("older than what?", hint="Give --older-than AGE, such as 7d.")
        if age is not None:
            names[Preset.OLDER] = None
        return cls(tuple(ids), tuple(names), age or 0)

    def among(self, entries: Sequence[CacheEntry], reading: CachesReading) -> Sequence[CacheEntry]:
        """Return those of these entries that are chosen; raises UsageError for an id that is not among them."""
        if self.presets:
            now = reading.snapshot.fetched_at
            picked = {one.id for name in self.presets for one in preset(entries, name, now, self.older_than_ns)}
            unsure = sum(one.orphan is None for one in entries) if Preset.ORPHANED in self.presets else 0
            if unsure:
                blobs = wording.count(unsure, "blob")
                narrate(f"{blobs} may be needed by an index that was not read: --indexes reads it in a job.")
            entries = [one for one in entries if one.id in picked]
            if not entries:
                names = ", ".join(self.presets)
                raise UsageError(f"{names} chooses no cache", hint="See `dockcache-tui caches`.")
        unknown = set(self.ids) - {one.id for one in entries}
        if unknown:
            named = ", ".join(map(str, sorted(unknown)))
            raise UsageError(f"there is no such cache: {named}", hint="See `dockcache-tui caches`.")
        return [one for one in entries if one.id in self.ids] if self.ids else entries


def delete_caches(
    source: "ActionsSource", reading: CachesReading, entries: Sequence[CacheEntry], *, yes: bool, as_json: bool
) -> ExitCode:
    """Show the plan, and with `yes` carry it out and tell what came of it."""
    plan = plan_delete(reading.snapshot.repo, (one.cache for one in entries))
    by_id = {one.id: one for one in entries}

    def read_again() -> After[ActionsCache]:
        after = _read_again(source) if plan.things else reading.snapshot
        sure = after is not None and not after.partial and not reading.snapshot.partial
        return After(after.caches if after else None, whole=sure)

    words: DeleteWords[ActionsCache] = DeleteWords(
        "cache",
        "KEY",
        lambda one: one.key,
        lambda one: one.branch.short,
        lambda one: json_row(CACHE_FIELDS, by_id[one.id]),
    )
    refused = reading.snapshot.read_only
    delete = Delete(source.host, plan, words, lambda: source.delete(plan), refused, read_again)
    return delete.run(yes=yes, as_json=as_json)


def _read_again(source: "ActionsSource") -> ActionsSnapshot | None:
    try:
        return read_whole(source)
    except DockcacheError as error:
        narrate(f"The list can't be read again: {error}")
        return None
