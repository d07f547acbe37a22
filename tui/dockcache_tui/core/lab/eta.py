"""How long the rest of a run will probably take."""

from collections.abc import Iterable, Mapping
from statistics import fmean

from dockcache_tui.core.lab.job import JobResult
from dockcache_tui.core.lab.run import LabRun

_OVERHEAD = 1.5
"""Seconds that a job takes beside what is measured of it: taking its builder away, keeping its build."""


def seconds_left(run: LabRun, earlier: Iterable[JobResult] = ()) -> float | None:
    """Return the seconds that the jobs not yet done will take; None while no job tells.

    A job takes what it took in an earlier round, else in an earlier run, else what such a job takes in general.
    """
    known = [*earlier, *run.jobs]
    exact = {(job.experiment, job.situation, job.is_build): job.split.total for job in known}
    general = {kind: [job.split.total for job in known if job.is_build is kind] for kind in (True, False)}
    if not known:
        return None
    fallback = fmean(job.split.total for job in known)
    later = max(0, len(run.plan.phrases))
    return sum(
        count * (_OVERHEAD + exact.get((flow.experiment, flow.situation, kind), _mean(general, kind, fallback)))
        for flow in run.left
        for kind, count in ((True, 1), (False, later))
    )


def _mean(general: Mapping[bool, list[float]], kind: bool, fallback: float) -> float:  # noqa: FBT001
    return fmean(general[kind]) if general[kind] else fallback
