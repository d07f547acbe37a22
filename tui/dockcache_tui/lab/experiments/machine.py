"""What one job has to itself, as on a runner that was just handed out, and what the job costs."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Self
from uuid import uuid4

from dockcache_tui.core.builds.build import Build, BuildSpec, BuildStatus, Step, StepState
from dockcache_tui.core.builds.names import StepKind, parse_name
from dockcache_tui.core.builds.progress import Progress, TransferUpdate
from dockcache_tui.core.builds.reducer import LiveBuild
from dockcache_tui.core.errors import SourceError
from dockcache_tui.core.lab.build_cost import go_counts, module_of, split_build
from dockcache_tui.core.lab.run import Counts, Split
from dockcache_tui.lab.engine import Engine
from dockcache_tui.lab.experiments.commands import Commands
from dockcache_tui.lab.experiments.relay import Relay
from dockcache_tui.sources.build_runner import LaunchedBuild, Words
from dockcache_tui.sources.builders import list_builders
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.journal import Journal

_RAN = {StepState.BUILT, StepState.FALSE_HIT, StepState.FAILED}
_RUNTIME = ("ACTIONS_RESULTS_URL", "ACTIONS_CACHE_URL", "ACTIONS_RUNTIME_TOKEN", "ACTIONS_CACHE_SERVICE_V2")


class Measure:
    """Listens to one build."""

    def __init__(self) -> None:
        self._transfers: dict[tuple[str, str], TransferUpdate] = {}

    def apply(self, progress: Progress) -> None:
        """Take in one message."""
        for transfer in progress.transfers:
            self._transfers[transfer.vertex, transfer.id] = transfer

    def phase(self, steps: Sequence[Step]) -> str:
        """Return the name of the step that runs, for a user to follow."""
        return next((step.name for step in reversed(steps) if step.state is StepState.RUNNING), "building")

    def split(self, build: Build) -> Split:
        """Return where the time of a finished build went."""
        ended = build.completed_at or build.started_at
        return split_build(build.steps, self._transfers.values(), build.started_at, ended)

    def counts(self, build: Build, live: LiveBuild, go_mod: str) -> Counts:
        """Return what a finished build reused, pulled, downloaded and compiled."""
        bases = {step.digest for step in build.steps if parse_name(step.name).kind is StepKind.SOURCE}
        pulled = sum(one.current for one in self._transfers.values() if one.vertex in bases and _is_layer(one))
        logs = {f"{step.digest} {step.name}": live.log(step.digest).lines for step in build.steps if step.state in _RAN}
        reuse = Counts(pulled=pulled, reused=build.cached, cacheable=build.cacheable)
        return reuse + go_counts(logs, module_of(go_mod))


def _is_layer(transfer: TransferUpdate) -> bool:
    return transfer.id.startswith("sha256:")


@dataclass(frozen=True, slots=True)
class Bench:
    """What all jobs of a run of the lab share: nothing that a build could reuse."""

    engine: Engine
    journal: Journal
    commands: Commands
    folder: Path
    """Holds a folder for each job under way."""
    tag: str
    """Begins the names of this lab's builders and images, and of nobody else's."""
    buildkit: str = ""
    """BuildKit's image; empty for buildx's own."""

    def environment(self) -> dict[str, str]:
        """Return the environment of a job's commands before Actions adds its own."""
        kept = {name: value for name, value in self.engine.variables.items() if not name.startswith(_FOREIGN)}
        return kept | {"GITHUB_ACTIONS": "true"}

    def sweep(self) -> None:
        """Take away what a killed run left."""
        shutil.rmtree(self.folder, ignore_errors=True)
        builders = [builder.name for builder in list_builders(Docker(self.environment()))]
        images = self.docker("image", "ls", "--format", "{{.Repository}}").split()
        states = self.docker("volume", "ls", "--format", "{{.Name}}").split()
        for found, words in ((builders, _REMOVE_BUILDER), (images, _REMOVE_IMAGE), (states, _REMOVE_STATE)):
            for name in {name for name in found if name.startswith((self.tag, state_of(self.tag)))}:
                self.docker(*words, name)

    def docker(self, *words: str) -> str:
        """Run a command of docker's that no job waits for."""
        return Docker(self.environment()).run(*words, timeout=120)


def state_of(builder: str) -> str:
    """Return how the name of the volume begins in which buildx keeps a builder's state."""
    return f"buildx_buildkit_{builder}"


_REMOVE_BUILDER, _REMOVE_IMAGE = ("buildx", "rm", "--force"), ("image", "rm", "--force")
_REMOVE_STATE = ("volume", "rm", "--force")
# On a disk a job would pay for the jobs before it: for minutes ext4 passes over the inodes of what was deleted, one by
# one for each new file, and unpacking a toolchain then takes four times as long.
_IN_MEMORY = ("volume", "create", "--opt", "type=tmpfs", "--opt", "device=tmpfs")
_FOREIGN = ("ACTIONS_", "GITHUB_", "BUILDKIT_PROGRESS", "BUILDX_BUILDER", "MAKE")


class JobMachine:
    """One job's: a builder that never built, a folder, and a line to the service that counts."""

    def __init__(self, bench: Bench, run: Mapping[str, str], app: Path) -> None:
        """Take what Actions tells this run, and the folder of the program."""
        self._bench, self.app = bench, app
        self.name = f"{bench.tag}-{uuid4().hex[:8]}"
        self.folder = bench.folder / self.name
        self._relay = Relay(run["ACTIONS_RESULTS_URL"])
        self._run = run
        self.split, self.counts = Split(), Counts()
        self.build_ref = ""
        self.said: tuple[str, ...] = ()
        self._booted = False

    def __enter__(self) -> Self:
        """Begin; nothing of this is the job's own time."""
        self.folder.mkdir(parents=True)
        self._relay.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        """Leave nothing, whatever happened."""
        self._relay.__exit__(*error)
        builder = ((*_REMOVE_BUILDER, self.name), (*_REMOVE_STATE, self._state)) if self._booted else ()
        for words in (*builder, (*_REMOVE_IMAGE, self.image)):
            with suppress(SourceError):
                self._bench.docker(*words)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def image(self) -> str:
        """Return what every job calls the image; none is left when the next one begins."""
        return f"{self._bench.tag}-app"

    @property
    def _state(self) -> str:
        return f"{state_of(self.name)}0_state"

    @property
    def actions(self) -> Mapping[str, str]:
        """Return what Actions' runner tells the job's actions, the service being reached over the line that counts."""
        there, here = self._run["ACTIONS_RESULTS_URL"], f"{self._relay.address}/"
        return {name: value.replace(there, here) for name, value in self._run.items()}

    @property
    def runtime(self) -> Mapping[str, str]:
        """Return what `run` steps don't get by themselves."""
        return {name: self.actions[name] for name in _RUNTIME}

    def total(self) -> Counts:
        """Return the counts so far, with the bytes to and from the service."""
        return self.counts + Counts(up=self._relay.up, down=self._relay.down)

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        """Count the seconds this lasts to one part of the split."""
        self._bench.commands.check()
        began = monotonic()
        try:
            yield
        finally:
            self.split += Split(**{part: monotonic() - began})

    def boot(self) -> None:
        """Start the builder, its state in memory as on a disk that nobody used before."""
        options = ["--driver-opt", "network=host"]
        if self._bench.buildkit:
            options += ["--driver-opt", f"image={self._bench.buildkit}"]
        if self._bench.engine.owned:
            options += ["--buildkitd-config", f"{self._bench.engine.home}/buildkitd.toml"]
        self._booted = True
        self._bench.docker(*_IN_MEMORY, self._state)
        with self.timed("setup"):
            words = ("docker", "buildx", "create", "--driver", "docker-container", "--name", self.name, "--bootstrap")
            self._command((*words, *options))

    def command(self, *words: str, part: str = "rest") -> str:
        """Run a command of the job's in the program's folder and return its stdout; raises SourceError."""
        with self.timed(part):
            return self._command(words)

    def build(self, spec: BuildSpec, environment: Mapping[str, str], words: Words | None = None) -> Iterator[str]:
        """Build, yielding the step that runs; raises BuildFailedError with the first line of the reason."""
        self._bench.commands.check()
        docker = Docker({**self._bench.environment(), **environment})
        build = LaunchedBuild(docker, self._bench.journal, spec, words)
        measure = Measure()
        with self._bench.commands.ending(build.cancel):
            try:
                for progress in build:
                    measure.apply(progress)
                    yield measure.phase(build.live.snapshot())
            except SourceError as error:
                failure = str(error)
            else:
                failure = ""
        done = build.result()
        self.build_ref, self.said = done.ref, build.live.noise().lines
        self.split += measure.split(done)
        self.counts += measure.counts(done, build.live, (self.app / "go.mod").read_text())
        if done.status is not BuildStatus.SUCCEEDED:
            raise BuildFailedError((failure or done.error or done.status.value).splitlines()[0])

    def _command(self, words: tuple[str, ...]) -> str:
        return self._bench.commands.run(words, self._bench.environment(), self.app)


class BuildFailedError(Exception):
    """A job's build failed; str(error) is why."""
