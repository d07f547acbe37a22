"""One job of one experiment, as it was measured."""

from dataclasses import astuple, dataclass
from typing import Self

from dockcache_tui.core.instant import Instant
from dockcache_tui.core.lab.experiment import Situation

BUILD_JOB = "build"
"""The job that builds; the later ones are `say 1`, `say 2`, ..."""


@dataclass(frozen=True, slots=True)
class _Sum:
    """Numbers that are added field by field."""

    def __add__(self, other: Self) -> Self:
        return type(self)(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True, slots=True)
class Split(_Sum):
    """A job's wall time in seconds, by what it went to; `total` is their sum."""

    setup: float = 0.0
    """Starting the job's fresh builder."""
    importing: float = 0.0
    """Reading cache manifests, and fetching cached layers and base images."""
    building: float = 0.0
    """Running the Dockerfile's steps."""
    exporting: float = 0.0
    """Writing the image and saving the cache."""
    transfer: float = 0.0
    """Carrying the image as an artifact: save, upload, download, load."""
    rest: float = 0.0
    """Everything else: the tools' own start, and the program's run."""

    @property
    def total(self) -> float:
        """Return the seconds from the job's start to its end."""
        return sum(astuple(self), 0.0)


@dataclass(frozen=True, slots=True)
class Counts(_Sum):
    """What a job moved, reused, downloaded and compiled."""

    up: int = 0
    """Bytes sent to the Actions service."""
    down: int = 0
    """Bytes received from it."""
    pulled: int = 0
    """Bytes of base images pulled from a registry."""
    reused: int = 0
    """Steps truly reused, of those that `cacheable` counts."""
    cacheable: int = 0
    modules: int = 0
    """Go modules downloaded."""
    own: int = 0
    """The program's own packages compiled."""
    dependencies: int = 0
    """Packages of its dependencies compiled."""
    standard: int = 0
    """Packages of Go's standard library compiled."""

    @property
    def reuse(self) -> float | None:
        """Return the true reuse from 0 to 1; None where nothing could be reused."""
        return self.reused / self.cacheable if self.cacheable else None


@dataclass(frozen=True, slots=True)
class JobResult:
    """One job; `round` counts from 1, `build` is the journal's ref of its build, empty where it built nothing."""

    experiment: str
    situation: Situation
    round: int
    job: str
    started_at: Instant
    completed_at: Instant
    split: Split
    counts: Counts
    build: str = ""
    error: str = ""
    """Why the job failed; empty when it did not."""
    notes: tuple[str, ...] = ()
    """What the build's tools said beside its progress, such as that the runtime environment is missing."""

    @property
    def is_build(self) -> bool:
        """Tell whether it is the job that builds."""
        return self.job == BUILD_JOB
