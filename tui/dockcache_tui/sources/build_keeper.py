"""Keeps a build in the journal while it runs. The build goes on when that fails; `notice` says so."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from time import monotonic

from dockcache_tui.core.builds.build import Build, BuildSpec, BuildStatus, StepState
from dockcache_tui.core.builds.next_build import remembered
from dockcache_tui.core.builds.outcome import failing_line
from dockcache_tui.core.builds.reducer import LiveBuild
from dockcache_tui.core.builds.time_shares import with_shares
from dockcache_tui.core.errors import DockcacheError
from dockcache_tui.core.explain.cause_words import unknown
from dockcache_tui.core.explain.causes import with_causes
from dockcache_tui.core.explain.evidence import Evidence
from dockcache_tui.core.explain.traced_build import TracedBuild, is_missed
from dockcache_tui.core.instant import Instant
from dockcache_tui.sources.build_context import ContextSnapshot
from dockcache_tui.sources.build_evidence import NO_REF, EvidenceOfOurs, Folders
from dockcache_tui.sources.buildx_files import BuildRefs, RefWatch, bake_targets_of
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.explanations import Explanations
from dockcache_tui.sources.git import read_checkout
from dockcache_tui.sources.history_reading import HistoryReading
from dockcache_tui.sources.journal import Journal
from dockcache_tui.sources.provenance import history_tells

_PAUSE = 0.1
"""Seconds between two looks for the ref."""
_MAX_EARLIER = 3


class BuildKeeper:
    """One build's entry in the journal."""

    def __init__(self, docker: Docker, journal: Journal, spec: BuildSpec, live: LiveBuild) -> None:
        """Write down that the build begins; raises SourceError when the journal can't be used."""
        self._docker, self._journal, self._spec, self._live = docker, journal, spec, live
        self._checkout = read_checkout(Path(spec.project), docker.environment)
        self._last = journal.last_durations(spec.project)
        self._watch = RefWatch(docker.environment)
        self._refs = BuildRefs(spec.builder, "", ())
        self._looked = 0.0
        self._started_at = Instant.now()
        kept = remembered(spec, journal.last_spec(spec.project), docker.environment)
        self._ref = journal.begin(kept, self._checkout, self._started_at)
        self.notice = journal.notice
        self._snapshot = ContextSnapshot(spec, docker, journal.stamps)

    def look(self) -> None:
        """Write down what finished, and learn BuildKit's own ref."""
        steps = self._live.take_finished()
        if steps:
            self._try(lambda: self._journal.record(self._ref, steps))
            self._snapshot.look(self._live.snapshot())
        if not self._refs.refs and monotonic() - self._looked > _PAUSE:
            self._looked = monotonic()
            self._learn(self._watch.find(self._context_folder()))

    def finish(self, status: BuildStatus, error: str, refs: BuildRefs | None) -> Build:
        """Write down the end, and return the build."""
        ended = Instant.now()
        self._live.end(status, ended)
        # The metadata file tells of one node only.
        whole = self._watch.find(self._context_folder())
        self._learn(whole if refs and whole and set(refs.refs) <= set(whole.refs) else refs)
        build = replace(self.build(status), completed_at=ended, error=error)
        self._try(lambda: self._journal.finish(self._ref, build))
        reading = HistoryReading(self._docker, self._refs, self._spec) if self._refs.refs else None
        build = self._with_history(build)
        self._try(lambda: self._journal.finish(self._ref, build))
        folders = self._snapshot.contexts(succeeded=status is BuildStatus.SUCCEEDED)
        self.notice = self._snapshot.problem or self.notice
        return self._explained(build, reading.evidence() if reading else Evidence(missing=(NO_REF,)), folders)

    def build(self, status: BuildStatus) -> Build:
        """Return the build as it stands."""
        build = Build(
            ref=self._refs.refs[0] if self._refs.refs else self._ref,
            builder=self._refs.builder,
            node=self._refs.node,
            started_at=self._started_at,
            status=status,
            folder=self._spec.project,
            context=self._context_folder() or "",
            target=self._spec.target,
            project=self._checkout.project,
            branch=self._checkout.branch,
            revision=self._checkout.revision,
            steps=self._live.snapshot(),
        )
        return with_shares(build, self._last)

    def _with_history(self, build: Build) -> Build:
        lines: dict[str, int] = {}
        layers: dict[str, tuple[str, ...]] = {}
        for ref in self._refs.refs:
            told = history_tells(self._docker, self._refs.builder, ref)
            lines |= told.lines
            layers |= told.layers
        failing = failing_line(self._live.noise().lines)
        return replace(
            build,
            steps=tuple(
                replace(
                    step,
                    line=failing if step.state is StepState.FAILED else lines.get(step.digest),
                    layers=layers.get(step.digest, ()),
                )
                for step in build.steps
            ),
        )

    def _context_folder(self) -> str | None:
        local = self._spec.kind == "dockerfile"
        return str(Path(self._spec.project, self._spec.context).resolve()) if local else None

    def _learn(self, refs: BuildRefs | None) -> None:
        if refs and refs != self._refs:
            self._refs = refs
            self._try(lambda: self._journal.name(self._ref, refs.refs, refs.builder, refs.node))

    def _explained(self, build: Build, told: Evidence, folders: Folders) -> Build:
        """Return the build with why its steps ran and what is wrong with those reused, kept with its evidence."""
        if not build.steps:
            return build
        targets = bake_targets_of(self._docker.environment, self._refs)
        ours = EvidenceOfOurs(
            build, told, folders, targets, self._journal.copy, self._spec, lambda: self._earlier(build)
        )
        explanations = Explanations(self._docker, self._journal, Path(self._spec.project))
        explained = build
        try:
            evidence = ours.put_together()
            self._try(lambda: self._journal.keep_evidence(self._ref, evidence, ours.copies))
            this = TracedBuild(build, evidence)
            explained = explanations.explained(this, explanations.nearest(this))
            explained = explanations.warned(TracedBuild(explained, evidence))
        except Exception as error:  # noqa: BLE001 - no build fails by what is said of it
            cause = unknown(f"It could not be worked out: {error!r}.")
            about = "Why steps were not reused" if explained is build else "What is wrong with those reused"
            self.notice = f"{about}: {cause.text}"
            if explained is build:
                explained = with_causes(build, {step.digest: cause for step in build.steps if is_missed(step)})
        self._try(lambda: self._journal.finish(self._ref, explained))
        return explained

    def _earlier(self, build: Build) -> Iterator[Evidence]:
        """Yield what is known of the builds before, of some at most."""
        for one in self._journal.earlier(build, _MAX_EARLIER):
            yield self._journal.evidence(one.ref, files=False) or Evidence()

    def _try(self, write: Callable[[], None]) -> None:
        try:
            write()
        except (DockcacheError, OSError) as error:
            self.notice = str(error)
