"""The experiments on a real engine: every experiment and every situation once, judged by steps, modules and bytes."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import pytest
import requests

from dockcache_tui.cli.main import run as command
from dockcache_tui.core.actions_cache.keys import decode
from dockcache_tui.core.builds.build import Build, BuildStatus
from dockcache_tui.core.errors import UsageError
from dockcache_tui.core.lab.conclusions import conclusions
from dockcache_tui.core.lab.experiment import Situation
from dockcache_tui.core.lab.job import JobResult
from dockcache_tui.core.lab.run import PHRASES, LabPlan, LabRun, LabStatus
from dockcache_tui.core.lab.summary import summarize
from dockcache_tui.lab.engine import Engine
from dockcache_tui.lab.experiments import lending, starting
from dockcache_tui.lab.experiments.served import Served
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.journal import Journal
from dockcache_tui.sources.journal.lab_runs import LabRuns

COLD, SAME, SOURCE, DEPENDENCY = Situation.COLD, Situation.SAME, Situation.SOURCE, Situation.DEPENDENCY
BRANCH, EVICTED, NO_RUNTIME = Situation.BRANCH, Situation.EVICTED, Situation.NO_RUNTIME
_WIDE = LabPlan(("make-original", "actions", "artifact", "ours"), (COLD, SOURCE, NO_RUNTIME), phrases=PHRASES[:1])
_DEEP = LabPlan(("ours",), (COLD, SAME, DEPENDENCY, BRANCH, EVICTED), phrases=())
_MODULES = 3


@dataclass(frozen=True)
class Ended:
    """A run that is over, and where it was."""

    run: LabRun
    folder: Path
    engine: Engine

    def job(self, experiment: str, situation: Situation, job: str = "build") -> JobResult:
        """Return one job."""
        (found,) = (
            one for one in self.run.jobs if (one.experiment, one.situation, one.job) == (experiment, situation, job)
        )
        return found

    def build(self, job: JobResult) -> Build:
        """Return the journal's record of a job's build."""
        journal = Journal(self.folder / "journal")
        found = journal.build(job.build)
        journal.close()
        assert found
        return found


@pytest.fixture(scope="module")
def wide(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """Every experiment, cold, after a change of the source, and without the runtime environment."""
    folder = tmp_path_factory.mktemp("lab")
    lab = starting.start(engine, _WIDE, folder, folder / "journal")
    told = list(lab)
    assert told[-1].done == told[-1].jobs == 24
    assert told[-1].eta == 0
    return Ended(lab.result(), folder, engine)


@pytest.fixture(scope="module")
def deep(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """Ours in the other situations; canceled in the middle of a build and taken up again."""
    folder = tmp_path_factory.mktemp("lab")
    lab = starting.start(engine, _DEEP, folder, folder / "journal")
    for progress in lab:
        if progress.workflow.situation is DEPENDENCY and "go mod download" in progress.phase:
            lab.cancel()
    canceled = lab.result()
    assert (canceled.status, len(canceled.jobs)) == (LabStatus.CANCELED, 2)
    assert _left(Ended(canceled, folder, engine)) == []
    again = starting.resume(engine, folder, folder / "journal")
    assert [progress.workflow.situation for progress in again if progress.finished] == [DEPENDENCY, BRANCH, EVICTED]
    return Ended(again.result(), folder, engine)


def _left(ended: Ended) -> list[str]:
    """Return what is left of a lab that should be gone: builders, containers, volumes, images, folders."""
    docker = Docker(ended.engine.variables)
    names = [
        *docker.run("buildx", "ls", "--format", "{{.Name}}").split(),
        *docker.run("ps", "--all", "--format", "{{.Names}}").split(),
        *docker.run("volume", "ls", "--format", "{{.Name}}").split(),
        *docker.run("image", "ls", "--format", "{{.Repository}}").split(),
    ]
    tag = starting.tag(ended.folder)
    return [*(name for name in names if tag in name), *map(str, (ended.folder / "jobs").glob("*"))]


@pytest.mark.parametrize("experiment", _WIDE.experiments)
def test_cold(wide: Ended, experiment: str) -> None:
    """Nothing is reused: every module comes once, and everything is compiled; the later job says its phrase."""
    job = wide.job(experiment, COLD)
    assert (job.counts.reused, job.counts.modules, job.counts.own) == (0, _MODULES, 2)
    assert min(job.counts.cacheable, job.counts.dependencies, job.counts.standard, job.counts.pulled) > 0
    assert not wide.job(experiment, COLD, "say 1").error


@pytest.mark.parametrize("experiment", ["make-original", "actions"])
def test_later_jobs_reuse_the_build_jobs_cache(wide: Ended, experiment: str) -> None:
    """On a builder of its own a later job has every step from the service, and saves nothing there."""
    build, say = wide.job(experiment, COLD), wide.job(experiment, COLD, "say 1")
    assert say.counts.reused == say.counts.cacheable > 0
    assert say.counts.up < build.counts.up / 100
    assert say.counts.down > 0
    assert say.counts.modules == say.counts.own == say.counts.dependencies == say.counts.standard == 0


@pytest.mark.parametrize("experiment", ["artifact", "ours"])
def test_later_jobs_get_the_image(wide: Ended, experiment: str) -> None:
    """Where the image is an artifact a later job builds nothing and needs no builder; the image's bytes come down."""
    build, say = wide.job(experiment, COLD), wide.job(experiment, COLD, "say 1")
    assert (say.build, say.split.setup, say.counts.cacheable) == ("", 0, 0)
    assert 500_000 < say.counts.down <= build.counts.up


def test_a_change_of_the_source(wide: Ended) -> None:
    """The original's layout and the artifact do everything again, ours compiles the program's own packages only."""
    for experiment in ("make-original", "artifact"):
        again, cold = wide.job(experiment, SOURCE).counts, wide.job(experiment, COLD).counts
        assert (again.modules, again.dependencies, again.standard) == (
            cold.modules,
            cold.dependencies,
            cold.standard,
        )
    for experiment in ("actions", "ours"):
        counts = wide.job(experiment, SOURCE).counts
        assert (counts.modules, counts.dependencies, counts.standard, counts.own) == (0, 0, 0, 2)
        assert 0 < counts.reused < counts.cacheable
    assert [one.holds for one in conclusions(summarize(wide.run))][:2] == [True, True]


def test_the_trap_of_cache_mounts(wide: Ended) -> None:
    """In the original's layout the download is told as reused, and yet the next step downloads it all again."""
    job = wide.job("make-original", SOURCE)
    (download,) = (step for step in wide.build(job).steps if "go mod download" in step.name)
    assert download.cached
    assert job.counts.modules == _MODULES


def test_without_the_runtime_environment(wide: Ended) -> None:
    """Make fails and says what is missing; the official actions don't need it; ours builds without its cache."""
    failed = wide.job("make-original", NO_RUNTIME)
    assert "ACTIONS_RUNTIME_TOKEN" in failed.error
    assert not [job for job in wide.run.jobs if job.experiment == "make-original" and job.job != "build"][2:]
    actions = wide.job("actions", NO_RUNTIME).counts
    assert actions.reused == actions.cacheable > 0
    for experiment in ("artifact", "ours"):
        counts = wide.job(experiment, NO_RUNTIME).counts
        assert (counts.reused, counts.modules) == (0, _MODULES)
        assert not wide.job(experiment, NO_RUNTIME, "say 1").error


def test_every_number_has_its_build(wide: Ended) -> None:
    """Each build is in the journal, on its branch, on a builder that no other job had, with the steps that counted."""
    jobs = [job for job in wide.run.jobs if job.build]
    builds = [wide.build(job) for job in jobs]
    assert len({build.builder for build in builds}) == len(builds) == len(jobs)
    for job, build in zip(jobs, builds, strict=True):
        assert (build.cached, build.cacheable) == (job.counts.reused, job.counts.cacheable)
        assert build.project == str(wide.folder / "sample" / "app")
        assert build.branch
        assert build.branch.short == "main"
        assert build.status is (BuildStatus.FAILED if job.error else BuildStatus.SUCCEEDED)
        assert all(step.line for step in build.steps if step.cacheable)


def test_what_the_journal_kept(wide: Ended) -> None:
    """The run is in the journal as it was told."""
    runs = LabRuns(wide.folder / "journal")
    assert runs.run(wide.run.id) == wide.run
    runs.close()
    assert wide.run.status is LabStatus.COMPLETE
    assert wide.run.machine.cores > 0


def test_what_the_experiments_left(wide: Ended, engine: Engine) -> None:
    """The service still has, for each experiment, what its jobs saved for its branch: caches, or the image."""
    with Served(wide.folder / "service", engine.variables) as service:
        found = {name: _kept(service, name, wide.folder) for name in wide.run.plan.experiments}
    scopes = {name: {scope for scope, _ in caches if scope} for name, (caches, _) in found.items()}
    assert {name: len(scopes[name]) for name in scopes} == {"make-original": 1, "actions": 1, "artifact": 0, "ours": 1}
    assert len(set().union(*scopes.values())) == 3
    assert {ref for caches, _ in found.values() for _, ref in caches} == {"refs/heads/main"}
    assert {name: artifacts for name, (_, artifacts) in found.items()} == {
        "make-original": set(),
        "actions": set(),
        "artifact": {("image", "main")},
        "ours": {("image", "main")},
    }


def _kept(service: Served, experiment: str, folder: Path) -> tuple[set[tuple[str | None, str]], set[tuple[str, str]]]:
    """Return cache scopes with their refs, and artifacts with their branches, as REST lists them."""
    run = service.run_environment(f"lab/{experiment}", "refs/heads/main", folder)
    place, headers = (
        f"{service.address}/repos/lab/{experiment}/actions",
        {"Authorization": f"Bearer {run['GITHUB_TOKEN']}"},
    )
    caches = requests.get(f"{place}/caches", params={"per_page": "100"}, headers=headers, timeout=60).json()
    artifacts = requests.get(f"{place}/artifacts", headers=headers, timeout=60).json()
    return (
        {(decode(cache["key"]).scope, cache["ref"]) for cache in caches["actions_caches"]},
        {(one["name"], one["workflow_run"]["head_branch"]) for one in artifacts["artifacts"]},
    )


def test_nothing_else_is_left(wide: Ended) -> None:
    """No builder, container, volume, image or folder of a job outlives the run."""
    assert _left(wide) == []


def test_nothing_changed(deep: Ended) -> None:
    """The second run of a branch is warm in its build job too: every step is reused."""
    counts = deep.job("ours", SAME).counts
    assert counts.reused == counts.cacheable > 0
    assert counts.modules == counts.own == counts.dependencies == counts.standard == 0


def test_a_change_of_a_dependency(deep: Ended) -> None:
    """Every module is downloaded and compiled again, whatever an attempt that was cut off had saved."""
    counts, cold = deep.job("ours", DEPENDENCY).counts, deep.job("ours", COLD).counts
    assert (counts.modules, counts.standard, counts.own) == (cold.modules, cold.standard, cold.own)
    assert counts.dependencies == cold.dependencies


def test_a_new_branch(deep: Ended) -> None:
    """The first run of a branch starts from the default branch's cache."""
    job = deep.job("ours", BRANCH)
    assert job.counts.reused == job.counts.cacheable > 0
    branch = deep.build(job).branch
    assert branch
    assert branch.short == "feature"


def test_an_evicted_cache(deep: Ended) -> None:
    """Without its cache the build is a cold one."""
    counts = deep.job("ours", EVICTED).counts
    assert (counts.reused, counts.modules) == (0, _MODULES)
    assert counts.standard > 0


def test_resuming_repeats_nothing(deep: Ended) -> None:
    """After a cancel and a resume every job is there once, in order, and the build that was cut off is told as such."""
    assert [job.situation for job in deep.run.jobs] == [COLD, SAME, DEPENDENCY, BRANCH, EVICTED]
    assert deep.run.status is LabStatus.COMPLETE
    journal = Journal(deep.folder / "journal")
    statuses = [build.status for build in journal.builds()]
    journal.close()
    assert statuses.count(BuildStatus.CANCELED) == 1
    assert statuses.count(BuildStatus.SUCCEEDED) == len(deep.run.jobs)
    assert _left(deep) == []


def test_a_complete_run_is_not_resumed(deep: Ended) -> None:
    """There is nothing to go on with."""
    with pytest.raises(UsageError, match="left unfinished"):
        starting.resume(deep.engine, deep.folder, deep.folder / "journal")


@pytest.fixture
def lab_command(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[tuple[str, ...], Path]:
    """The words of a `lab run` on this engine in a folder of its own."""
    monkeypatch.setattr(lending, "lend", lambda *_: engine)
    monkeypatch.setenv("DOCKCACHE_DATA", str(tmp_path / "data"))
    folder = tmp_path / "lab"
    return ("lab", "run", "--experiment", "3", "--situation", "cold", "--data", str(folder)), folder


def test_ctrl_c(lab_command: tuple[tuple[str, ...], Path], engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    """An interrupted command ends with 130, leaves nothing and says how to go on."""
    words, folder = lab_command
    docker, over = Docker(engine.variables), Event()

    def interrupt() -> None:
        while not over.wait(0.1):
            if starting.tag(folder) in docker.run("buildx", "ls"):
                os.kill(os.getpid(), signal.SIGINT)
                return

    waiting = Thread(target=interrupt, daemon=True)
    waiting.start()
    code = command(words)
    over.set()
    waiting.join()
    said = capsys.readouterr()
    assert code == 130, said.err
    assert "lab run --resume` goes on" in said.err
    runs = LabRuns()
    assert _left(Ended(runs.runs()[0], folder, engine)) == []
    runs.close()


def test_one_lab_a_folder(engine: Engine, tmp_path: Path) -> None:
    """A second lab in the folder is refused until the first is over; one that never began leaves nothing to do."""
    first = starting.start(engine, _DEEP, tmp_path, tmp_path / "journal")
    with pytest.raises(UsageError, match="another lab runs"):
        starting.start(engine, _DEEP, tmp_path, tmp_path / "journal")
    first.cancel()
    assert [progress.finished for progress in first if progress.finished] == []
    assert first.result().status is LabStatus.CANCELED
    second = starting.resume(engine, tmp_path, tmp_path / "journal")
    second.cancel()
    assert {progress.done for progress in second} <= {0}


def test_what_a_killed_lab_left(engine: Engine, tmp_path: Path) -> None:
    """The next lab in the folder takes away the builder and the files of a job that never ended."""
    Docker(engine.variables).run(
        "buildx", "create", "--name", f"{starting.tag(tmp_path)}-dead", "--driver-opt", "network=host"
    )
    (tmp_path / "jobs" / "dead").mkdir(parents=True)
    lab = starting.start(engine, _DEEP, tmp_path, tmp_path / "journal")
    assert _left(Ended(lab.result(), tmp_path, engine))
    lab.cancel()
    assert {progress.done for progress in lab} <= {0}
    assert _left(Ended(lab.result(), tmp_path, engine)) == []
