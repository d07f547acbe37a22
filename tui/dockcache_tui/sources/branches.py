"""The branch a build belongs to when only its revision is known."""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from dockcache_tui.core.builds.build import Build
from dockcache_tui.core.scope import BranchScope
from dockcache_tui.sources.git import branches_containing, read_checkout


class RevisionBranches:
    """Asks a project's repository, once a revision."""

    def __init__(self, project: Path) -> None:
        """Take the project's folder."""
        self._project = project
        self._branch_of = lru_cache(maxsize=1_000)(self._look_up)

    def placed(self, build: Build) -> Build:
        """Return a build with its branch, where git can tell; a build that has one is returned as it is."""
        if build.branch or not build.revision:
            return build
        return replace(build, branch=self._branch_of(build.revision))

    def _look_up(self, revision: str) -> BranchScope | None:
        """Of several branches that hold a revision the checked-out one counts, then the default one."""
        found = branches_containing(self._project, revision)
        checkout = read_checkout(self._project)
        likely = [branch for branch in (checkout.branch, checkout.default) if branch in found]
        return next(iter([*likely, *found]), None)
