"""What the listing commands share: their options, and how a listing is printed."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Generic, TypeAlias, TypeVar

import click

from dockcache_tui.cli.output import Row, print_csv, print_document, print_table
from dockcache_tui.core.errors import SourceError, UsageError
from dockcache_tui.core.field import Field, json_row, names, ordered, text
from dockcache_tui.core.filter import Filter, parse
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.scope import BranchScope, ScopeFilter, Whose

T = TypeVar("T")
Option: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Any]]
Cells: TypeAlias = Mapping[str, str | Callable[[T], str]]
"""The columns of a table people read: under each head a field by its name, or a text."""

BUILDER = click.option(
    "--builder", default="", metavar="B", help="The buildx builder; by default BUILDX_BUILDER, else the current one."
)
REPO = click.option(
    "--repo", default="", metavar="REPO", help="[HOST/]OWNER/NAME; by default GITHUB_REPOSITORY, else git's remote."
)
FILTER = click.option(
    "--filter", "expression", default="", metavar="EXPR", help="Only what passes this filter (docs/filter.md)."
)
CSV = click.option("--csv", "as_csv", is_flag=True, help="Print CSV instead of a table.")
BRANCH = click.option(
    "--branch", default="", metavar="REF", help="Only what belongs to this branch, pull request (#7) or tag."
)
RESTORABLE = click.option(
    "--restorable",
    is_flag=True,
    help="With --branch: also what its runs may restore from its base and the default branch.",
)


def json_option(page: str) -> Option:
    """Return `--json`, whose help names its page in docs/."""
    return click.option("--json", "as_json", is_flag=True, help=f"Print JSON, as described in docs/{page}.")


@dataclass(frozen=True, slots=True)
class ListRequest(Generic[T]):
    """What is asked of a listing."""

    fields: Sequence[Field[T]]
    branch: str
    restorable: bool
    expression: str
    sort: str
    as_json: bool
    as_csv: bool

    @property
    def for_people(self) -> bool:
        """Tell whether a table is asked for, with its sums on stderr."""
        return not self.as_json and not self.as_csv

    def filter(self) -> Filter[T]:
        """Return the filter; raises FilterError."""
        return parse(self.expression, self.fields)

    def print(self, found: Sequence[T], totals: Row, table: Callable[[Sequence[T]], None]) -> None:
        """Print what was found as it is asked for, in the order asked for; of equal ones the first stays first."""
        found = ordered(self.fields, found, self.sort)
        print_listing(self.fields, found, totals, table, as_json=self.as_json, as_csv=self.as_csv)


def list_options(
    fields: Sequence[Field[T]], sort: str, page: str, *more: Option
) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Give a command the options of a listing, handed over as `asked`; `page` of docs/ describes its JSON."""
    columns = click.Choice([f"{sign}{name}" for sign in ("", "-") for name in names(fields)])
    options = (
        *more,
        BRANCH,
        RESTORABLE,
        FILTER,
        click.option("--sort", default=sort, metavar="COL", type=columns, help="Order by a field; -COL is descending."),
        json_option(page),
        CSV,
    )

    def decorate(command: Callable[..., int]) -> Callable[..., int]:
        @wraps(command)
        def run(
            *args: Any,
            branch: str,
            restorable: bool,
            expression: str,
            sort: str,
            as_json: bool,
            as_csv: bool,
            **others: Any,
        ) -> int:
            expect_one(as_json=as_json, as_csv=as_csv)
            asked = ListRequest(fields, branch, restorable, expression, sort, as_json, as_csv)
            return command(*args, asked=asked, **others)

        for option in reversed(options):
            run = option(run)
        return run

    return decorate


def expect_one(*, as_json: bool, as_csv: bool) -> None:
    """See that at most one form is asked for; raises UsageError."""
    if as_json and as_csv:
        raise UsageError("--json and --csv can't be used together")


def print_listing(
    fields: Sequence[Field[T]],
    found: Sequence[T],
    totals: Row,
    table: Callable[[Sequence[T]], None],
    *,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Print rows as the stable JSON document, as CSV, or as the table people read."""
    if as_json:
        print_document((json_row(fields, one) for one in found), totals)
    elif as_csv:
        print_csv(names(fields), (json_row(fields, one) for one in found))
    else:
        table(found)


def print_fields(
    fields: Sequence[Field[T]], found: Iterable[T], cells: Cells[T], now: Instant, right: Sequence[str] = ()
) -> None:
    """Print the table people read; measures stand to the right, as do the heads in `right`."""
    known = {field.name: field for field in reversed(fields)}  # of two with one name the listed one stands first
    numeric = [head for head, cell in cells.items() if isinstance(cell, str) and known[cell].kind.numeric]

    def shown(one: T, cell: str | Callable[[T], str]) -> str:
        return (text(known[cell], one, now) if isinstance(cell, str) else cell(one)) or "–"

    rows = [[shown(one, cell) for cell in cells.values()] for one in found]
    print_table(tuple(cells), rows, right=(*numeric, *right))


def scope_of(
    branch: str,
    *,
    restorable: bool = False,
    base: BranchScope | None = None,
    default: BranchScope | None = None,
) -> ScopeFilter:
    """Return the scope that the options ask for; raises UsageError for --restorable without a branch."""
    if restorable and not branch:
        raise UsageError("--restorable needs a branch", hint="Name one with --branch.")
    return ScopeFilter(BranchScope.of(branch), restorable, base, default) if branch else ScopeFilter()


def owner_scope(branch: str, project: str, owners: Iterable[Whose]) -> ScopeFilter:
    """Return the scope of what to delete: a branch of the named project, else of the current folder's.

    Raises UsageError for a project that owns nothing, and outside of a repository where several have the branch.
    """
    from dockcache_tui.core.records.prune import projects_with
    from dockcache_tui.sources.git import read_checkout, read_project

    picked = BranchScope.of(branch) if branch else None
    known = {one for one, _ in owners if one}
    here = Path.cwd()
    if project:
        named = [one for one in known if one.called(project)]
        meant = tuple(sorted(named or (one for one in known if one.called(os.path.realpath(project)))))
        if not meant:
            raise UsageError(
                f"nothing is known to belong to the project {project}", hint="See `dockcache-tui records`."
            )
    elif not branch:
        return ScopeFilter()
    elif (own := read_project(here)) in known or read_checkout(here).revision:
        meant = (own,)
    else:
        meant = projects_with(picked, owners)
        if len(meant) > 1:
            names = ", ".join(one.name for one in meant)
            raise UsageError(f"{branch} is a branch of several projects: {names}", hint="Name one with --project.")
    return ScopeFilter(picked, projects=meant)


def expect_some(found: bool, scope: ScopeFilter, noun: str, *, whole: bool = True) -> None:
    """See that something to delete is of the branch that was named.

    Raises UsageError when nothing is, or SourceError when not the `whole` could be read, of which something may be.
    """
    if found:
        return
    told = f"no {noun} is known to belong to {scope}"
    if whole:
        raise UsageError(told, hint=f"See `dockcache-tui {noun}s`.")
    raise SourceError(f"{told}, and not everything could be read", title="Nothing can be deleted")


def scope_here(branch: str, *, restorable: bool) -> ScopeFilter:
    """Return the scope that the options ask for where git alone tells of the default branch; raises UsageError."""
    from dockcache_tui.sources.git import read_checkout

    default = read_checkout(Path.cwd()).default if restorable else None
    return scope_of(branch, restorable=restorable, default=default)
