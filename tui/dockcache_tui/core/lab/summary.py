"""A run's jobs, summed up: one row for each experiment in each situation, with medians and spread over the rounds."""

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from statistics import median

from dockcache_tui.core.lab.experiment import EXPERIMENTS, Situation
from dockcache_tui.core.lab.run import Counts, JobResult, LabRun, Split


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle of some measurements in seconds, and their ends."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Sum up at least one value."""
        return cls(median(values), min(values), max(values))


@dataclass(frozen=True, slots=True)
class JobRow:
    """One job over the rounds: medians of its split and counts."""

    job: str
    total: Spread
    split: Split
    counts: Counts


@dataclass(frozen=True, slots=True)
class LabRow:
    """One experiment in one situation: `total` is the time of all its jobs, `wall` until the slowest later job ends."""

    experiment: str
    situation: Situation
    rounds: int
    total: Spread
    wall: Spread
    split: Split
    """Medians over the rounds, of all jobs together."""
    counts: Counts
    jobs: tuple[JobRow, ...]
    builds: tuple[str, ...]
    """The journal's refs of all builds behind the row."""
    error: str = ""
    """Why its build job failed; empty when it did not."""


def summarize(run: LabRun) -> tuple[LabRow, ...]:
    """Return the rows of the complete runs of workflows, by situation, then as the experiments are listed."""
    rows = (
        _row(situation, one.name, [job for job in run.jobs if (job.situation, job.experiment) == (situation, one.name)])
        for situation in Situation
        for one in EXPERIMENTS
    )
    return tuple(row for row in rows if row)


def _row(situation: Situation, experiment: str, jobs: list[JobResult]) -> LabRow | None:
    if not jobs:
        return None
    rounds = [[job for job in jobs if job.round == number] for number in sorted({job.round for job in jobs})]
    return LabRow(
        experiment=experiment,
        situation=situation,
        rounds=len(rounds),
        total=Spread.of([sum(job.split.total for job in one) for one in rounds]),
        wall=Spread.of([_wall(one) for one in rounds]),
        split=_split([sum((job.split for job in one), Split()) for one in rounds]),
        counts=_counts([sum((job.counts for job in one), Counts()) for one in rounds]),
        jobs=tuple(
            _job_row(name, [job for job in jobs if job.job == name]) for name in dict.fromkeys(job.job for job in jobs)
        ),
        builds=tuple(job.build for job in jobs if job.build),
        error=next((job.error for job in jobs if job.error), ""),
    )


def _job_row(name: str, jobs: list[JobResult]) -> JobRow:
    return JobRow(
        job=name,
        total=Spread.of([job.split.total for job in jobs]),
        split=_split([job.split for job in jobs]),
        counts=_counts([job.counts for job in jobs]),
    )


def _wall(jobs: Iterable[JobResult]) -> float:
    """Return the seconds until the last job ends where the later ones run side by side."""
    build = [job.split.total for job in jobs if job.is_build]
    later = [job.split.total for job in jobs if not job.is_build]
    return sum(build) + max(later, default=0.0)


def _split(values: Sequence[Split]) -> Split:
    """Return the median of each part."""
    return Split(*(median(column) for column in zip(*map(astuple, values), strict=True)))


def _counts(values: Sequence[Counts]) -> Counts:
    """Return the median of each count."""
    return Counts(*(round(median(column)) for column in zip(*map(astuple, values), strict=True)))
