"""One run of the lab: what was asked for, where it ran, its measured jobs, and how long the rest will take."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import astuple, dataclass, field
from enum import StrEnum
from statistics import fmean
from typing import Self

from dockcache_tui.core.instant import Instant
from dockcache_tui.core.lab.experiment import EXPERIMENTS, Situation

BUILD_JOB = "build"
"""The job that builds; the later ones are `say 1`, `say 2`, ..."""
PHRASES = ("Reuse what you have", "A warm cache builds fast", "Same layers, fewer minutes")
"""What the later jobs let the program say."""
Which = tuple[str, Situation, bool]
"""Experiment, situation, and whether it is the job that builds."""
_OVERHEAD = 1.5
"""Seconds that a job takes beside what is measured of it: taking its builder away, keeping its build."""


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
        return self.job == BUILD_JOB


class LabStatus(StrEnum):
    """How far a run of the lab got; all but `complete` can be resumed."""

    RUNNING = "running"
    COMPLETE = "complete"
    CANCELED = "canceled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class LabPlan:
    """What is asked of the lab: names of experiments, situations, how many rounds, a later job for each phrase."""

    experiments: tuple[str, ...] = tuple(one.name for one in EXPERIMENTS)
    situations: tuple[Situation, ...] = tuple(Situation)
    rounds: int = 1
    phrases: tuple[str, ...] = PHRASES

    @property
    def workflows(self) -> tuple["Workflow", ...]:
        """Return every run of a workflow, in order: the experiments take turns, and each begins cold in each round."""
        return tuple(
            Workflow(name, situation, number)
            for number in range(1, self.rounds + 1)
            for situation in self.until()
            for name in self.experiments
        )

    def until(self, last: Situation | None = None) -> tuple[Situation, ...]:
        """Return the situations of a round in their order, up to one of them; each round begins cold."""
        every = [one for one in Situation if one in self.situations or one is Situation.COLD]
        return tuple(every[: every.index(last) + 1] if last else every)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of a workflow's jobs, in order."""
        return (BUILD_JOB, *(f"say {number}" for number in range(1, len(self.phrases) + 1)))


@dataclass(frozen=True, slots=True)
class Workflow:
    """One run of an experiment's workflow: a build job and the later ones."""

    experiment: str
    situation: Situation
    round: int


@dataclass(frozen=True, slots=True)
class LabMachine:
    """Where a run took place."""

    system: str = ""
    processor: str = ""
    cores: int = 0
    memory: int = 0
    """Bytes."""
    docker: str = ""
    buildkit: str = ""
    go: str = ""


@dataclass(frozen=True, slots=True)
class LabRun:
    """One run of the lab with the jobs it has finished; `id` counts the runs of this machine's journal."""

    id: int
    started_at: Instant
    status: LabStatus
    plan: LabPlan
    machine: LabMachine = field(default_factory=LabMachine)
    jobs: tuple[JobResult, ...] = ()
    completed_at: Instant | None = None

    @property
    def skipped(self) -> int:
        """Return how many jobs never ran because the one that builds had failed."""
        return sum(len(self.plan.phrases) for job in self.jobs if job.error)

    @property
    def left(self) -> tuple[Workflow, ...]:
        """Return the runs of workflows that are still to do; one that was cut off has kept no job."""
        done = {Workflow(job.experiment, job.situation, job.round) for job in self.jobs}
        return tuple(workflow for workflow in self.plan.workflows if workflow not in done)


@dataclass(frozen=True, slots=True)
class LabProgress:
    """How far a run is: `phase` says what the job is doing; `finished` is the job that just ended, if one did."""

    done: int
    jobs: int
    workflow: Workflow
    job: str
    phase: str
    eta: float | None = None
    """Seconds that are probably left; None while nothing tells."""
    finished: JobResult | None = None


def seconds_left(run: LabRun, earlier: Iterable[JobResult] = ()) -> float | None:
    """Return the seconds that the jobs not yet done will take; None while no job tells.

    A job takes what it took in an earlier round, else in an earlier run, else what such a job takes in general.
    """
    known = [*earlier, *run.jobs]
    if not known:
        return None
    exact = {(job.experiment, job.situation, job.is_build): job.split.total for job in known}
    every = [job.split.total for job in known]
    general = {kind: [job.split.total for job in known if job.is_build is kind] or every for kind in (True, False)}
    left = Counter((flow.experiment, flow.situation, name == BUILD_JOB) for flow in run.left for name in run.plan.names)
    if run.jobs and not run.jobs[-1].error:
        left += _of_the_last(run)
    return sum(count * (_OVERHEAD + exact.get(which, fmean(general[which[2]]))) for which, count in left.items())


def _of_the_last(run: LabRun) -> Counter[Which]:
    """Return the later jobs that the workflow under way still has."""
    last = run.jobs[-1]
    done = sum(
        (job.experiment, job.situation, job.round) == (last.experiment, last.situation, last.round) for job in run.jobs
    )
    return Counter({(last.experiment, last.situation, False): len(run.plan.names) - done})
