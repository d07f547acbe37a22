"""The branches that a build or an archive belongs to when only its revision is known."""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from dockcache_tui.core.builds.build import Build
from dockcache_tui.core.images.archive import Archive
from dockcache_tui.core.scope import BranchScope
from dockcache_tui.sources.git import branches_containing, read_checkout


class RevisionBranches:
    """Asks a project's repository, once a revision."""

    def __init__(self, project: Path) -> None:
        """Take the project's folder."""
        self._project = project
        self._branches_of = lru_cache(maxsize=1_000)(self._look_up)

    def placed(self, build: Build) -> Build:
        """Return a build with the one branch that holds its revision, or with the candidates when several do."""
        if build.branch or not build.revision:
            return build
        found = self._branches_of(build.revision)
        if len(found) == 1:
            return replace(build, branch=found[0])
        return replace(build, branch_candidates=build.branch_candidates or found)

    def located(self, archive: Archive) -> Archive:
        """Return an archive with the branches that its revisions are on, the likeliest first."""
        found = dict.fromkeys(branch for revision in archive.revisions for branch in self._branches_of(revision))
        return replace(archive, branches=tuple(found))

    def _look_up(self, revision: str) -> tuple[BranchScope, ...]:
        """Of several branches that hold a revision the checked-out one comes first, then the default one."""
        found = branches_containing(self._project, revision)
        checkout = read_checkout(self._project)
        likely = [branch for branch in (checkout.branch, checkout.default) if branch in found]
        return tuple(dict.fromkeys((*likely, *found)))
