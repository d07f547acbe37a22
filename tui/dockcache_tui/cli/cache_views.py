"""`caches forecast` and `caches restore`."""

from dockcache_tui.cli.cache_rows import usage_line
from dockcache_tui.cli.output import narrate, print_document, print_table
from dockcache_tui.core import wording
from dockcache_tui.core.actions_cache.reading import CachesReading
from dockcache_tui.core.actions_cache.restoring import Restoration
from dockcache_tui.core.scope import BranchScope, restorable

_BAR = 20


def print_forecast(reading: CachesReading, limit: int, *, as_json: bool) -> None:
    """Print the next victims at the rate of saving of the last week, and what is left after each."""
    snapshot = reading.snapshot
    now, found = snapshot.fetched_at, reading.forecast
    shown = found.victims[:limit]
    # The second of a victim's two points is what is left without it.
    left = [point.size for point in found.points[2::2]]
    if as_json:
        items = [
            {
                "id": one.cache.id,
                "ref": one.cache.ref,
                "key": one.cache.key,
                "size_in_bytes": one.cache.size,
                "evicted_at": str(one.at),
                "cause": one.cause.value,
                "room_in_bytes": one.room,
                "left_in_bytes": after,
            }
            for one, after in zip(shown, left, strict=False)
        ]
        sums = {"count": len(found.victims), "size_in_bytes": snapshot.listed.size, "saved_per_second": found.rate}
        print_document(items, sums)
        return
    rows = [
        (
            wording.span(max(0.0, one.at.seconds_since(now))),
            one.cause.value,
            str(one.cache.id),
            one.cache.branch.short,
            wording.size(one.cache.size),
            wording.bar(after / max(1, snapshot.limits.size), _BAR) + "│",
            one.cache.key,
        )
        for one, after in zip(shown, left, strict=False)
    ]
    print_table(("IN", "WHY", "ID", "BRANCH", "SIZE", "LEFT OF THE LIMIT", "KEY"), rows, right=("IN", "ID", "SIZE"))
    narrate(usage_line(snapshot))
    narrate(f"Lately {wording.size(round(found.rate * 86_400))} were saved a day.")


def scopes_of(reading: CachesReading, branch: str, base: str) -> tuple[BranchScope, ...]:
    """Return the scopes a run on a branch may restore, in GitHub's order."""
    scope = BranchScope.of(branch)
    if base:
        return restorable(scope, base=BranchScope.of(base), default=reading.snapshot.default)
    return reading.refs.restorable(scope)


def print_restoration(found: Restoration, *, as_json: bool) -> None:
    """Print what is restored, and why each other entry is not; those nearest to it first."""
    if as_json:
        items = [
            {
                "id": one.cache.id,
                "ref": one.cache.ref,
                "key": one.cache.key,
                "version": one.cache.version,
                "created_at": str(one.cache.created_at),
                "hit": one is found.hit,
                "matched": one.matched or None,
                "exact": one.exact,
                "why": one.verdict.value,
            }
            for one in found.candidates
        ]
        hit = found.hit.cache.id if found.hit else None
        print_document(items, {"count": len(items), "hit": hit, "refs": [scope.ref for scope in found.scopes]})
        return
    rows = [
        (str(one.cache.id), one.cache.branch.short, one.verdict.value, one.matched or "–", one.cache.key)
        for one in found.candidates
    ]
    print_table(("ID", "BRANCH", "WHY", "MATCHED", "KEY"), rows, right=("ID",))
    narrate(f"Tried in this order: {', '.join(scope.short for scope in found.scopes)}.")
    narrate(f"It restores {found.hit.cache.id}." if found.hit else "It restores nothing.")
