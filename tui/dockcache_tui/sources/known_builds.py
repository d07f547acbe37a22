"""The builds whose steps tell whose a builder's records are, each as the node that ran it tells it.

buildx moves the times of the steps that it prints to its own clock, so that they can't be held against records. What a
node tells is asked for once, after the build has ended, and kept: BuildKit forgets.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from dockcache_tui.core.builds.build import Build, BuildStatus, Step
from dockcache_tui.core.builds.reducer import LiveBuild
from dockcache_tui.core.errors import SourceError
from dockcache_tui.core.instant import Instant
from dockcache_tui.sources.branches import RevisionBranches
from dockcache_tui.sources.journal import Journal
from dockcache_tui.sources.protocols import Builder

MAX_OURS = 1_000
"""The builds of ours that records are looked for in."""


class KnownBuilds:
    """All that is known of the builds of a builder."""

    def __init__(self, journal: Journal, branches: RevisionBranches) -> None:
        """Take the journal, which keeps what is learned, and what places others' builds."""
        self._journal, self._branches = journal, branches
        self.failures: Mapping[str, SourceError] = {}
        """Why nodes did not tell their builds when last asked, by their names."""

    def of(self, builder: Builder) -> tuple[Build, ...]:
        """Return every build that was told once for each node, and those of ours that no node tells any more.

        A node that does not tell its builds has one that runs, of which nothing is known.
        """
        told = {(build.node, build.ref): build for build in self._journal.told(builder.name)}
        for build in self._heard(builder):
            if (build.node, build.ref) not in told:
                known = told[build.node, build.ref] = with_steps(self._owned(build), builder)
                if known.told:
                    self._journal.keep_told(known)
        first = self._journal.first_refs()
        refs = {first.get(build.ref) for build in told.values()}
        ours = {one.ref: one for one in self._journal.builds(limit=MAX_OURS) if one.builder == builder.name}
        placed = (
            _with_words(build, ours.get(first.get(build.ref, ""))) if build.project else self._branches.placed(build)
            for build in told.values()
        )
        anybody = (
            Build("", builder.name, Instant.now(), BuildStatus.RUNNING, node=node, ours=False) for node in self.failures
        )
        return (*placed, *(build for ref, build in ours.items() if ref not in refs), *anybody)

    def _heard(self, builder: Builder) -> Iterable[Build]:
        history = builder.history(follow=False)
        try:
            builds = {(event.build.node, event.build.ref): event.build for event in history}
            self.failures = history.failures
        except SourceError as error:
            self.failures, builds = {"": error}, {}
        return builds.values()

    def _owned(self, build: Build) -> Build:
        """Return a build with whose it is: as the journal has it if it is ours."""
        placed = self._branches.placed(build)
        ours = self._journal.owner(build.ref)
        if ours is None:
            return placed
        return replace(
            placed,
            folder=ours.folder,
            context=placed.context or ours.context,
            project=ours.project,
            branch=ours.branch,
            branch_candidates=(),
            revision=ours.revision,
            steps=ours.steps,
            ours=True,
        )


def with_steps(build: Build, builder: Builder) -> Build:
    """Return a build with its steps as its node tells them; as it is while it runs, and where that does not."""
    if build.status is BuildStatus.RUNNING:
        return build
    live = LiveBuild()
    try:
        for progress in builder.status(build.node, build.ref):
            live.apply(progress)
    except SourceError:
        return build  # the node is down, or has forgotten the build
    live.end(build.status, build.completed_at or build.started_at)
    return replace(build, steps=live.snapshot(), told=True)


def _with_words(build: Build, ours: Build | None) -> Build:
    """Return a build with what the journal alone knows of its steps."""
    known = {step.digest: step for step in ours.steps} if ours else {}
    return replace(build, steps=tuple(_with(step, known.get(step.digest)) for step in build.steps))


def _with(step: Step, ours: Step | None) -> Step:
    return replace(step, line=ours.line, layers=ours.layers, cause=ours.cause) if ours else step
