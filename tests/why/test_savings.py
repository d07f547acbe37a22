"""What reuse saved, by what each step really took when it last ran, and what builds that did not succeed claim."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from dockcache_tui.core.builds.build import Build, BuildSpec, BuildStatus, Step, StepState, merge
from dockcache_tui.sources.build_runner import LaunchedBuild, Runner
from dockcache_tui.sources.buildkit.builder import BuildKitBuilder, open_builder
from dockcache_tui.sources.journal import Journal
from dockcache_tui.sources.workspace import ProjectWorkspace
from dockcache_tui.ui.builds.workers import WatchedBuild
from why.history import compare
from why.surroundings import BUILDER, Surroundings

DOCKERFILE = """\
FROM busybox
RUN sleep 1; echo MARK
COPY f /f
RUN sleep 0.5; cat /f
"""


@dataclass(frozen=True)
class Bench:
    """A project of its own, and what builds and keeps it."""

    around: Surroundings
    folder: Path
    journal: Journal
    runner: Runner

    def write(self, dockerfile: str, f: str = "1") -> None:
        """Write the project."""
        (self.folder / "Dockerfile").write_text(dockerfile.replace("MARK", self.folder.name))
        (self.folder / "f").write_text(f)

    def build(self, until: Callable[[LaunchedBuild], bool] = lambda _: False) -> Build:
        """Build, canceled when `until` says so; the daemon tells the same of each step."""
        launched = self.runner.start(BuildSpec(str(self.folder), builder=BUILDER))
        for _ in launched:
            if not launched.is_canceled and until(launched):
                launched.cancel()
        built = launched.result()
        assert compare(self.around, built, [built.ref])[1] == []
        return built


@pytest.fixture
def bench(around: Surroundings, tmp_path: Path) -> Iterator[Bench]:
    """A bench whose project shares no step with another."""
    folder = tmp_path / uuid4().hex
    folder.mkdir()
    journal = Journal(tmp_path / "journal")
    runner = Runner(around.docker, journal)
    yield Bench(around, folder, journal, runner)
    runner.close()
    journal.close()


def took(build: Build) -> list[float]:
    """Return the seconds of each step that counts, in their order."""
    return [step.duration or 0.0 for step in build.steps if step.cacheable]


def test_savings_are_what_steps_took(bench: Bench) -> None:
    """Time saved and the share by time go by what the steps took when they last ran, however many steps follow them."""
    bench.write(DOCKERFILE)
    first = bench.build()
    assert (first.time_saved, first.weighted_reuse) == (None, 0.0)
    again = bench.build()
    assert again.time_saved == pytest.approx(sum(took(first)))
    assert again.weighted_reuse == 1.0
    bench.write(DOCKERFILE + "RUN echo more\n", f="22")
    edited = bench.build()
    saved = took(first)[0]
    assert saved > 1
    assert edited.time_saved == pytest.approx(saved)
    assert edited.weighted_reuse == pytest.approx(saved / (saved + sum(took(edited)[1:])))


def test_a_failed_build_claims_nothing(bench: Bench) -> None:
    """A build that fails saved nothing though steps were reused; what ran in it is known to the next one."""
    bench.write(DOCKERFILE)
    first = bench.build()
    bench.write(DOCKERFILE.replace("cat /f", "exit 3"), f="22")
    failed = bench.build()
    assert (failed.status, failed.cached, failed.cacheable) == (BuildStatus.FAILED, 1, 3)
    assert (failed.time_saved, failed.weighted_reuse) == (None, None)
    assert bench.journal.build(failed.ref) == failed
    bench.write(DOCKERFILE, f="22")
    assert bench.build().time_saved == pytest.approx(took(first)[0] + took(failed)[1])


def test_a_canceled_build_claims_nothing(bench: Bench) -> None:
    """A build that is canceled saved nothing; what ran in it is known to the next one, what was cut is not."""
    bench.write(DOCKERFILE.replace("sleep 0.5", "sleep 600"))
    canceled = bench.build(lambda launched: any(_runs(step, "sleep 600") for step in launched.live.snapshot()))
    assert (canceled.status, canceled.cached, canceled.cacheable) == (BuildStatus.CANCELED, 0, 3)
    assert (canceled.time_saved, canceled.weighted_reuse) == (None, None)
    bench.write(DOCKERFILE)
    built = bench.build()
    assert built.cached == 2
    assert built.time_saved == pytest.approx(sum(took(canceled)[:2]))


@pytest.mark.parametrize("end", [BuildStatus.SUCCEEDED, BuildStatus.FAILED, BuildStatus.CANCELED])
def test_others_builds_save_what_steps_took_here(bench: Bench, end: BuildStatus) -> None:
    """Someone else's build of this folder claims what its reused steps took here while it runs, and if it succeeds."""
    bench.write(DOCKERFILE)
    saved = took(bench.build())[0]
    sleep = {BuildStatus.SUCCEEDED: "sleep 8", BuildStatus.FAILED: "sleep 8; exit 3"}.get(end, "sleep 600")
    bench.write(DOCKERFILE.replace("sleep 0.5", sleep), f="22")
    builder = open_builder(bench.around.docker, BUILDER)
    try:
        theirs = _watched(bench, builder, canceled=end is BuildStatus.CANCELED, sleep=sleep, saved=saved)
        known = _ended(builder, theirs)
        (told,) = merge([theirs], [known])
    finally:
        builder.close()
    assert (told.status, told.cached, told.cacheable) == (end, 1, 3)
    assert told.time_saved == (pytest.approx(saved) if end is BuildStatus.SUCCEEDED else None)
    assert compare(bench.around, told, [told.ref])[1] == []


def _watched(bench: Bench, builder: BuildKitBuilder, *, canceled: bool, sleep: str, saved: float) -> Build:
    """Let docker build the project and watch that as the app does, until it ended."""
    past = {event.build.ref for event in builder.history(follow=False)}
    words = ("docker", "buildx", "build", "--builder", BUILDER, "--quiet", str(bench.folder))
    other = subprocess.Popen(
        words, env=bench.around.engine.variables, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    while not (begun := [one.build for one in builder.history(follow=False) if one.build.ref not in past]):
        time.sleep(0.1)
    workspace = ProjectWorkspace(bench.folder, bench.around.docker, bench.journal)
    theirs = workspace.placed(begun[0])
    watched = WatchedBuild(theirs, builder.status(theirs.node, theirs.ref), workspace.last_durations)
    asked = False
    for _ in watched:
        if not asked and any(_runs(step, sleep) for step in watched.live.snapshot()):
            asked = True
            assert watched.result().time_saved == pytest.approx(saved)
            if canceled:
                other.send_signal(signal.SIGINT)
    other.communicate()
    assert asked
    return watched.result()


def _ended(builder: BuildKitBuilder, build: Build) -> Build:
    """Return a build as the builder's history tells it once it ended."""
    while True:
        (known,) = (one.build for one in builder.history(follow=False) if one.build.ref == build.ref)
        if known.status is not BuildStatus.RUNNING:
            return known
        time.sleep(0.1)


def _runs(step: Step, words: str) -> bool:
    return words in step.name and step.state is StepState.RUNNING
