"""What is predicted of a build before it runs is what it then does."""

import os
from collections import Counter
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from dockcache_tui.core.builds.build import Build, BuildSpec, Prediction, StepState
from dockcache_tui.core.builds.names import parse_name
from dockcache_tui.core.errors import SourceError
from dockcache_tui.sources.build_runner import Runner
from dockcache_tui.sources.buildkit.builder import open_builder
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.journal import Journal
from dockcache_tui.sources.predictions import Predictions
from why.case import Case, all_cases, filled, judged
from why.running import run_case
from why.shapes import SHAPES
from why.surroundings import Surroundings
from why.test_reuse_neighbours import prepare

RIGHT = {
    Prediction.HIT: {StepState.REUSED},
    Prediction.MISS: {StepState.BUILT, StepState.FALSE_HIT, StepState.FAILED},
}


class Compared:
    """Predicts builds, and compares what is predicted with the builds that follow."""

    def __init__(self, folder: Path) -> None:
        """Keep the builds in a journal there."""
        self.counts: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.journal = folder / "journal"
        self._predicted: Build | None = None

    def predict(self, spec: BuildSpec, docker: Docker) -> None:
        """Predict a build that is about to begin."""
        with closing(Journal(self.journal)) as journal:
            self._predicted = Predictions(docker, journal).predict(spec)
        digests = [step.digest for step in self._predicted.steps]
        assert len(digests) == len({*digests})

    def look(self, build: Build) -> None:
        """Compare with the build."""
        states = {step.name: step.state for step in build.steps}
        for step in self._predicted.steps if self._predicted else ():
            state = states.get(step.name)
            if step.prediction is None or state in (None, StepState.WAITING, StepState.CANCELED):
                continue
            if step.prediction is Prediction.UNKNOWN:
                self.counts[f"? {step.cause.text if step.cause else ''}"] += 1
            elif state in RIGHT[step.prediction]:
                self.counts[f"{step.prediction} right"] += 1
            else:
                self.counts["wrong"] += 1
                self.wrong.append(f"{parse_name(step.name).instruction}: {step.prediction}, but {state}")


def of_case(name: str, around: Surroundings, folder: Path) -> Compared:
    """Predict both builds of a case."""
    compared = Compared(folder)
    run_case(Case.named(name), around, folder, lambda ran, _: compared.look(ran.build), compared.predict)
    return compared


def test_a_result_that_is_gone(around: Surroundings, tmp_path: Path) -> None:
    """Of a build of which one result was pruned that step is predicted to run, and no other."""
    compared = of_case("050-pruned-one-leaf", around, tmp_path)
    assert (compared.counts, compared.wrong) == ({"miss right": 8, "hit right": 6}, [])


@pytest.mark.matrix
def test_all_cases(around: Surroundings, tmp_path: Path) -> None:
    """No step of any case is predicted wrongly; the counts are printed, with the reasons for what is not known."""
    around.push_frontends()

    def of(name: str, folder: Path) -> tuple[Counter[str], list[str]]:
        compared = of_case(name, around, folder)
        return compared.counts, compared.wrong

    counts, wrong = judged(all_cases(), tmp_path, of)
    print(f"{len(all_cases())} cases: {dict(counts)}")  # noqa: T201 - the count
    assert (len(all_cases()), wrong) == (93, [])


def test_a_cache_in_a_folder(around: Surroundings, tmp_path: Path) -> None:
    """What a builder that holds nothing reads from a cache in a folder is predicted."""
    compared = of_shape("local import", around, tmp_path)
    assert (compared.counts, compared.wrong) == ({"miss right": 3, "hit right": 1}, [])


@pytest.mark.matrix
@pytest.mark.parametrize("name", [name for name, shape in SHAPES.items() if not shape.bake])
def test_all_shapes(name: str, around: Surroundings, tmp_path: Path) -> None:
    """No step of any shape of build is predicted wrongly, before its first build and after an edit."""
    compared = of_shape(name, around, tmp_path)
    print(f"{name:42} {dict(compared.counts)} {compared.wrong or ''}", flush=True)  # noqa: T201 - the table
    assert compared.wrong == []


def of_shape(name: str, around: Surroundings, folder: Path) -> Compared:
    """Predict a build and, after an edit, the next one; one that reads a cache is on a builder that holds nothing."""
    shape, work = SHAPES[name], folder / "work"
    names = prepare(shape, around, work)
    compared = Compared(folder)

    def predict_and_build(flags: tuple[str, ...]) -> None:
        spec = BuildSpec(str(work), builder=around.builder, extra=tuple(filled(word, names) for word in flags))
        compared.predict(spec, around.docker)
        compared.look(build(around, compared, spec))

    predict_and_build(shape.flags)
    if shape.changed:
        shape.changed(around.www)
    (work / "f").write_text("22")
    if shape.imports:
        around.docker.run("buildx", "prune", "--builder", around.builder, "--force", "--all", timeout=120)
    predict_and_build(shape.again if shape.imports else (*shape.flags, *shape.again))
    return compared


def build(around: Surroundings, compared: Compared, spec: BuildSpec) -> Build:
    """Build to the end."""
    with closing(Journal(compared.journal)) as journal, closing(Runner(around.docker, journal)) as runner:
        launched = runner.start(spec)
        for _ in launched:
            pass
        return launched.result()


DOCKERFILE = """\
FROM busybox AS build
WORKDIR /w
COPY a /w/
RUN echo COMMAND > /made
ARG WORD=none
RUN echo $WORD
COPY . /all/
RUN cat /made > /out
FROM busybox
COPY b /b
COPY --from=build /out /out
RUN echo last
"""


@pytest.mark.matrix
@pytest.mark.parametrize("seed", range(4))
def test_edits_in_turn(seed: int, around: Surroundings, tmp_path: Path) -> None:
    """No step is predicted wrongly through edits, other arguments and bases, prunes, failures and builds of others."""
    random, work = Random(seed), tmp_path / "work"  # noqa: S311 -- no secret
    work.mkdir()
    for name in "abc":
        (work / name).write_text("1")
    (work / "Dockerfile").write_text(DOCKERFILE)
    around.docker.run("buildx", "prune", "--builder", around.builder, "--force", "--all", timeout=120)
    around.registry.tag("busybox", "latest", "v1")
    compared, spec, said = Compared(tmp_path), BuildSpec(str(work), builder=around.builder), list[str]()
    edits = Edits(random, around, work)
    for _ in range(12):
        spec, what = edits.one(spec)
        said.append(what)
        compared.predict(spec, around.docker)
        compared.look(build(around, compared, spec))
        assert compared.wrong == [], said
    print(f"{seed}: {dict(compared.counts)}", flush=True)  # noqa: T201 - the counts
    assert compared.counts["hit right"] > 0


class Edits:
    """What may happen to a project and its builder between two builds."""

    def __init__(self, random: Random, around: Surroundings, work: Path) -> None:
        """Draw from this."""
        self._random, self._around, self._work = random, around, work

    def one(self, spec: BuildSpec) -> tuple[BuildSpec, str]:
        """Let something happen; returns what to build now, and what happened."""
        what = self._random.choice(
            ("file", "file", "quiet file", "command", "argument", "target", "base", "prune", "forget", "others", "fail")
        )
        name, text = self._random.choice("abc"), self._random.choice("1234")
        match what:
            case "file":
                (self._work / name).write_text(text)
            case "quiet file":
                before = (self._work / name).stat()
                (self._work / name).write_text(text)
                os.utime(self._work / name, ns=(before.st_atime_ns, before.st_mtime_ns))
            case "command":
                (self._work / "Dockerfile").write_text(DOCKERFILE.replace("COMMAND", text))
            case "argument":
                spec = replace(spec, build_args=(("WORD", text),))
            case "target":
                spec = replace(spec, target=self._random.choice(("", "build")))
            case "fail":
                (self._work / "Dockerfile").write_text(DOCKERFILE.replace("echo last", f"exit {text}"))
            case _:
                self._beside(what, text)
        return spec, f"{what} {name} {text}"

    def _beside(self, what: str, text: str) -> None:
        """Let something happen on the builder."""
        match what:
            case "base":
                self._around.registry.tag("busybox", "latest", self._random.choice(("v1", "v2", "relabel")))
            case "prune":
                self._prune(self._random.choice(("COPY b", "COPY --from", "echo last", "cat /made", "COPY .")))
            case "forget":
                self._prune("local source")
            case "others":
                with suppress(SourceError):  # where a step is to fail
                    self._others(text)

    def _prune(self, description: str) -> None:
        """Prune the records with a text that nothing stands on."""
        with closing(open_builder(self._around.docker, self._around.builder)) as builder:
            records = builder.snapshot().records
            needed = {parent for record in records for parent in record.parents}
            builder.prune([one for one in records if description in one.description and one.id not in needed])

    def _others(self, text: str) -> None:
        """Build without us, something else or the same."""
        words = ("buildx", "build", "--builder", self._around.builder, "--build-arg", f"WORD={text}")
        self._around.docker.run(*words, str(self._work), timeout=120)
