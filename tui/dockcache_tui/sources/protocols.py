"""What the front ends ask of the outside world; every source stands behind one of these."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol, TypeVar

from dockcache_tui.core.archives.archive import MAX_FOUND, Archive, BuildRecord, ImageContents
from dockcache_tui.core.archives.diff import MAX_FILES, ArchiveDiff
from dockcache_tui.core.archives.engine_image import EngineImage, Loaded
from dockcache_tui.core.archives.file_entry import TreeEntry
from dockcache_tui.core.builds.build import Build, BuildSpec
from dockcache_tui.core.builds.progress import Progress
from dockcache_tui.core.builds.reducer import LiveBuild
from dockcache_tui.core.caches.cache import RepositoryUsage
from dockcache_tui.core.errors import SourceError
from dockcache_tui.core.lab.run import LabPlan, LabProgress, LabRun
from dockcache_tui.core.records.record import BuilderInfo, BuilderSnapshot, PruneOutcome, Record
from dockcache_tui.core.scope import Checkout
from dockcache_tui.sources.command_log import LoggedCommand
from dockcache_tui.sources.github.protocol import ActionsSource

T_co = TypeVar("T_co", covariant=True)


class Archives(Protocol):
    """Archives of this machine. Methods block: call them off the event loop. All raise ArchiveError.

    What names a layer looks at what that layer did, else the image is looked at as a whole.
    """

    def find(self, folder: Path) -> tuple[Path, ...]:
        """Return what looks like an archive in a folder, by content, newest first; does not read further."""

    def read(self, path: Path) -> Archive:
        """Read what an archive holds, without its files; what is wrong with it is told in its faults."""

    def children(
        self,
        path: Path,
        image: str,
        folder: str = "",
        *,
        layer: str = "",
        done: Callable[[int, int], None] | None = None,
    ) -> tuple[TreeEntry, ...]:
        """Return what is in a folder of an image, or of one layer; the first call indexes, telling its progress."""

    def search(
        self, path: Path, image: str, text: str, *, layer: str = "", limit: int = MAX_FOUND
    ) -> tuple[TreeEntry, ...]:
        """Return the paths of an image that hold a text."""

    def contents(self, path: Path, image: str, *, done: Callable[[int, int], None] | None = None) -> ImageContents:
        """Return what is known of an image once its layers were read: unpacked sizes, waste, faults."""

    def content(self, path: Path, image: str, file: str, *, layer: str = "", limit: int) -> bytes:
        """Return the first bytes of a file of an image, or as a layer put it."""

    def save(self, path: Path, image: str, file: str, to: Path, *, layer: str = "", replace: bool = False) -> Path:
        """Save one file into a folder, never outside it, over a file only when told; returns where it is."""

    def builds(self, path: Path) -> tuple[BuildRecord, ...]:
        """Return the builds of a .dockerbuild, newest first, with their steps and what those said."""

    def diff(self, first: Path, second: Path, *, only: Collection[str] = (), most: int = MAX_FILES) -> ArchiveDiff:
        """Compare two archives: layers by digest, then files; `only` narrows those told to what differs in these."""


class HistoryEventType(StrEnum):
    """What ListenBuildHistory says of a build."""

    STARTED = "started"
    COMPLETE = "complete"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """A build on the builder started, completed or was deleted; `build` has no steps."""

    type: HistoryEventType
    build: Build
    vcs_source: str = ""


class Stream(Protocol[T_co]):
    """An endless or long iteration that another thread may end with close()."""

    def __iter__(self) -> Iterator[T_co]:
        """Iterate; ends after close(), raises SourceError when the source dies."""

    def close(self) -> None:
        """End the iteration from any thread; may be called twice."""


class History(Stream[HistoryEvent], Protocol):
    """The builds of every node, oldest first."""

    @property
    def failures(self) -> Mapping[str, SourceError]:
        """Why nodes did not tell their past builds, by their names."""


class Builder(Protocol):
    """One buildx builder with all its nodes. Methods block: call them off the event loop. All raise SourceError."""

    name: str
    driver: str

    def snapshot(self) -> BuilderSnapshot:
        """Read every record of every node at once; a node that fails is told in its NodeStatus, all failing raises."""

    def prune(self, records: Sequence[Record]) -> PruneOutcome:
        """Prune exactly these records in the order given, until told to end; raises nothing, but tells all."""

    def history(self, *, follow: bool) -> History:
        """Stream the builds of every node, newest last; with `follow` go on with live ones and reconnect."""

    def status(self, node: str, ref: str) -> Stream[Progress]:
        """Stream the progress of one build of a node, from its beginning."""

    def close(self) -> None:
        """Let go of channels and processes."""


class RunningBuild(Protocol):
    """A build under way that we launched: iterating moves it on, `live` shows its steps and logs to any thread."""

    @property
    def live(self) -> LiveBuild:
        """The steps and logs so far."""

    def __iter__(self) -> Iterator[Progress]:
        """Yield progress until the build ends; raises DockcacheError when it failed before its first step."""

    def cancel(self) -> None:
        """Cancel the build from any thread."""

    def result(self) -> Build:
        """Return the build as it stands; its ref changes once, when BuildKit tells its own."""


class RunningLab(Protocol):
    """A run of the lab under way: iterating moves it on, one thread iterates, any may cancel."""

    def __iter__(self) -> Iterator[LabProgress]:
        """Run the jobs that are left, telling each phase and each finished job; raises DockcacheError."""

    def cancel(self) -> None:
        """End it from any thread and return at once; what was measured so far is kept and can be resumed."""

    def result(self) -> LabRun:
        """Return the run with the jobs finished so far."""


Say = Callable[[str], None]
"""Is told a line about what takes a while."""
BeginLab = Callable[[LabPlan | None, Say], AbstractContextManager[RunningLab]]
"""Begins a run of the lab, as `Workspace.lab` does."""


class Images(Protocol):
    """The images of the engine that docker talks to. Methods block; all raise DockcacheError."""

    def all(self) -> tuple[EngineImage, ...]:
        """Return every image, newest first."""

    def load(self, path: Path, done: Callable[[int, int], None] | None = None) -> Loaded:
        """Load an archive, telling which layers were there before; `done` is told bytes and all bytes."""

    def save(
        self, name: str, to: Path, done: Callable[[int, int], None] | None = None, *, replace: bool = False
    ) -> Path:
        """Write an image to a file, over another only when told, and return the file."""


class Workspace(Protocol):
    """All that the front ends need for one project. Methods block: call them off the event loop."""

    recorded: bool
    """True when a recording stands for the engine."""
    organisation: str
    """The organisation on GitHub that is looked at instead of the project's repository, or empty."""

    @property
    def notice(self) -> str:
        """Return what the user should know of the journal; empty when there is nothing."""

    def checkout(self) -> Checkout:
        """Return what git says of the project's folder."""

    def builders(self) -> tuple[BuilderInfo, ...]:
        """List the builders; raises SourceError."""

    def connect(self, name: str) -> Builder:
        """Open a builder (unnamed: the last one used here, else the current); raises SourceError."""

    def placed(self, build: Build) -> Build:
        """Return a build that others started with its branch, where its revision tells it."""

    def known_builds(self, builder: Builder) -> tuple[Build, ...]:
        """Return all builds whose steps tell whose a builder's records are, as far as each has come."""

    def see(self, snapshot: BuilderSnapshot, builds: Sequence[Build]) -> None:
        """Keep which records a builder has, so that of those that go it is known when and why; raises nothing.

        `builds` are all that are known of it. It takes a while when records went.
        """

    def last_durations(self, build: Build) -> Mapping[str, float]:
        """Return the seconds each step of a build's project took when it last ran; none for an unknown project."""

    def builds(self) -> tuple[Build, ...]:
        """Return the journal's builds of this project, newest first, with their steps."""

    def kept(self, ref: str) -> Build | None:
        """Return a build that the journal keeps, of any project."""

    def explain(self, build: Build, against: str = "", file: str = "") -> Build:
        """Return a build with why its steps were not reused, compared with the nearest earlier one, or with a ref's.

        `file` is the build record that holds it, if one does. Raises UsageError for a ref that is not known,
        SourceError when the builder does not tell of the build, ArchiveError for a file that can't be read.
        """

    def lab_runs(self) -> tuple[LabRun, ...]:
        """Return the lab's runs on this machine, newest first."""

    def lab(self, plan: LabPlan | None, say: Say) -> AbstractContextManager[RunningLab]:
        """Lend an engine to a run of the lab; without a plan to the one that was left unfinished.

        `say` is told what is fetched for it. Raises DockcacheError.
        """

    def actions(self, repo: str = "") -> ActionsSource:
        """Open a repository on GitHub (unnamed: the project's own); raises UsageError when none is known."""

    def repositories(self) -> tuple[RepositoryUsage, ...]:
        """Return how much each repository of the organisation keeps, biggest first; raises DockcacheError."""

    def archives(self) -> Archives:
        """Return what reads archives."""

    def archive_files(self) -> tuple[Path, ...]:
        """Return the archives in the project's folder, newest first."""

    def located(self, archive: Archive) -> Archive:
        """Return an archive with the branches that its revisions are on, where git tells."""

    def images(self) -> Images:
        """Return the engine's images."""

    def spec(self, say: Callable[[str], None] = ...) -> BuildSpec:
        """Return what `b` builds: as last time, else what is found; `say` is told what is passed over.

        Raises UsageError when there is nothing.
        """

    def start(self, spec: BuildSpec) -> RunningBuild:
        """Start a build; raises DockcacheError."""

    def commands(self) -> tuple[LoggedCommand, ...]:
        """Return every command that was run."""

    def close(self) -> None:
        """End the builds that still run, let go of everything."""
