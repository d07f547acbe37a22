"""Why steps of builds were not reused, told by what the journal, builders, build records and git keep of them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from functools import cached_property
from itertools import islice
from pathlib import Path

from dockcache_tui.core.builds.build import Build, BuildStatus
from dockcache_tui.core.builds.cause import HitWarning, MissCause
from dockcache_tui.core.errors import SourceError, UsageError
from dockcache_tui.core.explain import cause_words as words
from dockcache_tui.core.explain.baseline import nearest
from dockcache_tui.core.explain.causes import causes, with_causes
from dockcache_tui.core.explain.changed_results import changed_results, flagged_ops
from dockcache_tui.core.explain.evictions import is_evicted, with_evictions
from dockcache_tui.core.explain.evidence import Evidence
from dockcache_tui.core.explain.hit_warnings import empty_mounts, false_hits, mount_users
from dockcache_tui.core.explain.stale_files import asks_earlier, stale, with_operations
from dockcache_tui.core.explain.traced_build import TracedBuild, is_missed
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.scope import Project
from dockcache_tui.sources.archives.build_evidence import read_build_evidence
from dockcache_tui.sources.branches import RevisionBranches
from dockcache_tui.sources.buildkit.builder import BuildKitBuilder, open_builder
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.git import has_revision, read_project
from dockcache_tui.sources.git_revisions import read_revision
from dockcache_tui.sources.journal import Journal
from dockcache_tui.sources.known_builds import with_steps
from dockcache_tui.sources.remotes import remote_of
from dockcache_tui.sources.seen_records import see_builder

MAX_EARLIER = 12
"""Earlier builds of each source that one is compared with at most, to find the nearest."""
LAST = "last"
_HINT = "`dockcache-tui builds` lists the builds started here, and with --builder those that a builder remembers."
_NO_PROJECT = words.unknown(
    "Which project it is of is not known, and so no earlier build of it. Name one to compare it with."
)


class Explanations:
    """Finds builds, ours and others', and why their steps were not reused."""

    def __init__(self, docker: Docker, journal: Journal, folder: Path) -> None:
        """Take what knows of builds, and the folder of the project at hand."""
        self._docker, self._journal, self._folder = docker, journal, folder
        self._branches = RevisionBranches(folder, docker.environment)

    def explain(self, build: Build, against: str = "", file: str = "") -> Build:
        """Return a build with why its steps were not reused, compared with the nearest earlier one, or with a ref's.

        `file` is the build record that holds it, if one does. Raises UsageError for a ref that is not known,
        SourceError when the builder does not tell of the build, ArchiveError for a file that can't be read.
        """
        this = self.recorded(Path(file), (build,))[0] if file else self._traced(build)
        return self.explained(this, self.named(against) if against else self.nearest(this))

    def explained(self, this: TracedBuild, earlier: TracedBuild | None) -> Build:
        """Return a build with the causes of its steps, found by comparing it with an earlier one, if one is known.

        A build of others is warned of what its steps tell; one of ours is when it ends.
        """
        build = this.build if this.build.ours else replace(this.build, warnings=false_hits(this.build))
        if earlier is None:
            first = words.FIRST_BUILD if build.project else _NO_PROJECT
            found = causes(this, None)
            return with_causes(build, {name: first if one == words.FIRST_BUILD else one for name, one in found.items()})
        if (this.lacks_files or earlier.lacks_files) and this.evidence.revision and earlier.evidence.revision:
            this, earlier = self._with_files(this), self._with_files(earlier)
        found = self._with_evictions(build, earlier.build, causes(this, earlier))
        return replace(with_causes(build, found), compared_with=earlier.build.ref)

    def warned(self, this: TracedBuild) -> Build:
        """Return a build of ours that just ended, compared already, with what is wrong with what it reused.

        Raises SourceError when the builder does not tell its records.
        """
        found = [*self._stale(this), *false_hits(this.build)]
        anew = any(flagged_ops(this, graph) for graph in this.evidence.graphs)
        if anew or mount_users(this.build):
            with closing(open_builder(self._docker, this.build.builder)) as builder:
                told, records = with_steps(this.build, builder), builder.snapshot().records
            found += empty_mounts(told, records) if told.told else ()
            earlier = self._journal.build(this.build.compared_with) if anew else None
            found += changed_results(this, self._traced(earlier), records) if earlier else ()
        return replace(this.build, warnings=tuple(found))

    def _with_evictions(self, build: Build, earlier: Build, found: Mapping[str, MissCause]) -> Mapping[str, MissCause]:
        """Return causes with what took the results that are gone; a builder that was not read since is read."""
        if not build.builder or not any(map(is_evicted, found.values())):
            return found
        seen = self._journal.seen_at(build.builder)
        if seen is None or seen < (build.completed_at or Instant.now()):
            with suppress(SourceError):  # then it stays unknown
                see_builder(self._docker, self._journal, build.builder)
        return with_evictions(found, build, earlier, self._journal.tombstones(build.builder))

    def _stale(self, this: TracedBuild) -> tuple[HitWarning, ...]:
        before = self._journal.earlier(this.build, MAX_EARLIER) if asks_earlier(this) else ()
        earlier = tuple(map(self._traced, before))
        whole = (one for one in earlier if any(graph.ops for graph in one.evidence.graphs))
        return stale(next((with_operations(this, one) for one in whole), this), earlier)

    def nearest(self, this: TracedBuild, others: Sequence[TracedBuild] = ()) -> TracedBuild | None:
        """Return the earlier build of its project that tells most, also of some others; None where none of it ran."""
        if not any(map(is_missed, this.build.steps)):
            return None
        found = nearest(this, (*others, *self._kept_before(this))) if this.build.ours else None
        if found and any(graph.ops for graph in found.evidence.graphs):
            return self._with_kept_files(found)
        with suppress(SourceError):  # a builder that can't be asked tells of no earlier build
            others = (*others, *self._told_before(this))
        found = nearest(this, (*others, *self._kept_before(this)))
        return self._with_kept_files(found) if found else None

    def named(self, name: str, builder: str = "") -> TracedBuild:
        """Return the build with a ref that begins so, or the `last`; of a builder's where one is named.

        Raises UsageError for none and for several, SourceError when the builder does not tell.
        """
        if builder:
            with closing(open_builder(self._docker, builder)) as source:
                beginning = "" if name == LAST else name
                found = [build for build in self._history(source) if build.ref.startswith(beginning)]
                return self._told(_only(name, found[:1] if name == LAST else found), source)
        if name == LAST:
            last = self._journal.last(self._here, str(self._folder))
            return self._traced(_only(name, last))
        return self._traced(_only(name, self._journal.beginning(name)))

    def recorded(self, path: Path, builds: Sequence[Build]) -> tuple[TracedBuild, ...]:
        """Return the builds that a build record holds with their evidence; raises ArchiveError."""
        evidence = read_build_evidence(path)
        found = (TracedBuild(build, evidence.get(build.ref, Evidence())) for build in builds)
        return tuple(replace(one, build=self._placed(one.build, _source(one.evidence))) for one in found)

    def _traced(self, build: Build) -> TracedBuild:
        """Return a build with its evidence: as the journal keeps it, else as its builder tells of it."""
        if (kept := self._journal.evidence(build.ref)) or build.ours:
            return TracedBuild(build, kept or Evidence())
        with closing(open_builder(self._docker, build.builder)) as builder:
            return self._told(build, builder)

    def _told(self, build: Build, builder: BuildKitBuilder) -> TracedBuild:
        if ours := self._journal.owner(build.ref):
            return self._traced(ours)
        build = build if build.steps else with_steps(build, builder)
        evidence = builder.evidence(build.node, build.ref)
        return TracedBuild(self._placed(build, _source(evidence)), evidence)

    def _history(self, builder: BuildKitBuilder) -> list[Build]:
        """Return the builds that a builder tells of, newest first."""
        told = {event.build.ref: event for event in builder.history(follow=False)}
        ended = [one for one in told.values() if one.build.status is not BuildStatus.RUNNING]
        ended.sort(key=lambda one: one.build.started_at, reverse=True)
        return [self._placed(one.build, one.vcs_source or one.build.folder) for one in ended]

    def _placed(self, build: Build, source: str) -> Build:
        """Return a build of others with its project, where its folder, its commit or its repository tells it."""
        build = self._branches.placed(build)
        if build.project:
            return build
        remote, here = remote_of(source.partition("#")[0]), self._here
        is_here = has_revision(self._folder, build.revision.removesuffix("-dirty"), self._docker.environment)
        if is_here or (remote and here.called(remote.repo)):
            return replace(build, project=here)
        return replace(build, project=Project(remote.repo, remote.repo)) if remote else build

    @cached_property
    def _here(self) -> Project:
        return read_project(self._folder, self._docker.environment)

    def _kept_before(self, this: TracedBuild) -> Iterator[TracedBuild]:
        """Yield the earlier builds of ours, without their files: what was worked out of those tells how near one is."""
        for one in self._journal.earlier(this.build, MAX_EARLIER):
            traced = TracedBuild(one, self._journal.evidence(one.ref, files=False) or Evidence())
            if _of_one_place(traced, this):
                yield traced

    def _with_kept_files(self, traced: TracedBuild) -> TracedBuild:
        return self._traced(traced.build) if traced.build.ours else traced

    def _told_before(self, this: TracedBuild) -> Iterator[TracedBuild]:
        """Yield the builds of others that its builder remembers of its project."""
        build = this.build
        if not build.builder:
            return
        with closing(open_builder(self._docker, build.builder)) as builder:
            refs = self._journal.refs()
            before = (one for one in self._history(builder) if one.started_at < build.started_at)
            found = (one for one in before if one.ref not in refs and _of_one_project(one, build))
            told = (self._told(one, builder) for one in islice(found, MAX_EARLIER))
            yield from (one for one in told if _of_one_place(one, this))

    def _with_files(self, traced: TracedBuild) -> TracedBuild:
        """Return a build with what its commit has of its context, where git knows it."""
        revision = traced.evidence.revision
        if traced.files or not revision:
            return traced
        try:
            return replace(traced, files=read_revision(self._folder, revision, self._docker.environment))
        except (SourceError, UsageError):
            return traced


def _source(evidence: Evidence) -> str:
    return evidence.revision.source if evidence.revision else ""


def _of_one_place(one: TracedBuild, other: TracedBuild) -> bool:
    """Tell whether two builds of a project are of one folder, or of the same one in two clones or worktrees."""
    places = [traced.evidence.revision.folder if traced.evidence.revision else None for traced in (one, other)]
    folders = [{traced.build.folder, traced.build.context} - {""} for traced in (one, other)]
    return not folders[0].isdisjoint(folders[1]) or (None not in places and places[0] == places[1])


def _of_one_project(one: Build, other: Build) -> bool:
    """Tell whether two builds are of one project, or of one address."""
    if one.project and other.project:
        return one.project.may_be(other.project)
    return bool(one.folder) and one.folder == other.folder


def _only(name: str, found: Sequence[Build]) -> Build:
    """Return the one build that was found by a name; raises UsageError for none and for several."""
    if len(found) > 1:
        raise UsageError(f"the refs of several builds begin with {name}", hint="Give more of it.")
    if not found:
        raise UsageError("no build is known yet" if name == LAST else f"no build {name} is known", hint=_HINT)
    return found[0]
