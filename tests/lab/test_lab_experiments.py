"""The experiments on a real engine, judged by steps, modules and bytes.

`make test` runs each experiment once and each situation once, `make test-lab` each experiment in each situation.
"""

import os
import signal
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import cast

import pytest
import requests
from _pytest.mark import ParameterSet

from dockcache_tui.cli.main import run as command
from dockcache_tui.core.builds.build import Build, BuildStatus
from dockcache_tui.core.caches.keys import decode
from dockcache_tui.core.errors import UsageError
from dockcache_tui.core.lab.experiment import Situation
from dockcache_tui.core.lab.report import conclusions
from dockcache_tui.core.lab.run import PHRASES, Counts, JobResult, LabPlan, LabRun, LabStatus
from dockcache_tui.core.lab.summary import summarize
from dockcache_tui.lab.engine import Engine
from dockcache_tui.lab.experiments import start
from dockcache_tui.lab.experiments.served import Served
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.journal import Journal
from dockcache_tui.sources.journal.lab_runs import LabRuns

pytestmark = pytest.mark.engine  # those too that are given the engine by a fixture's name

COLD, SAME, SOURCE, DEPENDENCY = Situation.COLD, Situation.SAME, Situation.SOURCE, Situation.DEPENDENCY
BRANCH, EVICTED, NO_RUNTIME = Situation.BRANCH, Situation.EVICTED, Situation.NO_RUNTIME
_EVERYTHING = LabPlan(phrases=PHRASES[:1])
_OURS = LabPlan(("ours",), (COLD, SAME, DEPENDENCY), phrases=())
_FEW: dict[str, tuple[Situation, ...]] = {
    "make": (COLD, NO_RUNTIME),
    "make-original": (COLD, SOURCE),
    "actions": (COLD,),
    "actions-original": (COLD,),
    "artifact": (COLD, EVICTED),
    "ours": (COLD, SAME, DEPENDENCY, BRANCH),
}
"""Each experiment once and each situation once; every one begins cold."""
_MODULES = 3
_COMES_TO = {
    #            make, make-original, actions, actions-original, artifact, ours
    COLD: ("cold", "cold", "cold", "cold", "cold", "cold"),
    SAME: ("warm", "warm", "warm", "warm", "cold", "warm"),
    SOURCE: ("own", "again", "own", "again", "cold", "own"),
    DEPENDENCY: ("again", "again", "again", "again", "cold", "again"),
    BRANCH: ("cold", "cold", "cold", "cold", "cold", "warm"),
    EVICTED: ("cold", "cold", "cold", "cold", "cold", "cold"),
    NO_RUNTIME: ("fails", "fails", "warm", "warm", "cold", "cold"),
}
"""What each build job comes to: 1 and 2 keep a cache to its branch, and 3 keeps nothing from run to run."""


@dataclass(frozen=True)
class Ended:
    """Runs that are over, and where they were."""

    runs: tuple[LabRun, ...]
    folder: Path
    engine: Engine

    @property
    def run(self) -> LabRun:
        """Return the only run there is."""
        (only,) = self.runs
        return only

    @property
    def jobs(self) -> list[JobResult]:
        """Return the jobs of all runs."""
        return [job for run in self.runs for job in run.jobs]

    def job(self, experiment: str, situation: Situation, job: str = "build") -> JobResult:
        """Return one job."""
        (found,) = (
            one for one in self.jobs if (one.experiment, one.situation, one.job) == (experiment, situation, job)
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
def every(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """Each experiment in each situation, with one later job."""
    folder = tmp_path_factory.mktemp("lab")
    return Ended((_ran(engine, _EVERYTHING, folder),), folder, engine)


@pytest.fixture(scope="module")
def few(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """Each experiment and each situation once, with one later job."""
    folder = tmp_path_factory.mktemp("lab")
    plans = (LabPlan((name,), situations, phrases=PHRASES[:1]) for name, situations in _FEW.items())
    return Ended(tuple(_ran(engine, plan, folder) for plan in plans), folder, engine)


@pytest.fixture
def ended(request: pytest.FixtureRequest) -> Ended:
    """Return the runs that the test's parameter names: `few` or `every`."""
    return cast("Ended", request.getfixturevalue(request.param))


def _ran(engine: Engine, plan: LabPlan, folder: Path) -> LabRun:
    lab = start.start(engine, plan, folder, folder / "journal")
    told = list(lab)
    assert told[-1].done == told[-1].jobs == len(plan.workflows) * 2
    assert told[-1].eta == 0
    return lab.result()


_BOTH = ("few", pytest.param("every", marks=pytest.mark.lab))


def _cases(experiments: Iterable[str], situations: Iterable[Situation]) -> list[ParameterSet]:
    """Return runs, experiment and situation: those of the few, and all of them behind `make test-lab`."""
    pairs = [(name, situation) for name in experiments for situation in situations]
    return [
        *(pytest.param("few", *pair, id=f"few-{pair[0]}-{pair[1]}") for pair in pairs if pair[1] in _FEW[pair[0]]),
        *(pytest.param("every", *pair, id=f"{pair[0]}-{pair[1]}", marks=pytest.mark.lab) for pair in pairs),
    ]


@pytest.fixture(scope="module")
def resumed(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """Experiment 4, canceled in the middle of a build and taken up again."""
    folder = tmp_path_factory.mktemp("lab")
    lab = start.start(engine, _OURS, folder, folder / "journal")
    for progress in lab:
        if progress.workflow.situation is DEPENDENCY and "go mod download" in progress.phase:
            lab.cancel()
    canceled = lab.result()
    assert (canceled.status, len(canceled.jobs)) == (LabStatus.CANCELED, 2)
    assert _left(Ended((canceled,), folder, engine)) == []
    again = start.resume(engine, folder, folder / "journal")
    assert [progress.workflow.situation for progress in again if progress.finished] == [DEPENDENCY]
    return Ended((again.result(),), folder, engine)


def _left(ended: Ended) -> list[str]:
    """Return what is left of a lab that should be gone: builders, containers, volumes, images, folders."""
    docker = Docker(ended.engine.variables)
    names = [
        *docker.run("buildx", "ls", "--format", "{{.Name}}").split(),
        *docker.run("ps", "--all", "--format", "{{.Names}}").split(),
        *docker.run("volume", "ls", "--format", "{{.Name}}").split(),
        *docker.run("image", "ls", "--format", "{{.Repository}}").split(),
    ]
    tag = start.tag(ended.folder)
    return [*(name for name in names if tag in name), *map(str, (ended.folder / "jobs").glob("*"))]


def _is_cold(job: JobResult) -> None:
    """Check that a job reused nothing: every module comes once, and everything is compiled."""
    counts = job.counts
    assert (counts.reused, counts.modules, counts.own) == (0, _MODULES, 2)
    assert min(counts.cacheable, counts.dependencies, counts.standard, counts.pulled) > 0


def _is_warm(job: JobResult) -> None:
    """Check that a job reused every step, and that nothing was downloaded or compiled behind its back."""
    counts = job.counts
    assert counts.reused == counts.cacheable > 0
    assert counts.modules == counts.own == counts.dependencies == counts.standard == counts.pulled == 0


@pytest.mark.parametrize(
    ("ended", "experiment", "situation"), _cases(_EVERYTHING.experiments, Situation), indirect=["ended"]
)
def test_what_a_situation_costs(ended: Ended, experiment: str, situation: Situation) -> None:
    """What is reused, downloaded and compiled by the job that builds, and what it fetches and saves."""
    job, cold = ended.job(experiment, situation), ended.job(experiment, COLD).counts
    expected = _COMES_TO[situation][_EVERYTHING.experiments.index(experiment)]
    counts = job.counts
    image = cold.up if experiment == "artifact" else 0
    match expected:
        case "cold":
            _is_cold(job)
        case "warm":
            _is_warm(job)
            assert counts.up < cold.up / 50
        case "own":
            assert (counts.modules, counts.own, counts.dependencies, counts.standard) == (0, 2, 0, 0)
            assert 0 < counts.reused < counts.cacheable
            assert counts.down > counts.up > image
        case "again":
            assert (counts.modules, counts.own) == (cold.modules, cold.own)
            assert (counts.dependencies, counts.standard) == (cold.dependencies, cold.standard)
            assert 0 < counts.reused < counts.cacheable
            assert (counts.pulled, counts.down > cold.down) == (0, True)
        case _:
            assert "ACTIONS_RUNTIME_TOKEN" in job.error
            assert counts == Counts()


@pytest.mark.parametrize(
    ("ended", "experiment", "situation"),
    _cases(["make", "make-original", "actions", "actions-original"], [COLD, SAME, SOURCE, DEPENDENCY, BRANCH, EVICTED]),
    indirect=["ended"],
)
def test_later_jobs_reuse_the_build_jobs_cache(ended: Ended, experiment: str, situation: Situation) -> None:
    """On a builder of its own a later job has every step from the service, and saves nothing there."""
    say = ended.job(experiment, situation, "say 1")
    _is_warm(say)
    assert 0 < say.counts.up < 20_000 < say.counts.down


@pytest.mark.parametrize(
    ("ended", "experiment", "situation"), _cases(["artifact", "ours"], Situation), indirect=["ended"]
)
def test_later_jobs_get_the_image(ended: Ended, experiment: str, situation: Situation) -> None:
    """Where the image is an artifact a later job builds nothing and needs no builder; the image's bytes come down."""
    build, say = ended.job(experiment, situation), ended.job(experiment, situation, "say 1")
    assert (say.build, say.split.setup, say.counts.cacheable) == ("", 0, 0)
    assert 500_000 < say.counts.down <= build.counts.up


@pytest.mark.lab
def test_a_change_of_the_source(every: Ended) -> None:
    """The conclusions tell what the original's layout does again, and that ours does not."""
    assert [one.holds for one in conclusions(summarize(every.run))][:3] == [True, True, True]


@pytest.mark.parametrize("ended", _BOTH, indirect=True)
def test_the_trap_of_cache_mounts(ended: Ended) -> None:
    """In the original's layout the download is told as reused, and yet the next step downloads it all again."""
    job = ended.job("make-original", SOURCE)
    (download,) = (step for step in ended.build(job).steps if "go mod download" in step.name)
    assert download.cached
    assert job.counts.modules == _MODULES


@pytest.mark.lab
def test_without_the_runtime_environment(every: Ended) -> None:
    """Where make fails no later job runs; the official actions and what builds without a cache go on."""
    jobs = [(job.experiment, job.job) for job in every.run.jobs if job.situation is NO_RUNTIME]
    assert [experiment for experiment, job in jobs if job == "build"] == list(_EVERYTHING.experiments)
    assert [experiment for experiment, job in jobs if job != "build"] == list(_EVERYTHING.experiments)[2:]
    assert any("ACTIONS_RUNTIME_TOKEN" in line for line in every.job("ours", NO_RUNTIME).notes)


@pytest.mark.parametrize("ended", _BOTH, indirect=True)
def test_every_number_has_its_build(ended: Ended) -> None:
    """Each build is in the journal, on its branch, on a builder that no other job had, with the steps that counted."""
    jobs = [job for job in ended.jobs if job.build]
    builds = [ended.build(job) for job in jobs]
    succeeded = [build for build in builds if build.status is BuildStatus.SUCCEEDED]
    assert len({build.builder for build in succeeded}) == len(succeeded) == len([job for job in jobs if not job.error])
    for job, build in zip(jobs, builds, strict=True):
        assert (build.cached, build.cacheable) == (job.counts.reused, job.counts.cacheable)
        assert build.folder == str(ended.folder / "sample" / "app")
        assert build.branch
        assert build.branch.short == ("feature" if job.situation is BRANCH else "main")
        assert build.status is (BuildStatus.FAILED if job.error else BuildStatus.SUCCEEDED)
        assert all(step.line for step in build.steps if step.cacheable)


@pytest.mark.parametrize("ended", _BOTH, indirect=True)
def test_what_the_journal_kept(ended: Ended) -> None:
    """Each run is in the journal as it was told."""
    runs = LabRuns(ended.folder / "journal")
    assert tuple(runs.run(run.id) for run in ended.runs) == ended.runs
    runs.close()
    assert {run.status for run in ended.runs} == {LabStatus.COMPLETE}
    assert all(run.machine.cores > 0 for run in ended.runs)


@pytest.mark.lab
def test_what_the_experiments_left(every: Ended) -> None:
    """The service still has, for each experiment, what its jobs saved for each branch: caches, or the image."""
    caches = {name: _kept(every, name)[0] for name in _EVERYTHING.experiments}
    images = {name: _kept(every, name)[1] for name in _EVERYTHING.experiments}
    scopes = {name: {scope for scope, _ in found if scope} for name, found in caches.items()}
    # all caches were deleted after the branch's run, and without the runtime environment only actions save again
    assert {name: len(found) for name, found in scopes.items()} == dict.fromkeys(scopes, 1) | {"artifact": 0}
    assert len(set().union(*scopes.values())) == 5
    assert {ref for found in caches.values() for _, ref in found} == {"refs/heads/main"}
    carried = {("image", "main"), ("image", "feature")}
    assert images == {name: carried if name in {"artifact", "ours"} else set() for name in images}


def _kept(ended: Ended, experiment: str) -> tuple[set[tuple[str | None, str]], set[tuple[str, str]]]:
    """Return cache scopes with their refs, and artifacts with their branches, as REST lists them."""
    with Served(ended.folder / "service", ended.engine.variables) as service:
        run = service.run_environment(f"lab/{experiment}", "refs/heads/main", ended.folder)
        place = f"{service.address}/repos/lab/{experiment}/actions"
        headers = {"Authorization": f"Bearer {run['GITHUB_TOKEN']}"}
        caches = requests.get(f"{place}/caches", params={"per_page": "100"}, headers=headers, timeout=60).json()
        artifacts = requests.get(f"{place}/artifacts", headers=headers, timeout=60).json()
    return (
        {(decode(cache["key"]).scope, cache["ref"]) for cache in caches.get("actions_caches", ())},
        {(one["name"], one["workflow_run"]["head_branch"]) for one in artifacts.get("artifacts", ())},
    )


@pytest.mark.parametrize("ended", _BOTH, indirect=True)
def test_nothing_else_is_left(ended: Ended, resumed: Ended) -> None:
    """No builder, container, volume, image or folder of a job outlives the run."""
    assert [_left(one) for one in (ended, resumed)] == [[], []]


def test_resuming_repeats_nothing(resumed: Ended) -> None:
    """After a cancel and a resume every job is there once, in order, and the build that was cut off is told as such."""
    assert [job.situation for job in resumed.run.jobs] == [COLD, SAME, DEPENDENCY]
    again, cold = resumed.job("ours", DEPENDENCY).counts, resumed.job("ours", COLD).counts
    # whatever the attempt that was cut off had saved
    assert (again.modules, again.dependencies, again.standard) == (cold.modules, cold.dependencies, cold.standard)
    assert resumed.run.status is LabStatus.COMPLETE
    journal = Journal(resumed.folder / "journal")
    statuses = [build.status for build in journal.builds()]
    journal.close()
    assert statuses.count(BuildStatus.CANCELED) == 1
    assert statuses.count(BuildStatus.SUCCEEDED) == len(resumed.run.jobs)


def test_a_complete_run_is_not_resumed(resumed: Ended) -> None:
    """There is nothing to go on with."""
    with pytest.raises(UsageError, match="left unfinished"):
        start.resume(resumed.engine, resumed.folder, resumed.folder / "journal")


@pytest.fixture
def lab_command(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[tuple[str, ...], Path]:
    """The words of a `lab run` on this engine in a folder of its own."""
    monkeypatch.setattr(start, "lend", lambda *_: engine)
    monkeypatch.setenv("DOCKCACHE_DATA", str(tmp_path / "data"))
    folder = tmp_path / "lab"
    return ("lab", "run", "--experiment", "3", "--situation", "cold", "--data", str(folder)), folder


def test_ctrl_c(lab_command: tuple[tuple[str, ...], Path], engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    """An interrupted command ends with 130, leaves nothing and says how to go on."""
    words, folder = lab_command
    docker, over = Docker(engine.variables), Event()

    def interrupt() -> None:
        while not over.wait(0.1):
            if start.tag(folder) in docker.run("buildx", "ls"):
                os.kill(os.getpid(), signal.SIGINT)
                return

    waiting = Thread(target=interrupt, daemon=True)
    waiting.start()
    code = command(words)
    over.set()
    waiting.join()
    said = capsys.readouterr()
    assert code == 130, said.err
    assert f"lab run --resume --data {folder}` continues." in said.err
    runs = LabRuns()
    assert _left(Ended((runs.runs()[0],), folder, engine)) == []
    runs.close()


def test_one_lab_a_folder(engine: Engine, tmp_path: Path) -> None:
    """A second lab in the folder is refused until the first is over; one that never began leaves nothing to do."""
    first = start.start(engine, _OURS, tmp_path, tmp_path / "journal")
    with pytest.raises(UsageError, match="another lab runs"):
        start.start(engine, _OURS, tmp_path, tmp_path / "journal")
    first.cancel()
    assert [progress.finished for progress in first if progress.finished] == []
    assert first.result().status is LabStatus.CANCELED
    second = start.resume(engine, tmp_path, tmp_path / "journal")
    second.cancel()
    assert {progress.done for progress in second} <= {0}


def test_a_builder_is_in_memory(engine: Engine, tmp_path: Path) -> None:
    """Nothing that an earlier job wrote or deleted on a disk slows a job's builder down."""
    lab, docker, seen = start.start(engine, _OURS, tmp_path, tmp_path / "journal"), Docker(engine.variables), ""
    mounts = "{{range .Mounts}}{{.Name}} {{.Destination}}{{end}}"
    for progress in lab:
        names = docker.run("ps", "--format", "{{.Names}}").split()
        builders = [name for name in names if start.tag(tmp_path) in name]
        if builders and not progress.finished:
            volume, place = docker.run("inspect", "--format", mounts, *builders).split()
            seen = f"{place}: {docker.run('volume', 'inspect', '--format', '{{.Options.type}}', volume).strip()}"
            lab.cancel()
    assert seen == "/var/lib/buildkit: tmpfs"
    assert _left(Ended((lab.result(),), tmp_path, engine)) == []


def test_what_a_killed_lab_left(engine: Engine, tmp_path: Path) -> None:
    """The next lab in the folder takes away the builder, its state and the files of a job that never ended."""
    docker, dead = Docker(engine.variables), f"{start.tag(tmp_path)}-dead"
    docker.run("buildx", "create", "--name", dead, "--driver-opt", "network=host")
    docker.run("volume", "create", f"buildx_buildkit_{dead}0_state")
    (tmp_path / "jobs" / "dead").mkdir(parents=True)
    lab = start.start(engine, _OURS, tmp_path, tmp_path / "journal")
    assert _left(Ended((lab.result(),), tmp_path, engine))
    lab.cancel()
    assert {progress.done for progress in lab} <= {0}
    assert _left(Ended((lab.result(),), tmp_path, engine)) == []
