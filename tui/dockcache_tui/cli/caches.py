"""`dockcache-tui caches` and its commands."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from dockcache_tui.cli.cache_reading import chosen, opened, read, read_whole, tell_wait, usage_line
from dockcache_tui.cli.caches_outlook import forecast, restore
from dockcache_tui.cli.deletion import After, Delete, DeleteWords
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
from dockcache_tui.cli.output import Row, narrate
from dockcache_tui.cli.waiting import wait_for
from dockcache_tui.core import wording
from dockcache_tui.core.caches.cache import ActionsCache, ActionsSnapshot, RepositoryUsage
from dockcache_tui.core.caches.deletion import Preset, plan_delete, preset
from dockcache_tui.core.caches.fields import CACHE_FIELDS, REPOSITORY_FIELDS
from dockcache_tui.core.caches.keys import CacheKind
from dockcache_tui.core.caches.reading import CacheEntry, CachesReading
from dockcache_tui.core.errors import DockcacheError, ExitCode, UsageError
from dockcache_tui.core.field import json_row
from dockcache_tui.core.filter import parse
from dockcache_tui.core.filter.units import nanoseconds
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.scope import BranchScope

if TYPE_CHECKING:
    from dockcache_tui.sources.github.protocol import ActionsSource


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


_PRESETS = click.Choice([one.value for one in Preset])
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
@json_option("json-caches.md")
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


caches.add_command(forecast)
caches.add_command(restore)


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
            raise UsageError(f"{older_than!r} is not an age", hint="Give an age such as 7d or 1d12h.")
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
