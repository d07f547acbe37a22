"""`caches forecast` and `caches restore`: what GitHub evicts next, and what a job would restore."""

import click

from dockcache_tui.cli.cache_reading import opened, read, usage_line
from dockcache_tui.cli.listing import (
    REPO,
    json_option,
)
from dockcache_tui.cli.output import narrate, print_document, print_table
from dockcache_tui.core import wording
from dockcache_tui.core.caches.reading import CachesReading
from dockcache_tui.core.caches.restoration import Restoration
from dockcache_tui.core.errors import ExitCode
from dockcache_tui.core.scope import BranchScope, restorable

_BAR = 20
_JSON = json_option("json-caches.md")


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
    narrate(f"About {wording.size(round(found.rate * 86_400))} a day were saved lately.")


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


@click.command()
@REPO
@click.option("--limit", default=20, show_default=True, metavar="N", type=click.IntRange(1), help="How many to show.")
@_JSON
def forecast(repo: str, limit: int, as_json: bool) -> int:
    """Show which caches GitHub evicts next, and when.

    Assumes that nobody reads a cache, and that as much is saved as in the last week.
    """
    with opened(repo) as source:
        reading = read(source)
    print_forecast(reading, limit, as_json=as_json)
    return int(ExitCode.FAILED if reading.snapshot.partial else ExitCode.OK)


@click.command()
@click.argument("key")
@click.argument("restore_keys", nargs=-1, metavar="[RESTORE_KEY]...")
@REPO
@click.option("--branch", required=True, metavar="REF", help="The branch, pull request or tag that the job runs on.")
@click.option("--base", default="", metavar="REF", help="The base of the pull request; by default GitHub is asked.")
@click.option(
    "--version", default="", metavar="HASH", help="Only this version, which is a hash of paths and compression."
)
@_JSON
def restore(
    *, key: str, restore_keys: tuple[str, ...], repo: str, branch: str, base: str, version: str, as_json: bool
) -> int:
    """Show which cache a job would restore, and why not the others.

    KEY and the restore keys are those of the job's actions/cache step.
    """
    from dockcache_tui.core.caches.restoration import restore as look_up

    with opened(repo) as source:
        reading = read(source)
    found = look_up(
        reading.snapshot.caches, scopes_of(reading, branch, base), key, restore_keys, version=version or None
    )
    print_restoration(found, as_json=as_json)
    return int(ExitCode.OK)
