"""Jobs of the lab made by hand."""

from dockcache_tui.core.instant import Instant
from dockcache_tui.core.lab.experiment import Situation
from dockcache_tui.core.lab.run import BUILD_JOB, Counts, JobResult, LabMachine, LabPlan, LabRun, LabStatus, Split

BEGAN = Instant.parse("2026-05-01T10:00:00Z")


def job(
    experiment: str,
    situation: Situation,
    name: str = BUILD_JOB,
    number: int = 1,
    **values: float | str | Split | Counts,
) -> JobResult:
    """Return a job; `seconds` is all spent building unless there is a `split`."""
    split, counts = (
        values.get("split", Split(building=float(str(values.get("seconds", 1))))),
        values.get("counts", Counts()),
    )
    assert isinstance(split, Split)
    assert isinstance(counts, Counts)
    ref, error = f"{experiment}-{situation}-{number}" if name == BUILD_JOB else "", str(values.get("error", ""))
    return JobResult(experiment, situation, number, name, BEGAN, BEGAN, split, counts, ref, error)


def lab_run(*jobs: JobResult, number: int = 1, plan: LabPlan | None = None) -> LabRun:
    """Return a run that measured these jobs."""
    machine = LabMachine("Linux x86_64", "A processor", 2, 8_000_000_000, "28.5.2", "0.34.2", "1.26.8")
    return LabRun(number, BEGAN, LabStatus.COMPLETE, plan or LabPlan(), machine, jobs)
