"""The branch scopes that `f` offers, each with its project."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from dockcache_tui.core import wording
from dockcache_tui.core.scope import BranchScope, Project, ScopeFilter, Whose, at_hand_first, restorable
from dockcache_tui.ui.shared.known import AllKnown
from dockcache_tui.ui.shared.picker import Choice


def offered(known: AllKnown) -> Sequence[tuple[Choice, ScopeFilter]]:
    """Return all known branches, those of the opened project first, each alone and with what its runs could restore."""
    counts = known.reading.owners if known.reading else {}
    entries = known.caches.entries if known.caches else ()
    repository, archives = known.repository, known.archives or ()
    kept: Counter[Whose] = Counter((repository, entry.branch) for entry in entries)
    held: Counter[Whose] = Counter((repository, branch) for archive in archives for branch in archive.branches)
    head: Whose = (known.own, known.checkout.branch if known.checkout else None)
    others = ((build.project, build.branch) for build in known.builds)
    everyone = {one for one in (head, *counts, *kept, *held, *others) if one[1]}
    projects: dict[BranchScope | None, set[Project | None]] = {}
    for project, branch in everyone:
        projects.setdefault(branch, set()).add(project)
    alone: list[tuple[Choice, ScopeFilter]] = []
    extended: list[tuple[Choice, ScopeFilter]] = []
    for project, branch in at_hand_first(everyone, head, counts):
        scope = ScopeFilter(branch, projects=(project,) if project else ())
        meant = [(one, branch) for one in projects[branch] if scope.takes(one, branch)]
        records, caches, files = (sum(many.get(one, 0) for one in meant) for many in (counts, kept, held))
        parts = [wording.count(records, "record")]
        parts += [wording.count(caches, "Actions cache")] * bool(caches)
        parts += [wording.count(files, "archive")] * bool(files)
        parts += ["checked out"] * (head in meant)
        alone.append((Choice("", known.words(scope), " · ".join(parts)), scope))
        if scope.projects in ((), (known.own,), (repository,)):
            extended += _extended(scope, known)
    found = sorted((*alone, *extended), key=lambda one: one[1].projects != (known.own,))
    every = (Choice("", "all branches"), ScopeFilter())
    return [(replace(choice, value=str(at)), scope) for at, (choice, scope) in enumerate([every, *found])]


def same(one: ScopeFilter, other: ScopeFilter) -> bool:
    """Tell whether two scopes are one choice."""
    return (one.picked, one.restorable, one.projects) == (other.picked, other.restorable, other.projects)


def _extended(scope: ScopeFilter, known: AllKnown) -> list[tuple[Choice, ScopeFilter]]:
    """Return a scope with what runs on it could restore, where that is more."""
    if scope.picked is None:
        return []
    base = known.caches.refs.base(scope.picked) if known.caches else None
    default = known.checkout.default if known.checkout else None
    order = restorable(scope.picked, base=base, default=default)
    if len(order) == 1:
        return []
    more = replace(scope, restorable=True, base=base, default=default)
    names = ", then ".join(one.short for one in order)
    return [(Choice("", known.words(more), f"what its runs could restore: {names}"), more)]
