"""The jobs of each experiment, step by step as in its workflow in .github/workflows."""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from dockcache_tui.core.builds.build import BuildSpec
from dockcache_tui.core.errors import SourceError
from dockcache_tui.core.lab.experiment import Experiment, Layout
from dockcache_tui.lab.experiments import artifact
from dockcache_tui.lab.experiments.machine import JobMachine

_ARTIFACT, _ARCHIVE = "image", "image.tar"


@dataclass(frozen=True, slots=True)
class LabWorkflowRun:
    """One run of a workflow: its cache scope, those it may fall back on, and whether `run` steps see the runtime."""

    experiment: Experiment
    scope: str
    fallbacks: tuple[str, ...] = ()
    exposed: bool = True

    @property
    def dockerfile(self) -> str:
        """Return the name of the Dockerfile it builds."""
        return "Dockerfile" if self.experiment.layout is Layout.OURS else "original.Dockerfile"


def build_job(run: LabWorkflowRun, machine: JobMachine) -> Iterator[str]:
    """Run the job that builds, yielding what it does; raises BuildFailedError or SourceError."""
    yield "starting a builder"
    machine.boot()
    match run.experiment.number:
        case 1:
            yield from _make(run, machine, {"GHA": "on", "SAVE": "on", "OUTPUT": "none"})
        case 2:
            saved = f"type=gha,mode=max,scope={run.scope}"
            yield from _build_push(run, machine, "--output", "type=cacheonly", cache_to=(saved,))
        case 3:
            yield from _make(run, machine, {"OUTPUT": "tar"})
            yield from _upload(machine)
        case _:
            switches = {"GHA": "try", "SAVE": "on", "CACHE_FROM": " ".join(run.fallbacks), "OUTPUT": "tar"}
            yield from _make(run, machine, switches)
            yield from _upload(machine)


def say_job(run: LabWorkflowRun, machine: JobMachine, phrase: str) -> Iterator[str]:
    """Run a later job, which says a phrase, yielding what it does; raises BuildFailedError or SourceError."""
    if run.experiment.number in {1, 2}:
        yield "starting a builder"
        machine.boot()
    match run.experiment.number:
        case 1:
            yield from _make(run, machine, {"GHA": "on"})
        case 2:
            yield from _build_push(run, machine, "--load")
        case _:
            yield "downloading the image"
            with machine.timed("transfer"):
                artifact.download(machine.actions, _ARTIFACT, machine.folder)
            _made(machine, "load", f"ARCHIVE={machine.folder / _ARCHIVE}", part="transfer")
    yield "running the program"
    said = _made(machine, "run", f"IMAGE={machine.image}", f"ARGS={phrase}")
    if not all(word in said for word in phrase.split()):
        raise SourceError(f"the program did not say {phrase!r} but {said!r}", title="A job failed")


def _make(run: LabWorkflowRun, machine: JobMachine, switches: Mapping[str, str]) -> Iterator[str]:
    """Build as `make build` with these switches."""
    every = {
        "GHA": "off",
        "SAVE": "off",
        "CACHE_FROM": "",
        "OUTPUT": "load",
        "CACHE_SCOPE": run.scope,
        "DOCKERFILE": run.dockerfile,
        "ARCHIVE": str(machine.folder / _ARCHIVE),
        "IMAGE": machine.image,
        "BUILDER": machine.name,
        "PLATFORM": "",
        "PROGRESS": "rawjson",
        **switches,
    }

    def words(metadata: Path) -> tuple[str, ...]:
        more = f"BUILD_ARGS=--metadata-file {shlex.quote(str(metadata))}"
        return (*_MAKE, "build", *(f"{name}={value}" for name, value in every.items()), more)

    cached = every["GHA"] != "off" and run.exposed
    scopes = (run.scope, *every["CACHE_FROM"].split()) if cached else ()
    spec = _spec(run, machine)(
        cache_from=tuple(f"type=gha,scope={scope}" for scope in scopes),
        cache_to=(f"type=gha,mode=max,scope={run.scope}",) if cached and every["SAVE"] == "on" else (),
        extra=("--tag", machine.image, *(("--load",) if every["OUTPUT"] == "load" else ())),
    )
    yield from machine.build(spec, machine.runtime if run.exposed else {}, words)


def _build_push(run: LabWorkflowRun, machine: JobMachine, *more: str, cache_to: tuple[str, ...] = ()) -> Iterator[str]:
    """Build as docker/build-push-action does, which is an action and so has the runtime environment."""
    extra = ("--tag", machine.image, "--attest", "type=provenance,mode=min,inline-only=true", *more)
    spec = _spec(run, machine)(cache_from=(f"type=gha,scope={run.scope}",), cache_to=cache_to, extra=extra)
    yield from machine.build(spec, machine.runtime)


def _spec(run: LabWorkflowRun, machine: JobMachine) -> "partial[BuildSpec]":
    scope = (("CACHE_SCOPE", run.scope),) if run.experiment.layout is Layout.ORIGINAL else ()
    return partial(BuildSpec, str(machine.app), file=run.dockerfile, builder=machine.name, build_args=scope)


def _upload(machine: JobMachine) -> Iterator[str]:
    yield "uploading the image"
    with machine.timed("transfer"):
        artifact.upload(machine.actions, _ARTIFACT, machine.folder / _ARCHIVE)


def _made(machine: JobMachine, *words: str, part: str = "rest") -> str:
    return machine.command(*_MAKE, *words, part=part)


_MAKE = ("make", "--no-print-directory")
