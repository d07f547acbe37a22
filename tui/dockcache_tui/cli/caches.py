"""`dockcache-tui caches` and its commands."""

import click
from click.core import ParameterSource

from dockcache_tui.cli.cache_reading import chosen, opened, read
from dockcache_tui.cli.cache_rows import COLUMNS, ordered, print_caches, totals, usage_line
from dockcache_tui.cli.output import narrate, print_csv, print_document
from dockcache_tui.cli.scoping import BRANCH, RESTORABLE, expect_some, scope_of
from dockcache_tui.core import wording
from dockcache_tui.core.actions_cache.fields import CACHE_FIELDS
from dockcache_tui.core.actions_cache.presets import Preset
from dockcache_tui.core.actions_cache.row import cache_row
from dockcache_tui.core.errors import ExitCode, UsageError
from dockcache_tui.core.filter import parse
from dockcache_tui.core.scope import BranchScope

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
        from dockcache_tui.cli.cache_usage import print_usage

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
    from dockcache_tui.cli.cache_deleting import Choice, delete_caches

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
    from dockcache_tui.cli.cache_views import print_forecast

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
    from dockcache_tui.cli.cache_views import print_restoration, scopes_of
    from dockcache_tui.core.actions_cache.restoring import restore as look_up

    with opened(repo) as source:
        reading = read(source)
    found = look_up(
        reading.snapshot.caches, scopes_of(reading, branch, base), key, restore_keys, version=version or None
    )
    print_restoration(found, as_json=as_json)
    return int(ExitCode.OK)
