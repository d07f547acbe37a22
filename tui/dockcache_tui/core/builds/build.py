"""Builds and steps as they are kept and shown."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum

from dockcache_tui.core.builds.cause import HitWarning, MissCause
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.scope import BranchScope, Project


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A Dockerfile as the frontend read it, unsafe to print as it is."""

    name: str
    text: str


class StepState(StrEnum):
    """What became of a step; a false hit said CACHED and ran all the same."""

    WAITING = "waiting"
    RUNNING = "running"
    REUSED = "reused"
    BUILT = "built"
    FALSE_HIT = "false hit"
    FAILED = "failed"
    CANCELED = "canceled"


class Prediction(StrEnum):
    """What is predicted of a step that has not run."""

    HIT = "hit"
    MISS = "miss"
    UNKNOWN = "unknown"


class BuildStatus(StrEnum):
    """What became of a build."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    LOST = "lost"
    """We stopped hearing of it: the app or the engine was killed."""


@dataclass(frozen=True, slots=True)
class Step:
    """One vertex of a build; internal, source and export vertices are not `cacheable` and never count in reuse."""

    digest: str
    name: str
    state: StepState
    cacheable: bool
    started_at: Instant | None = None
    completed_at: Instant | None = None
    stage: str = ""
    line: int | None = None
    bytes_moved: int = 0
    bytes_total: int = 0
    error: str = ""
    cause: MissCause | None = None
    """Why it was not reused; None where it was, or nobody has looked."""
    prediction: Prediction | None = None
    """What was predicted of it; None where nothing was."""
    layers: tuple[str, ...] = ()
    """Digests of the layers it made, lowest first: those that an export or an import packed, as history tells."""
    received_at: Instant | None = field(default=None, compare=False)
    """When it began to move bytes: the record of a local source was made by then. The journal does not keep it."""
    lost: str = field(default="", compare=False)
    """What BuildKit said of a false hit when its data was gone. The journal does not keep it."""

    @property
    def cached(self) -> bool:
        """Tell whether the step was truly reused."""
        return self.state is StepState.REUSED

    @property
    def word(self) -> str:
        """Return what became of it: its state, or `done` where it ended well and does not count in reuse."""
        ended_well = self.state in (StepState.BUILT, StepState.REUSED)
        return "done" if ended_well and not self.cacheable else self.state.value

    @property
    def duration(self) -> float | None:
        """Return the seconds of its last interval; None while it has not both started and completed."""
        if self.started_at is None or self.completed_at is None:
            return None
        return max(0.0, self.completed_at.seconds_since(self.started_at))


@dataclass(frozen=True, slots=True)
class Build:
    """One build with its steps; `time_saved` is seconds against the last time each reused step ran."""

    ref: str
    builder: str
    started_at: Instant
    status: BuildStatus
    node: str = ""
    """Empty when it ran on several, or when that is not known."""
    folder: str = ""
    """Where it was built, or the address of its context."""
    context: str = ""
    """The folder whose files it sent; empty where it sent none, several, or that is not known."""
    target: str = ""
    project: Project | None = None
    branch: BranchScope | None = None
    branch_candidates: tuple[BranchScope, ...] = ()
    """The branches it may be of, where it is not known which."""
    revision: str = ""
    completed_at: Instant | None = None
    steps: tuple[Step, ...] = ()
    time_saved: float | None = None
    weighted_reuse: float | None = None
    error: str = ""
    ours: bool = field(default=True)
    """False for a build that something else started on the builder."""
    compared_with: str = ""
    """The ref of the earlier build that the causes of its steps were found by; empty where there was none."""
    warnings: tuple[HitWarning, ...] = ()
    told: bool = False
    """Whether its node told its steps, by its own clock; of one that others started nothing is known without."""

    @property
    def cacheable(self) -> int:
        """Return how many steps could have been reused; while it runs, of those that have begun."""
        return sum(step.cacheable and step.state is not StepState.WAITING for step in self.steps)

    @property
    def cached(self) -> int:
        """Return how many steps were truly reused."""
        return sum(step.cacheable and step.cached for step in self.steps)

    @property
    def reuse(self) -> float | None:
        """Return cached / cacheable from 0 to 1; None when nothing was cacheable."""
        return self.cached / self.cacheable if self.cacheable else None

    @property
    def duration(self) -> float | None:
        """Return the seconds it took; None while it runs."""
        return self.completed_at.seconds_since(self.started_at) if self.completed_at else None


@dataclass(frozen=True, slots=True)
class BuildSpec:
    """What to build and how; `file` is a Dockerfile, bake or compose file inside or beside `project`.

    It is empty for the bake or compose files that docker finds in the project by itself, `-` for stdin.
    """

    project: str
    file: str = "Dockerfile"
    kind: str = "dockerfile"
    """`dockerfile`, `bake` or `compose`."""
    context: str = "."
    builder: str = ""
    target: str = ""
    build_args: tuple[tuple[str, str | None], ...] = ()
    """One without a value takes the environment's, each time."""
    cache_from: tuple[str, ...] = ()
    cache_to: tuple[str, ...] = ()
    no_cache: bool = False
    extra: tuple[str, ...] = ()
    """Further words for buildx, given after `--`."""
    more_files: tuple[str, ...] = ()
    """Bake or compose files that are read after `file`."""


def merge(journal: Iterable[Build], history: Iterable[Build]) -> tuple[Build, ...]:
    """Return every build once, newest first; what the journal knows of a build in both wins, but how it ended.

    A build that several nodes tell of is of no one node.
    """
    ours = {build.ref: build for build in journal}
    for heard in history:
        known = ours.get(heard.ref)
        if known is None:
            ours[heard.ref] = heard
            continue
        ours[heard.ref] = known = on_nodes(known, heard)
        if _unknown_end(known) and heard.status is not BuildStatus.RUNNING:
            ended = replace(known, status=heard.status, completed_at=heard.completed_at, error=heard.error)
            saved = heard.status is BuildStatus.SUCCEEDED
            ours[heard.ref] = ended if saved else replace(ended, time_saved=None, weighted_reuse=None)
    return tuple(sorted(ours.values(), key=lambda build: build.started_at, reverse=True))


def on_nodes(known: Build, heard: Build) -> Build:
    """Return a build as one of no single node where another node tells of it too: buildx gives both one ref."""
    return replace(known, node="") if known.node and known.node != heard.node else known


def _unknown_end(build: Build) -> bool:
    return build.status is BuildStatus.LOST or (build.status is BuildStatus.RUNNING and not build.ours)
