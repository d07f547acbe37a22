"""`dockcache-tui caches` and its commands."""

from collections.abc import Sequence

import click
from click.core import ParameterSource

from dockcache_tui.cli.cache_reading import chosen, opened, read, tell_wait
from dockcache_tui.cli.listing import (
    BRANCH,
    FILTER,
    REPO,
    Cells,
    ListRequest,
    expect_some,
    json_option,
    list_options,
    print_fields,
    print_listing,
    scope_of,
)
from dockcache_tui.cli.output import Row, narrate, print_document, print_table
from dockcache_tui.cli.waiting import wait_for
from dockcache_tui.core import wording
from dockcache_tui.core.caches.cache import ActionsSnapshot, RepositoryUsage
from dockcache_tui.core.caches.deletion import Preset
from dockcache_tui.core.caches.fields import CACHE_FIELDS, REPOSITORY_FIELDS
from dockcache_tui.core.caches.keys import CacheKind
from dockcache_tui.core.caches.reading import CacheEntry, CachesReading
from dockcache_tui.core.caches.restoration import Restoration
from dockcache_tui.core.errors import ExitCode, UsageError
from dockcache_tui.core.filter import parse
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.scope import BranchScope, restorable


def print_usage(organisation: str, expression: str, *, as_json: bool, as_csv: bool) -> ExitCode:
    """List the repositories that pass a filter, biggest first; raises SourceError, FilterError."""
    from dockcache_tui.sources.github.source import read_usage

    passes = parse(expression, REPOSITORY_FIELDS).compile(Instant.now())
    usage = wait_for("GitHub", lambda: read_usage(organisation, on_wait=tell_wait))
    found = [one for one in usage if passes(one)]
    whole = sum(one.size for one in found)
    sums: Row = {"count": sum(one.count for one in found), "size_in_bytes": whole}
    print_listing(REPOSITORY_FIELDS, found, sums, _print_usage, as_json=as_json, as_csv=as_csv)
    if not as_json and not as_csv:
        many = wording.count(len(found), "repository", "repositories")
        narrate(f"{many}, {wording.exact_size(whole)}; `caches --repo` lists one's caches.")
    return ExitCode.OK


def _print_usage(found: Sequence[RepositoryUsage]) -> None:
    cells: Cells[RepositoryUsage] = {"REPOSITORY": "repo", "CACHES": "count", "SIZE": "size_in_bytes"}
    print_fields(REPOSITORY_FIELDS, found, cells, Instant.now())


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


def print_caches(found: Sequence[CacheEntry], now: Instant) -> None:
    """Print the table people read."""
    cells: Cells[CacheEntry] = {
        "ID": "id",
        "BRANCH": "ref",
        "KIND": lambda one: (
            one.decoded.kind.value if one.decoded.kind is not CacheKind.OTHER else one.decoded.family.value
        ),
        "SIZE": "size_in_bytes",
        "CREATED": "created_at",
        "USED": "last_accessed_at",
        "LEFT": lambda one: wording.span(max(0.0, one.expires_at.seconds_since(now))),
        "STATE": remarks,
        "KEY": "key",
    }
    print_fields(CACHE_FIELDS, found, cells, now, right=("ID", "LEFT"))


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


_PRESETS = click.Choice([one.value for one in Preset])
_JSON = json_option("json-caches.md")
_INDEXES = click.option(
    "--indexes",
    is_flag=True,
    help="Read BuildKit's indexes too, which needs a job's token and counts as an access.",
)


@click.group(invoke_without_command=True)
@list_options(
    CACHE_FIELDS,
    "-size_in_bytes",
    "json-caches.md",
    REPO,
    click.option("--org", default="", metavar="ORG", help="List an organisation's repositories and their usage."),
    _INDEXES,
)
@click.pass_context
def caches(ctx: click.Context, /, *, repo: str, org: str, indexes: bool, asked: ListRequest[CacheEntry]) -> int:
    """List a repository's GitHub Actions caches."""
    if ctx.invoked_subcommand:
        if any(ctx.get_parameter_source(name) is not ParameterSource.DEFAULT for name in ctx.params):
            raise UsageError(f"options for `caches {ctx.invoked_subcommand}` belong after it")
        return int(ExitCode.OK)
    if org:
        for name in ("repo", "branch", "restorable", "sort", "indexes"):
            if ctx.get_parameter_source(name) is not ParameterSource.DEFAULT:
                raise UsageError(
                    f"--org lists repositories, and --{name} is for the caches of one",
                    hint="`dockcache-tui caches --repo ORG/NAME` lists them.",
                )
        return int(print_usage(org, asked.expression, as_json=asked.as_json, as_csv=asked.as_csv))
    asked.filter()
    with opened(repo) as source:
        reading = read(source, indexes=indexes)
    refs, branch = reading.refs, asked.branch
    base = refs.base(BranchScope.of(branch))
    scope = scope_of(branch, restorable=asked.restorable, base=base, default=refs.default)
    found = sorted(chosen(reading, scope, asked.expression), key=lambda one: one.id)
    asked.print(found, totals(found, reading.snapshot), lambda rows: print_caches(rows, reading.snapshot.fetched_at))
    if asked.for_people:
        size = wording.exact_size(sum(one.cache.size for one in found))
        narrate(f"{wording.count(len(found), 'cache')}, {size}.")
        narrate(usage_line(reading.snapshot))
    return int(ExitCode.FAILED if reading.snapshot.partial else ExitCode.OK)


@caches.command("delete")
@click.argument("ids", nargs=-1, type=int, metavar="[ID]...")
@REPO
@BRANCH
@FILTER
@click.option(
    "--preset",
    "presets",
    multiple=True,
    metavar="PRESET",
    type=_PRESETS,
    help=f"Only what this chooses: {', '.join(Preset)}. May be repeated.",
)
@click.option("--older-than", default="", metavar="AGE", help="Only what was not read for this long, such as 7d.")
@_INDEXES
@click.option("--yes", is_flag=True, help="Delete; without this only the plan is shown.")
@_JSON
def delete(
    *,
    ids: tuple[int, ...],
    repo: str,
    branch: str,
    expression: str,
    presets: tuple[str, ...],
    older_than: str,
    indexes: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Show which caches would go, and delete them with --yes.

    Names them by ID, filter, branch or preset.
    """
    from dockcache_tui.cli.caches_delete import ChosenCaches, delete_caches

    choice = ChosenCaches.of(ids, presets, older_than)
    if not (ids or branch or expression.strip() or choice.presets):
        raise UsageError("nothing was named to delete", hint="Name ids, or give --preset, --filter or --branch.")
    parse(expression, CACHE_FIELDS)
    with opened(repo) as source:
        reading = read(source, indexes=indexes)
        scope = scope_of(branch)
        if branch:
            expect_some(
                any(scope.admits((one.branch,)) for one in reading.entries),
                scope,
                "cache",
                whole=not reading.snapshot.partial,
            )
        entries = choice.among(chosen(reading, scope, expression), reading)
        return int(delete_caches(source, reading, entries, yes=yes, as_json=as_json))


@caches.command("forecast")
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


@caches.command("restore")
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
