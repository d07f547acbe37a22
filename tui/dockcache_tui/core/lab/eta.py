"""How long the rest of a run will probably take."""

from collections import Counter
from collections.abc import Iterable
from statistics import fmean

from dockcache_tui.core.lab.experiment import Situation
from dockcache_tui.core.lab.job import BUILD_JOB, JobResult
from dockcache_tui.core.lab.run import LabRun

Which = tuple[str, Situation, bool]
"""Experiment, situation, and whether it is the job that builds."""
_OVERHEAD = 1.5
"""Seconds that a job takes beside what is measured of it: taking its builder away, keeping its build."""


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
