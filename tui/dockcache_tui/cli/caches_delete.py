"""`caches delete`: what is chosen, the plan, the outcome, and how they compare."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dockcache_tui.cli.account import exit_code, printed, tell_unaudited
from dockcache_tui.cli.cache_reading import read_whole
from dockcache_tui.cli.output import narrate, print_document, print_table
from dockcache_tui.cli.waiting import each_here
from dockcache_tui.core import wording
from dockcache_tui.core.caches.deleting import (
    DeleteComparison,
    DeletePlan,
    Deletion,
    Fate,
    compare,
    plan_delete,
)
from dockcache_tui.core.caches.entry import CacheEntry
from dockcache_tui.core.caches.fields import CACHE_FIELDS
from dockcache_tui.core.caches.presets import Preset, preset
from dockcache_tui.core.caches.reading import CachesReading
from dockcache_tui.core.caches.snapshot import ActionsSnapshot
from dockcache_tui.core.errors import DockcacheError, ExitCode, SourceError, UsageError
from dockcache_tui.core.field import json_row
from dockcache_tui.core.filter.units import nanoseconds

if TYPE_CHECKING:
    from dockcache_tui.sources.github.protocol import ActionsSource


@dataclass(frozen=True, slots=True)
class Choice:
    """Which entries are to go: those named by id, or those that one of the presets chooses."""

    ids: tuple[int, ...]
    presets: tuple[Preset, ...]
    older_than_ns: int

    @classmethod
    def of(cls, ids: Iterable[int], presets: Iterable[str], older_than: str) -> "Choice":
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
                narrate(f"Of {wording.count(unsure, 'blob')} an unread index may need it: --indexes tells, in a job.")
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
    if not yes:
        _show(plan, by_id, None, as_json=as_json)
        narrate(f"Would delete {wording.count(len(plan.caches), 'cache')}, {wording.exact_size(plan.bytes)}.")
        narrate("Nothing was changed: --yes deletes.")
        if reading.snapshot.read_only:
            narrate(f"It could not be: {reading.snapshot.read_only}.")
        return ExitCode.OK
    if plan.caches and reading.snapshot.read_only:
        raise SourceError(reading.snapshot.read_only, title="Nothing can be deleted")
    done: list[Deletion] = []
    interrupted, after = False, None
    try:
        for deletion in each_here(source.host, source.delete(plan)):
            done.append(deletion)
            narrate(f"{deletion.fate.value}: {deletion.cache.id} {deletion.cache.key}")
        after = _read_again(source) if plan.caches else reading.snapshot
    except KeyboardInterrupt:
        interrupted = True
    comparison = compare(plan, done, after.caches if after else None)
    written = printed(lambda: _show(plan, by_id, done, as_json=as_json))
    _tell(comparison)
    sure = after is not None and not after.partial and not reading.snapshot.partial
    whole = comparison.agrees and not comparison.unaudited and written and sure
    return exit_code(interrupted=interrupted, untried=comparison.untried, whole=whole)


def _read_again(source: "ActionsSource") -> ActionsSnapshot | None:
    try:
        return read_whole(source)
    except DockcacheError as error:
        narrate(f"The list can't be read again: {error}")
        return None


def _show(plan: DeletePlan, by_id: dict[int, CacheEntry], done: Sequence[Deletion] | None, *, as_json: bool) -> None:
    """Print every chosen entry with what happens to it, in the order of the deleting."""
    fates = {one.cache.id: one for one in done or ()}
    outcomes = [(one, fates.get(one.id, Deletion(one, Fate.NOT_TRIED))) for one in plan.caches]
    if as_json:
        items = [
            {
                **json_row(CACHE_FIELDS, by_id[cache.id]),
                "outcome": None if done is None else one.fate.value,
                "detail": one.detail,
            }
            for cache, one in outcomes
        ]
        comparison = None if done is None else compare(plan, done)
        print_document(
            items,
            {
                "count": len(plan.caches),
                "size_in_bytes": plan.bytes,
                "deleted": comparison.deleted if comparison else None,
                "freed": comparison.freed if comparison else None,
                "audited": not comparison.unaudited if comparison else None,
            },
        )
        return
    rows = [
        (
            str(cache.id),
            cache.branch.short,
            wording.size(cache.size),
            "delete" if done is None else ": ".join(filter(None, (one.fate.value, one.detail))),
            cache.key,
        )
        for cache, one in outcomes
    ]
    print_table(("ID", "BRANCH", "SIZE", "ACTION", "KEY"), rows, right=("ID", "SIZE"))


def _tell(comparison: DeleteComparison) -> None:
    narrate(f"Deleted {wording.count(comparison.deleted, 'cache')}, {wording.exact_size(comparison.freed)}.")
    if comparison.agrees:
        narrate("Exactly as planned.")
    for one in comparison.differences:
        narrate(f"{one.cache.id}: {one.fate.value}{f' ({one.detail})' if one.detail else ''}")
    for id_ in comparison.lingering:
        narrate(f"{id_}: deleted, and listed still")
    tell_unaudited(comparison.unaudited)
