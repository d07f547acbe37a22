"""Begins a run of the lab, or takes one up again."""

import os
import platform
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path

from platformdirs import user_cache_path

from dockcache_tui.core.errors import SourceError, UsageError
from dockcache_tui.core.lab.run import LabMachine, LabPlan, LabRun, LabStatus
from dockcache_tui.lab import engine as engines
from dockcache_tui.lab.demo import shipped_app
from dockcache_tui.lab.engine import Engine, golang, images
from dockcache_tui.lab.experiments.commands import Commands
from dockcache_tui.lab.experiments.lab import PROGRAM, Lab
from dockcache_tui.lab.experiments.machine import Bench
from dockcache_tui.lab.experiments.served import wait_until_free
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.file_lock import locked
from dockcache_tui.sources.journal import Journal
from dockcache_tui.sources.journal.lab_runs import LabRuns
from dockcache_tui.sources.protocols import Say

_MARK = "run"
"""The file in the service's folder that names the run whose caches it holds."""


def default_folder() -> Path:
    """Return the folder in the platform's cache where the lab keeps its sample program and what its jobs saved."""
    return user_cache_path("dockcache-tui") / "lab"


@contextmanager
def begun(plan: LabPlan | None, say: Say, folder: Path | None = None) -> Iterator[Lab]:
    """Lend an engine to a new run, or without a plan to the newest; raises DockcacheError where there is none."""
    with ExitStack() as stack:
        engine = lend(stack, say)
        yield start(engine, plan, folder) if plan else resume(engine, folder)


def lend(stack: ExitStack, say: Say) -> Engine:
    """Return the private engine where it can be made, else the Docker that is there, until the stack ends.

    Says before what is fetched for it; raises EngineError without one.
    """
    home = engines.default_home()
    if engines.support() is not None and (there := engines.existing(home)):
        return there
    if not engines.running(engines.at(home)):
        say("The lab brings an engine of its own. What is missing of it is fetched now, once:")
        for line in engines.plan(home, builders=True):
            say(f"  {line}")
        say("`dockcache-tui demo --remove` takes it all away again.")
    return stack.enter_context(engines.borrow(home, say, builders=True))


def start(engine: Engine, plan: LabPlan, folder: Path | None = None, journal: Path | None = None) -> Lab:
    """Begin a run on an engine that can make docker-container builders; its builds go to the journal in a folder.

    Raises UsageError while another lab uses the folder, SourceError where the journal can't be used.
    """
    with ExitStack() as stack:
        folder, runs = _entered(stack, folder, journal)
        run = runs.begin(plan, machine(engine))
        service = folder / "service"
        for kept in (service, folder / PROGRAM):
            shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(shipped_app(), folder / PROGRAM)
        service.mkdir(parents=True)
        (service / _MARK).write_text(str(run.id))
        return _lab(stack, engine, runs, run, folder, journal)


def resume(engine: Engine, folder: Path | None = None, journal: Path | None = None) -> Lab:
    """Go on with the newest run; raises UsageError where it is complete or its caches are gone."""
    with ExitStack() as stack:
        folder, runs = _entered(stack, folder, journal)
        run = next(iter(runs.runs(limit=1)), None)
        mark = folder / "service" / _MARK
        if run is None or run.status is LabStatus.COMPLETE:
            raise UsageError("no run of the lab was left unfinished", hint="Begin one with `dockcache-tui lab run`.")
        if not mark.is_file() or mark.read_text() != str(run.id):
            raise UsageError(
                f"the caches of run {run.id} are gone", hint="Begin a new run with `dockcache-tui lab run`."
            )
        runs.take_up(run)
        return _lab(stack, engine, runs, run, folder, journal)


def tag(folder: Path) -> str:
    """Return what the names of all builders and images of the lab in that folder begin with."""
    return f"dockcache-lab-{sha256(str(folder).encode()).hexdigest()[:8]}"


def machine(engine: Engine) -> LabMachine:
    """Return what there is to know of this machine and of the engine."""
    cpu, memory = Path("/proc/cpuinfo"), Path("/proc/meminfo")
    names = [line.partition(":")[2].strip() for line in _lines(cpu) if line.startswith("model name")]
    sizes = [int(line.split()[1]) * 1024 for line in _lines(memory) if line.startswith("MemTotal:")]
    try:
        docker = Docker(engine.variables).run("version", "--format", "{{.Server.Version}}").strip()
    except SourceError:
        docker = ""
    return LabMachine(
        system=f"{platform.system()} {platform.machine()}",
        processor=names[0] if names else platform.processor(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 0,
        memory=sizes[0] if sizes else 0,
        docker=docker,
        buildkit=golang.BUILDKIT.removeprefix("v") if engine.owned else "",
        go=golang.GO if engine.owned else "",
    )


def _entered(stack: ExitStack, folder: Path | None, journal: Path | None) -> tuple[Path, LabRuns]:
    folder = (folder or default_folder()).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        stack.enter_context(locked(folder / "lock", patience=0))
    except BlockingIOError as error:
        raise UsageError(f"another lab runs in {folder}", hint="Wait for it, or cancel it.") from error
    wait_until_free(folder / "service")
    runs = LabRuns(journal)
    stack.callback(runs.close)
    return folder, runs


def _lab(stack: ExitStack, engine: Engine, runs: LabRuns, run: LabRun, folder: Path, journal: Path | None) -> Lab:
    builds = Journal(journal)
    stack.callback(builds.close)
    buildkit = images.BUILDKIT[0] if engine.owned else ""
    bench = Bench(engine, builds, Commands(), folder / "jobs", tag(folder), buildkit)
    return Lab(bench, runs, run, folder, stack.pop_all().close)


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.is_file() else []
