"""`dockcache-tui caches` and its commands."""

from collections.abc import Callable, Sequence

import click
from click.core import ParameterSource

from dockcache_tui.cli.cache_reading import chosen, opened, read, tell_wait
from dockcache_tui.cli.output import Row, narrate, print_csv, print_document, print_table
from dockcache_tui.cli.scoping import BRANCH, RESTORABLE, expect_some, scope_of
from dockcache_tui.cli.waiting import wait_for
from dockcache_tui.core import wording
from dockcache_tui.core.caches.entry import CacheEntry
from dockcache_tui.core.caches.fields import CACHE_FIELDS, REPOSITORY_FIELDS
from dockcache_tui.core.caches.presets import Preset
from dockcache_tui.core.caches.reading import CachesReading
from dockcache_tui.core.caches.restoring import Restoration
from dockcache_tui.core.caches.row import cache_row, usage_row
from dockcache_tui.core.caches.snapshot import ActionsSnapshot
from dockcache_tui.core.errors import ExitCode, UsageError
from dockcache_tui.core.filter import parse
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.scope import BranchScope, restorable


def print_usage(organisation: str, expression: str, *, as_json: bool, as_csv: bool) -> ExitCode:
    """List the repositories that pass a filter, biggest first; raises SourceError, FilterError."""
    from dockcache_tui.sources.github.organisation import read_usage

    passes = parse(expression, REPOSITORY_FIELDS).compile(Instant.now())
    usage = wait_for("GitHub", lambda: read_usage(organisation, on_wait=tell_wait))
    found = [one for one in usage if passes(one)]
    whole = sum(one.size for one in found)
    if as_json:
        print_document(map(usage_row, found), {"count": sum(one.count for one in found), "size_in_bytes": whole})
    elif as_csv:
        print_csv(("repo", "count", "size_in_bytes"), map(usage_row, found))
    else:
        table = [(one.repo, f"{one.count:,}", wording.size(one.size)) for one in found]
        print_table(("REPOSITORY", "CACHES", "SIZE"), table, right=("CACHES", "SIZE"))
        many = wording.count(len(found), "repository", "repositories")
        narrate(f"{many}, {wording.exact_size(whole)}; `caches --repo` lists one's caches.")
    return ExitCode.OK


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


_REPO = click.option(
    "--repo", default="", metavar="[HOST/]OWNER/NAME", help="The repository; else GITHUB_REPOSITORY or git's remote."
)
_FILTER = click.option("--filter", "expression", default="", metavar="EXPR", help="Only what passes, as in the app.")
_SORT = click.Choice([*COLUMNS, *(f"-{name}" for name in COLUMNS)])
_PRESETS = click.Choice([one.value for one in Preset])
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document (docs/json-caches.md).")
_INDEXES = click.option("--indexes", is_flag=True, help="Read BuildKit's indexes with a job's token; an access.")


@click.group(invoke_without_command=True)
@_REPO
@click.option("--org", default="", metavar="ORG", help="List an organisation's usage by repository instead.")
@BRANCH
@RESTORABLE
@_FILTER
@click.option("--sort", default="-size_in_bytes", metavar="COL", type=_SORT, help="Order by a column; -COL descending.")
@_INDEXES
@_JSON
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@click.pass_context
def caches(
    ctx: click.Context,
    /,
    *,
    repo: str,
    org: str,
    branch: str,
    restorable: bool,
    expression: str,
    sort: str,
    indexes: bool,
    as_json: bool,
    as_csv: bool,
) -> int:
    """List a repository's GitHub Actions caches."""
    if ctx.invoked_subcommand:
        if any(ctx.get_parameter_source(name) is not ParameterSource.DEFAULT for name in ctx.params):
            raise UsageError(f"options for `caches {ctx.invoked_subcommand}` belong after it")
        return int(ExitCode.OK)
    if as_json and as_csv:
        raise UsageError("--json and --csv exclude each other")
    if org:
        from dockcache_tui.cli.caches import print_usage

        for name in ("repo", "branch", "restorable", "sort", "indexes"):
            if ctx.get_parameter_source(name) is not ParameterSource.DEFAULT:
                raise UsageError(
                    f"--org lists repositories: --{name} is of one's caches",
                    hint="`dockcache-tui caches --repo ORG/NAME` lists them.",
                )
        return int(print_usage(org, expression, as_json=as_json, as_csv=as_csv))
    parse(expression, CACHE_FIELDS)
    with opened(repo) as source:
        reading = read(source, indexes=indexes)
    refs = reading.refs
    scope = scope_of(branch, restorable=restorable, base=refs.base(BranchScope.of(branch)), default=refs.default)
    found = ordered(chosen(reading, scope, expression), sort)
    if as_json:
        print_document(map(cache_row, found), totals(found, reading.snapshot))
    elif as_csv:
        print_csv(tuple(COLUMNS), map(cache_row, found))
    else:
        print_caches(found, reading.snapshot.fetched_at)
        size = wording.exact_size(sum(one.cache.size for one in found))
        narrate(f"{wording.count(len(found), 'cache')}, {size}.")
        narrate(usage_line(reading.snapshot))
    return int(ExitCode.FAILED if reading.snapshot.partial else ExitCode.OK)


@caches.command("delete")
@click.argument("ids", nargs=-1, type=int, metavar="[ID]...")
@_REPO
@BRANCH
@_FILTER
@click.option(
    "--preset",
    "presets",
    multiple=True,
    type=_PRESETS,
    help="Only what one of them chooses.",
)
@click.option("--older-than", default="", metavar="AGE", help="Not accessed for so long, such as 7d; for its preset.")
@_INDEXES
@click.option("--yes", is_flag=True, help="Delete; without it the plan is shown and nothing changes.")
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
    """Delete caches by ID, filter or preset; a dry run unless --yes."""
    from dockcache_tui.cli.caches_delete import Choice, delete_caches

    choice = Choice.of(ids, presets, older_than)
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
@_REPO
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1), help="How many to show.")
@_JSON
def forecast(repo: str, limit: int, as_json: bool) -> int:
    """Show which caches GitHub evicts next and when, if nobody reads them."""
    from dockcache_tui.cli.caches import print_forecast

    with opened(repo) as source:
        reading = read(source)
    print_forecast(reading, limit, as_json=as_json)
    return int(ExitCode.FAILED if reading.snapshot.partial else ExitCode.OK)


@caches.command("restore")
@click.argument("key")
@click.argument("restore_keys", nargs=-1, metavar="[RESTORE_KEY]...")
@_REPO
@click.option("--branch", required=True, metavar="REF", help="The branch, pull request or tag that the job runs on.")
@click.option("--base", default="", metavar="REF", help="A pull request's base; else GitHub is asked.")
@click.option("--version", default="", metavar="HASH", help="Only of this version: the hash of paths and compression.")
@_JSON
def restore(
    *, key: str, restore_keys: tuple[str, ...], repo: str, branch: str, base: str, version: str, as_json: bool
) -> int:
    """Show which cache a job would restore for KEY and its restore keys, and why not the others."""
    from dockcache_tui.cli.caches import print_restoration, scopes_of
    from dockcache_tui.core.caches.restoring import restore as look_up

    with opened(repo) as source:
        reading = read(source)
    found = look_up(
        reading.snapshot.caches, scopes_of(reading, branch, base), key, restore_keys, version=version or None
    )
    print_restoration(found, as_json=as_json)
    return int(ExitCode.OK)
