"""All that the areas know of each other by now."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from dockcache_tui.core.archives.listing import ListedArchive
from dockcache_tui.core.builds.build import Build
from dockcache_tui.core.caches.reading import CachesReading
from dockcache_tui.core.errors import DockcacheError, UsageError
from dockcache_tui.core.records.prune import projects_with
from dockcache_tui.core.records.reading import Reading
from dockcache_tui.core.scope import Checkout, Project, ScopeFilter, told_apart


@dataclass(frozen=True, slots=True)
class AllKnown:
    """The project, what was read of each place, and the branch scope that is picked; None where nothing was read."""

    checkout: Checkout | None = None
    builder: str = ""
    """The builder that is shown, or was asked for; empty when none was named."""
    reading: Reading | None = None
    failure: DockcacheError | None = None
    """Why there is no newer reading of the builder."""
    caches: CachesReading | None = None
    archives: Sequence[ListedArchive] | None = None
    builds: Sequence[Build] = ()
    """Newest first, as far as each has come."""
    scope: ScopeFilter = field(default_factory=ScopeFilter)

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

    @property
    def there(self) -> ScopeFilter:
        """Return the scope as it is asked of caches, artifacts and archives: those are of one project."""
        projects = self.scope.projects
        return replace(self.scope, elsewhere=bool(projects) and self.repository not in (None, *projects))

    def meant(self) -> ScopeFilter:
        """Return whose records a delete takes, nobody's when all are looked at; raises UsageError where it is open."""
        scope = self.scope
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
