"""The branch scope that a list is narrowed to, as `f` does in the app."""

import os
from collections.abc import Iterable
from pathlib import Path

import click

from dockcache_tui.core.errors import SourceError, UsageError
from dockcache_tui.core.scope import BranchScope, ScopeFilter, Whose

BRANCH = click.option(
    "--branch", default="", metavar="REF", help="Only what belongs to this branch: a name or a full ref."
)
RESTORABLE = click.option(
    "--restorable",
    is_flag=True,
    help="With --branch: also its base and the default branch, which its runs restore from.",
)


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
