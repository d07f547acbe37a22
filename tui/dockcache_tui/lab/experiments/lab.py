"""Runs a plan of experiments from its beginning, or from where an earlier process left it."""

import shutil
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import requests

from dockcache_tui.core.errors import DockcacheError, SourceError
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.lab.experiment import Situation, experiment
from dockcache_tui.core.lab.run import BUILD_JOB, JobResult, LabProgress, LabRun, LabStatus, Workflow, seconds_left
from dockcache_tui.lab.demo import shipped
from dockcache_tui.lab.experiments.commands import StoppedError
from dockcache_tui.lab.experiments.machine import Bench, BuildFailedError, JobMachine
from dockcache_tui.lab.experiments.sample import FEATURE, MAIN, checked_out
from dockcache_tui.lab.experiments.served import Served
from dockcache_tui.lab.experiments.workflows import LabWorkflowRun, build_job, say_job
from dockcache_tui.sources.journal.lab_runs import LabRuns

PROGRAM = "program"
"""The folder with the program as it was when the run began: all jobs build the same."""


def scopes(bench: Bench, workflow: str, ref: str, default: str) -> tuple[str, tuple[str, ...]]:
    """Return the cache scope of a workflow on a full ref, and those it may fall back on."""
    environment = bench.environment() | {"WORKFLOW": workflow, "REF": ref, "BASE": "", "DEFAULT": default}
    script = shipped("scope.sh", ".github/actions/cache-scope/scope.sh")
    said = bench.commands.run(("sh", str(script)), environment)
    outputs = dict(line.split("=", 1) for line in said.splitlines())
    return outputs["scope"], tuple(outputs["fallbacks"].split())


class Lab:
    """A run of the lab under way; see `RunningLab` among the protocols of the sources."""

    def __init__(self, bench: Bench, runs: LabRuns, run: LabRun, folder: Path, close: Callable[[], None]) -> None:
        """Take a run that the journal has begun, and the lab's folder, which is ours until `close` is called."""
        self._bench, self._runs, self._run, self._folder, self._close = bench, runs, run, folder, close
        self._earlier = tuple(job for one in reversed(runs.runs()) if one.id != run.id for job in one.jobs)

    def __iter__(self) -> Iterator[LabProgress]:
        """Run the jobs that are left; raises DockcacheError. Giving up the iteration ends the run as canceled."""
        status, kept = LabStatus.CANCELED, self._run.jobs
        try:
            self._bench.sweep()
            with Served(self._folder / "service", self._bench.environment()) as service:
                for workflow in self._run.left:
                    yield from self._workflow(workflow, service)
                    self._runs.keep(self._run.id, self._run.jobs[len(kept) :])
                    kept = self._run.jobs
            status = LabStatus.COMPLETE
        except (StoppedError, DockcacheError, requests.RequestException) as error:
            if not self._bench.commands.is_stopped:
                status = LabStatus.FAILED
                raise _told(error) from error
        finally:
            self._run = replace(self._run, status=status, completed_at=Instant.now(), jobs=kept)
            self._runs.finish(self._run)
            shutil.rmtree(self._bench.folder, ignore_errors=True)
            self._close()

    def cancel(self) -> None:
        """End it from any thread and return at once."""
        self._bench.commands.stop()

    def result(self) -> LabRun:
        return self._run

    def _workflow(self, workflow: Workflow, service: Served) -> Iterator[LabProgress]:
        """Run all jobs of one run of a workflow."""
        plan = self._run.plan
        yield self._progress(workflow, BUILD_JOB, "preparing")
        app = checked_out(self._folder / "sample", self._folder / PROGRAM, plan.until(workflow.situation))
        ref = f"refs/heads/{FEATURE if workflow.situation is Situation.BRANCH else MAIN}"
        told = service.run_environment(f"lab/{workflow.experiment}", ref, app)
        self._restore(workflow, service, told)
        scope, fallbacks = scopes(self._bench, workflow.experiment, ref, MAIN)
        exposed = workflow.situation is not Situation.NO_RUNTIME
        run = LabWorkflowRun(experiment(workflow.experiment), scope, fallbacks, exposed=exposed)
        for job, phrase in zip(plan.names, ("", *plan.phrases), strict=True):
            with JobMachine(self._bench, told, app) as machine:
                doing = build_job(run, machine) if job == BUILD_JOB else say_job(run, machine, phrase)
                result = yield from self._job(workflow, job, doing, machine)
            self._run = replace(self._run, jobs=(*self._run.jobs, result))
            yield self._progress(workflow, result.job, "done", result)
            if result.error:
                break

    def _restore(self, workflow: Workflow, service: Served, told: Mapping[str, str]) -> None:
        """Bring the caches to where this run of the workflow finds them."""
        place = workflow.experiment, workflow.round
        ended = [job.completed_at for job in self._run.jobs if (job.experiment, job.round) == place]
        keeps = ended and workflow.situation is not Situation.EVICTED
        # what came after the last run's end was saved by one that was cut off
        service.forget(told, since=max(ended) if keeps else None)

    def _job(
        self, workflow: Workflow, job: str, doing: Iterator[str], machine: JobMachine
    ) -> Generator[LabProgress, None, JobResult]:
        """Run one job and return what came of it; only without the runtime environment may its build fail."""
        started, error, told = Instant.now(), "", ""
        try:
            for phase in doing:
                if phase != told:
                    told = phase
                    yield self._progress(workflow, job, phase)
        except BuildFailedError as failure:
            if workflow.situation is not Situation.NO_RUNTIME:
                raise SourceError(str(failure), title=f"The build of {workflow.experiment} failed") from failure
            error = str(failure)
        return JobResult(
            experiment=workflow.experiment,
            situation=workflow.situation,
            round=workflow.round,
            job=job,
            started_at=started,
            completed_at=Instant.now(),
            split=machine.split,
            counts=machine.total(),
            build=machine.build_ref,
            error=error,
            notes=machine.said,
        )

    def _progress(self, workflow: Workflow, job: str, phase: str, finished: JobResult | None = None) -> LabProgress:
        plan = self._run.plan
        return LabProgress(
            done=len(self._run.jobs) + self._run.skipped,
            jobs=len(plan.workflows) * len(plan.names),
            workflow=workflow,
            job=job,
            phase=phase,
            eta=seconds_left(self._run, self._earlier),
            finished=finished,
        )


def _told(error: Exception) -> DockcacheError:
    """Return an error that a user can read."""
    return error if isinstance(error, DockcacheError) else SourceError(str(error), title="The Actions service failed")
