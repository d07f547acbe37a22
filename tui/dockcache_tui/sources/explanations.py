"""Why steps of builds were not reused, told by what the journal and builders keep of them."""

from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import replace

from dockcache_tui.core.builds.build import Build
from dockcache_tui.core.builds.cause import MissCause
from dockcache_tui.core.errors import SourceError, UsageError
from dockcache_tui.core.explain.baseline import nearest
from dockcache_tui.core.explain.causes import causes
from dockcache_tui.core.explain.changed_results import changed_results, flagged_ops
from dockcache_tui.core.explain.evictions import is_evicted, with_evictions
from dockcache_tui.core.explain.evidence import Evidence
from dockcache_tui.core.explain.hit_warnings import (
    empty_mounts,
    false_hits,
    mount_users,
    stale,
    with_operations,
)
from dockcache_tui.core.explain.traced_build import TracedBuild, is_missed
from dockcache_tui.sources.buildkit.builder import open_builder
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.journal import Journal
from dockcache_tui.sources.known_builds import with_steps
from dockcache_tui.sources.seen_records import see_builder

MAX_EARLIER = 12
"""Earlier builds that one is compared with at most, to find the nearest."""


class Explanations:
    """Finds the causes of builds, ours and others'."""

    def __init__(self, docker: Docker, journal: Journal) -> None:
        """Take what knows of builds."""
        self._docker, self._journal = docker, journal

    def explain(self, build: Build, against: str = "") -> Build:
        """Return a build with why its steps were not reused, compared with the nearest earlier one, or with a ref's.

        Raises UsageError for a ref that is not known, SourceError when the builder does not tell of the build.
        """
        kept = self._journal.evidence(build.ref)
        this = TracedBuild(build, kept) if kept else self._told(build)
        if not against:
            return self.explained(this)
        other = self._journal.build(against)
        if other is None:
            raise UsageError(f"no build {against} is known", hint="`dockcache-tui builds` lists those that are.")
        return self.explained(this, self._traced(other))

    def explained(self, this: TracedBuild, earlier: TracedBuild | None = None) -> Build:
        """Return a build with the causes of its steps, compared with an earlier one: without one, with the nearest."""
        if not any(map(is_missed, this.build.steps)):
            return with_causes(this.build, {})
        earlier = earlier or nearest(this, self._earlier(this.build))
        told = self._with_evictions(this.build, earlier.build, causes(this, earlier)) if earlier else causes(this, None)
        found = with_causes(this.build, told)
        return replace(found, compared_with=earlier.build.ref if earlier else "")

    def warned(self, this: TracedBuild) -> Build:
        """Return a build of ours that just ended, compared already, with what is wrong with what it reused.

        Raises SourceError when the builder does not tell its records.
        """
        found = [*stale(self._with_operations(this)), *false_hits(this.build)]
        anew = any(flagged_ops(this, graph) for graph in this.evidence.graphs)
        if anew or mount_users(this.build):
            with closing(open_builder(self._docker, this.build.builder)) as builder:
                told, records = with_steps(this.build, builder), builder.snapshot().records
            found += empty_mounts(told, records) if told.told else ()
            earlier = self._journal.build(this.build.compared_with) if anew else None
            found += changed_results(this, self._traced(earlier), records) if earlier else ()
        return replace(this.build, warnings=tuple(found))

    def _with_evictions(self, build: Build, earlier: Build, found: Mapping[str, MissCause]) -> Mapping[str, MissCause]:
        """Return causes with what took the results that are gone; the builder is read where that is not known yet."""
        for look in (False, True):
            if not any(map(is_evicted, found.values())):
                break
            if look:
                with suppress(SourceError):  # then it stays unknown
                    see_builder(self._docker, self._journal, build.builder)
            found = with_evictions(found, build, earlier, self._journal.tombstones(build.builder))
        return found

    def _with_operations(self, this: TracedBuild) -> TracedBuild:
        """Return a build that failed, and took old files, with the operations of an earlier one."""
        unknown = [graph for graph in this.evidence.graphs if graph.ops is None]
        if not any(context.kept for graph in unknown for context in graph.contexts):
            return this
        earlier = (one for one in self._earlier(this.build) if any(graph.ops for graph in one.evidence.graphs))
        return next((with_operations(this, one) for one in earlier), this)

    def _earlier(self, build: Build) -> Iterator[TracedBuild]:
        return map(self._traced, self._journal.earlier(build, MAX_EARLIER))

    def _traced(self, build: Build) -> TracedBuild:
        return TracedBuild(build, self._journal.evidence(build.ref) or Evidence())

    def _told(self, build: Build) -> TracedBuild:
        """Return a build as its builder tells of it."""
        with closing(open_builder(self._docker, build.builder)) as builder:
            return TracedBuild(with_steps(build, builder), builder.evidence(build.node, build.ref))


def with_causes(build: Build, found: Mapping[str, MissCause]) -> Build:
    """Return a build whose steps have these causes, by their digests, and no others."""
    return replace(build, steps=tuple(replace(step, cause=found.get(step.digest)) for step in build.steps))
