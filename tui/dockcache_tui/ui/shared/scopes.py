"""Branch scopes in the app: those that `f` offers, each with its project, and which owner a delete means."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from dockcache_tui.core import wording
from dockcache_tui.core.archives.listing import ListedArchive
from dockcache_tui.core.builds.build import Build
from dockcache_tui.core.caches.reading import CachesReading
from dockcache_tui.core.errors import UsageError
from dockcache_tui.core.records.prune import projects_with
from dockcache_tui.core.records.reading import Reading
from dockcache_tui.core.scope import (
    BranchScope,
    Checkout,
    Project,
    ScopeFilter,
    Whose,
    at_hand_first,
    restorable,
    told_apart,
)
from dockcache_tui.ui.shared.picker import Choice


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known of the opened folder and of what was read, by which scopes are told apart."""

    checkout: Checkout | None
    reading: Reading | None
    caches: CachesReading | None

    @property
    def own(self) -> Project | None:
        """Return the project of the opened folder; None outside a repository, where nothing is known to be of it."""
        own = self.checkout.project if self.checkout else None
        if own is None or self.checkout is None:
            return None
        owners = self.reading.owners if self.reading else ()
        return own if self.checkout.revision or any(project == own for project, _ in owners) else None

    @property
    def repository(self) -> Project | None:
        """Return the project of the repository whose caches and artifacts are looked at, as far as that is known."""
        own, repo = self.own, self.caches.snapshot.repo if self.caches else ""
        if not repo or (own and (not own.repo or own.called(repo))):
            return own
        owners = self.reading.owners if self.reading else ()
        return next((one for one, _ in owners if one and one.called(repo)), Project(repo, repo))

    def words(self, scope: ScopeFilter) -> str:
        """Return what a scope is called: its branch, and its project where that is not the opened folder's."""
        if scope.picked is None or scope.projects == (self.own,) or not (scope.projects or self.own):
            return str(scope)
        owners = self.reading.owners if self.reading else ()
        names = told_apart((*scope.projects, *(one for one in (self.own, *(whose[0] for whose in owners)) if one)))
        return f"{scope} of {', '.join(names[one] for one in scope.projects) or 'any project'}"

    def there(self, scope: ScopeFilter) -> ScopeFilter:
        """Return a scope as it is asked of caches, artifacts and archives: those are of one project."""
        return replace(scope, elsewhere=bool(scope.projects) and self.repository not in (None, *scope.projects))

    def meant(self, scope: ScopeFilter) -> ScopeFilter:
        """Return whose records a delete takes, nobody's when all are looked at; raises UsageError where it is open."""
        if scope.picked is None or self.reading is None:
            return ScopeFilter()
        projects = scope.projects or projects_with(scope.picked, self.reading.owners)
        if not scope.projects and len(projects) > 1:
            names = ", ".join(one.name for one in projects)
            raise UsageError(
                f"{scope.picked.short} is a branch of several projects: {names}",
                title="Which project's records?",
                hint="Pick one of them with f.",
            )
        return ScopeFilter(scope.picked, projects=projects)


def offered(
    known: Surroundings, builds: Iterable[Build], archives: Iterable[ListedArchive]
) -> Sequence[tuple[Choice, ScopeFilter]]:
    """Return all known branches, those of the opened project first, each alone and with what its runs could restore."""
    counts = known.reading.owners if known.reading else {}
    entries = known.caches.entries if known.caches else ()
    kept: Counter[Whose] = Counter((known.repository, entry.branch) for entry in entries)
    held: Counter[Whose] = Counter((known.repository, branch) for archive in archives for branch in archive.branches)
    head: Whose = (known.own, known.checkout.branch if known.checkout else None)
    others = ((build.project, build.branch) for build in builds)
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
        if scope.projects in ((), (known.own,), (known.repository,)):
            extended += _extended(scope, known)
    found = sorted((*alone, *extended), key=lambda one: one[1].projects != (known.own,))
    every = (Choice("", "all branches"), ScopeFilter())
    return [(replace(choice, value=str(at)), scope) for at, (choice, scope) in enumerate([every, *found])]


def same(one: ScopeFilter, other: ScopeFilter) -> bool:
    """Tell whether two scopes are one choice."""
    return (one.picked, one.restorable, one.projects) == (other.picked, other.restorable, other.projects)


def _extended(scope: ScopeFilter, known: Surroundings) -> list[tuple[Choice, ScopeFilter]]:
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
