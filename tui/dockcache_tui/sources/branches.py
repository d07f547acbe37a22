"""The branches that others' builds and archives belong to: by the folder they were built in, else by their revision."""

import os
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

from dockcache_tui.core.archives.archive import Archive
from dockcache_tui.core.builds.build import Build
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.scope import BranchScope
from dockcache_tui.sources.git import branches_containing, has_revision, read_checkout, read_project
from dockcache_tui.sources.local_refs import LocalState, read_local_state
from dockcache_tui.sources.reflog import Reflogs


class RevisionBranches:
    """Asks buildx's notes, the reflog of the folder that they name, and a project's repository, once a revision."""

    def __init__(self, project: Path, environment: Mapping[str, str] = os.environ) -> None:
        """Take the project's folder, and the environment in which buildx keeps its state."""
        self._project, self._environment = project, environment
        self._reflogs = Reflogs(environment)
        self._project_of = lru_cache(maxsize=1_000)(partial(read_project, environment=environment))
        self._knows = lru_cache(maxsize=1_000)(partial(has_revision, environment=environment))
        self._branches_of = lru_cache(maxsize=1_000)(self._look_up)

    def placed(self, build: Build) -> Build:
        """Return a build with its project and branch, or the candidates, as they were when it ran.

        A build that buildx started on this machine is of the folder it was given, and of the branch that was checked
        out there then; any other is of the one branch of the project here that holds its revision.
        """
        if build.branch or build.branch_candidates:
            return build
        if state := read_local_state(self._environment, build):
            return self._of_folder(build, state)
        if not build.revision:
            return build
        found = self._branches_of(build.revision)
        if len(found) == 1:
            return replace(build, branch=found[0])
        return replace(build, branch_candidates=found)

    def _of_folder(self, build: Build, state: LocalState) -> Build:
        folder = Path(state.folder)
        if not folder.is_absolute() or not folder.is_dir():
            return build
        moment, revision = Instant(state.written_ns), build.revision.removesuffix("-dirty")
        build = replace(build, folder=build.folder or state.folder, context=state.folder)
        if self._reflogs.began_after(folder, moment) or (revision and not self._knows(folder, revision)):
            return build  # another repository, or none, was there then
        build = replace(build, project=build.project or self._project_of(folder))
        found = self._reflogs.branches_at(folder, moment, revision)
        if len(found) == 1:
            return replace(build, branch=found[0])
        return replace(build, branch_candidates=tuple(filter(None, found)))

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
