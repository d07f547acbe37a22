"""Actions caches as the table people read, and the columns they are sorted by."""

from collections.abc import Callable, Sequence

from dockcache_tui.cli.output import Row, print_table
from dockcache_tui.core import wording
from dockcache_tui.core.actions_cache.entry import CacheEntry
from dockcache_tui.core.actions_cache.snapshot import ActionsSnapshot
from dockcache_tui.core.instant import Instant

Key = Callable[[CacheEntry], int | str | None]

COLUMNS: dict[str, Key] = {
    "id": lambda one: one.id,
    "ref": lambda one: one.cache.ref,
    "key": lambda one: one.cache.key,
    "version": lambda one: one.cache.version,
    "size_in_bytes": lambda one: one.cache.size,
    "created_at": lambda one: one.cache.created_at.ns,
    "last_accessed_at": lambda one: one.cache.last_accessed_at.ns,
    "kind": lambda one: one.decoded.kind.value,
    "scope": lambda one: one.decoded.scope,
    "generation": lambda one: one.decoded.generation,
    "digest": lambda one: one.decoded.digest,
    "expires_at": lambda one: one.expires_at.ns,
    "family": lambda one: one.decoded.family.value,
    "state": lambda one: one.state.value,
    "merged": lambda one: one.merged,
    "superseded": lambda one: one.superseded,
    "orphan": lambda one: one.orphan,
    "signed": lambda one: one.decoded.signed,
    "misplaced": lambda one: one.misplaced,
    "copies": lambda one: len(one.copies),
    "layers": lambda one: one.index.count if one.index else None,
    "layers_size_in_bytes": lambda one: one.index.size if one.index else None,
    "holes": lambda one: one.holes if one.index else None,
    "scopes": lambda one: len(one.scopes),
}
"""The fields of docs/json-caches.md in their order, each with what it is sorted by."""


def totals(found: Sequence[CacheEntry], snapshot: ActionsSnapshot) -> Row:
    """Return the sums of what was found, and the repository's usage and limits; null where GitHub does not tell."""
    usage, limits = snapshot.usage, snapshot.limits
    return {
        "count": len(found),
        "size_in_bytes": sum(one.cache.size for one in found),
        "repository_count": len(snapshot.caches),
        "repository_size_in_bytes": snapshot.listed.size,
        "usage_count": usage.count if usage else None,
        "usage_size_in_bytes": usage.size if usage else None,
        "limit_in_bytes": limits.size if limits.size_known else None,
        "retention_days": limits.retention_days if limits.retention_known else None,
    }


def ordered(found: Sequence[CacheEntry], sort: str) -> list[CacheEntry]:
    """Order by a column (descending with `-`), equal ones by id; what has no value comes last either way."""
    key = COLUMNS[sort.removeprefix("-")]
    by_id = sorted(found, key=lambda one: one.id)
    keyed = [(value, one) for one in by_id if (value := key(one)) is not None]
    keyed.sort(key=lambda pair: pair[0], reverse=sort.startswith("-"))
    return [one for _, one in keyed] + [one for one in by_id if key(one) is None]


def print_caches(found: Sequence[CacheEntry], now: Instant) -> None:
    """Print the table people read."""
    rows = [
        (
            str(one.id),
            one.branch.short,
            one.decoded.kind.value if one.decoded.kind.value != "other" else one.decoded.family.value,
            wording.size(one.cache.size),
            wording.age(one.cache.created_at, now),
            wording.age(one.cache.last_accessed_at, now),
            wording.span(max(0.0, one.expires_at.seconds_since(now))),
            remarks(one),
            one.cache.key,
        )
        for one in found
    ]
    head = ("ID", "BRANCH", "KIND", "SIZE", "CREATED", "USED", "LEFT", "STATE", "KEY")
    print_table(head, rows, right=("ID", "SIZE", "CREATED", "USED", "LEFT"))


def remarks(entry: CacheEntry) -> str:
    """Return what is special about an entry, in words."""
    marks = (
        (entry.state.value, entry.dead),
        ("merged", entry.merged),
        ("superseded", entry.superseded),
        ("orphan", entry.orphan is True),
        ("of another ref", entry.misplaced),
        (entry.damage, bool(entry.damage)),
        (f"shared by {', '.join(entry.scopes)}", len(entry.scopes) > 1),
        (f"on {wording.count(len(entry.copies), 'other ref')}", bool(entry.copies)),
    )
    return ", ".join(word for word, holds in marks if holds) or "–"


def usage_line(snapshot: ActionsSnapshot) -> str:
    """Return the repository's usage beside its limit, by the list and by GitHub's own figure."""
    listed, limits = snapshot.listed, snapshot.limits
    usual = "" if limits.size_known else " (GitHub's default)"
    said = f"; GitHub's own figure is {wording.size(snapshot.usage.size)}" if snapshot.usage else ""
    used = f"{wording.exact_size(listed.size)} of {wording.size(limits.size)}{usual}"
    return f"{snapshot.repo} keeps {wording.count(listed.count, 'cache')}, {used}{said}."
