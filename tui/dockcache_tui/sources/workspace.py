"""A project on this machine: its folder, docker, the builders and the journal."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from pathlib import Path

from dockcache_tui.core.archives.archive import Archive
from dockcache_tui.core.builds.build import Build, BuildSpec
from dockcache_tui.core.builds.next_build import repeated
from dockcache_tui.core.caches.cache import RepositoryUsage
from dockcache_tui.core.errors import UsageError
from dockcache_tui.core.lab.run import LabPlan, LabRun
from dockcache_tui.core.records.record import BuilderInfo, BuilderSnapshot
from dockcache_tui.core.scope import Checkout
from dockcache_tui.sources.archives.local import LocalArchives
from dockcache_tui.sources.branches import RevisionBranches
from dockcache_tui.sources.build_runner import Runner
from dockcache_tui.sources.builders import is_gone, list_builders
from dockcache_tui.sources.buildkit.builder import open_builder
from dockcache_tui.sources.command_log import LoggedCommand
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.engine_images import EngineImages
from dockcache_tui.sources.explanations import Explanations
from dockcache_tui.sources.git import read_checkout
from dockcache_tui.sources.github.protocol import ActionsSource
from dockcache_tui.sources.github.source import open_actions, read_usage
from dockcache_tui.sources.journal import Journal
from dockcache_tui.sources.journal.lab_runs import LabRuns
from dockcache_tui.sources.known_builds import KnownBuilds
from dockcache_tui.sources.project import find_spec
from dockcache_tui.sources.protocols import Archives, BeginLab, Builder, Images, RunningBuild, RunningLab, Say
from dockcache_tui.sources.seen_records import see


class ProjectWorkspace:
    """The real thing behind the Workspace protocol."""

    recorded = False

    def __init__(
        self,
        project: Path,
        docker: Docker,
        journal: Journal,
        repo: str = "",
        organisation: str = "",
        lab: BeginLab | None = None,
    ) -> None:
        """Take the project's folder, what to build it with and keep it in, and whose caches to look at but git's.

        Without a `lab` no experiments can be run.
        """
        self._repo, self.organisation, self._lab = repo, organisation, lab
        self._project, self._docker, self._journal = project.resolve(), docker, journal
        self._runner = Runner(docker, journal)
        self._branches = RevisionBranches(self._project, docker.environment)
        self._explanations = Explanations(docker, journal, self._project)
        self._known, self._archives = KnownBuilds(journal, self._branches), LocalArchives()

    @property
    def notice(self) -> str:
        return self._journal.notice

    def checkout(self) -> Checkout:
        return read_checkout(self._project, self._docker.environment)

    def builders(self) -> tuple[BuilderInfo, ...]:
        return list_builders(self._docker)

    def connect(self, name: str) -> Builder:
        """Open a builder; unnamed BUILDX_BUILDER's, else the one that last built this project, else the current one."""
        last = self._journal.last_spec(str(self._project))
        again = repeated(last, self._docker.environment).builder if last and not name else ""
        if again and not is_gone(self._docker, again):
            name = again
        return open_builder(self._docker, name)

    def placed(self, build: Build) -> Build:
        return self._branches.placed(build)

    def known_builds(self, builder: Builder) -> tuple[Build, ...]:
        """Return all builds whose steps tell whose a builder's records are."""
        return self._known.of(builder)

    def see(self, snapshot: BuilderSnapshot, builds: Sequence[Build]) -> None:
        see(self._journal, snapshot, builds)

    def last_durations(self, build: Build) -> Mapping[str, float]:
        """Return the seconds each step of a build took in its folder when it last ran.

        Where the folder is not known but the revision is of this repository, the project's folder counts.
        """
        here = build.branch or build.branch_candidates
        return self._journal.last_durations(build.folder or (str(self._project) if here else ""))

    def builds(self) -> tuple[Build, ...]:
        """Return the journal's builds of this project, newest first; raises SourceError."""
        return self._journal.builds(str(self._project))

    def kept(self, ref: str) -> Build | None:
        return self._journal.build(ref)

    def explain(self, build: Build, against: str = "", file: str = "") -> Build:
        return self._explanations.explain(build, against, file)

    def lab_runs(self) -> tuple[LabRun, ...]:
        with closing(LabRuns()) as kept:
            return kept.runs()

    def lab(self, plan: LabPlan | None, say: Say) -> AbstractContextManager[RunningLab]:
        """Lend an engine to a run of the lab; without a plan to the one that was left unfinished."""
        if self._lab is None:
            raise UsageError("experiments can't be run from here", hint="Use `dockcache-tui lab run`.")
        return self._lab(plan, say)

    def actions(self, repo: str = "") -> ActionsSource:
        return open_actions(repo or self._repo, self._project, log=self._docker.log)

    def repositories(self) -> tuple[RepositoryUsage, ...]:
        return read_usage(self.organisation, log=self._docker.log)

    def archives(self) -> Archives:
        return self._archives

    def archive_files(self) -> tuple[Path, ...]:
        """Return the archives in the project's folder and the current one, newest first."""
        return tuple(dict.fromkeys((*self._archives.find(self._project), *self._archives.find(Path.cwd()))))

    def located(self, archive: Archive) -> Archive:
        return self._branches.located(archive)

    def images(self) -> Images:
        return EngineImages(self._docker)

    def spec(self, say: Callable[[str], None] = lambda _: None) -> BuildSpec:
        """Return what to build: as last time, else what is found; raises UsageError when there is nothing."""
        return find_spec(self._project, self._docker, self._journal, say=say)

    def start(self, spec: BuildSpec) -> RunningBuild:
        """Start a build; raises SourceError."""
        return self._runner.start(spec)

    def commands(self) -> tuple[LoggedCommand, ...]:
        """Return every command that was run, oldest first."""
        return self._docker.log.entries()

    def close(self) -> None:
        """End the builds that still run and let go of the journal."""
        self._runner.close()
        self._archives.close()
        self._journal.close()
