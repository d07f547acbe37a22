"""Builds at once that share their steps: each reads what the steps were for it."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from dockcache_tui.core.builds.build import Build, BuildSpec, BuildStatus, Step, StepState
from dockcache_tui.sources.build_runner import Runner
from dockcache_tui.sources.journal import Journal
from dockcache_tui.sources.rawjson import parse_line
from why.surroundings import BUILDER, Surroundings

SHARED = """\
FROM busybox
COPY f /f
RUN sleep 4; echo MARK
"""
BUILT, REUSED, FAILED = StepState.BUILT, StepState.REUSED, StepState.FAILED


def project(folder: Path, mark: str, dockerfile: str = SHARED) -> Path:
    """Write a project whose steps are those of every other of this mark."""
    folder.mkdir()
    (folder / "f").write_text(mark)
    (folder / "Dockerfile").write_text(dockerfile.replace("MARK", mark))
    return folder


def build(around: Surroundings, folder: Path, look: Callable[[Step], object] = lambda _: None) -> Build:
    """Build a project to its end, looking at its steps all along; what was once told as reused or not stays so."""
    journal = Journal(folder.with_suffix(".journal"))
    runner = Runner(around.docker, journal)
    told: dict[str, bool] = {}
    try:
        launched = runner.start(BuildSpec(str(folder), builder=BUILDER))
        for _ in launched:
            for step in launched.live.snapshot():
                look(step)
                if step.cacheable and step.state is not StepState.WAITING:
                    told.setdefault(step.digest, step.cached)
        built = launched.result()
    finally:
        runner.close()
        journal.close()
    assert told == {step.digest: step.cached for step in built.steps if step.cacheable}
    return built


def counted(built: Build) -> list[StepState]:
    """Return what became of the steps that count, in their order."""
    return [step.state for step in sorted(built.steps, key=lambda step: step.name) if step.cacheable]


@contextmanager
def another(around: Surroundings, folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """Let someone else build a project for a while, from when its step that sleeps began."""
    words = ("docker", "buildx", "build", "--builder", BUILDER, "--progress=rawjson", str(folder))
    other = subprocess.Popen(words, env=around.engine.variables, stderr=subprocess.PIPE, text=True)
    assert other.stderr
    for line in other.stderr:
        if any("sleep" in one.name and one.started for one in parse_line(line.encode()).vertexes):
            break
    time.sleep(0.2)
    yield other
    other.communicate()


@pytest.mark.parametrize(
    ("theirs", "ours", "expected"),
    [
        (SHARED, SHARED, [REUSED] * 2),
        (SHARED.replace("COPY f /f", "RUN echo"), SHARED.replace("COPY f /f", "RUN echo"), [REUSED] * 2),
        (SHARED, f"{SHARED}RUN echo more\n", [REUSED, REUSED, BUILT]),
        (SHARED, f"{SHARED.replace('busybox', 'busybox AS a')}FROM a AS b\nRUN echo b\n", [REUSED, REUSED, BUILT]),
        (SHARED.replace("MARK", "MARK; exit 3"), SHARED.replace("MARK", "MARK; exit 3"), [REUSED, FAILED]),
        (SHARED.replace("COPY f", "ADD @HTTP@/big"), SHARED.replace("COPY f", "ADD @HTTP@/big"), [REUSED] * 2),
        (SHARED.replace("COPY", "COPY --link"), SHARED.replace("COPY", "COPY --link"), [REUSED] * 2),
    ],
    ids=["context", "no context", "more steps", "more stages", "failing", "fetch", "link"],
)
def test_twins(around: Surroundings, tmp_path: Path, theirs: str, ours: str, expected: list[StepState]) -> None:
    """What the other build had begun is reused, whatever digest and name it has there, and counted once."""
    mark = uuid4().hex
    (around.www / "big").write_text(mark)
    theirs, ours = (text.replace("@HTTP@", around.http) for text in (theirs, ours))
    with another(around, project(tmp_path / "theirs", mark, theirs)):
        built = build(around, project(tmp_path / "ours", mark, ours))
    assert built.status is (BuildStatus.FAILED if FAILED in expected else BuildStatus.SUCCEEDED), built.error
    assert counted(built) == expected, built.steps


def test_the_other_build_is_canceled(around: Surroundings, tmp_path: Path) -> None:
    """A step that the other build had begun runs on for ours when that one is canceled, and is counted once."""
    mark, shared = uuid4().hex, SHARED.replace("sleep 4", "sleep 10")
    with another(around, project(tmp_path / "theirs", mark, shared)) as other:

        def cancel(step: Step) -> None:
            if "sleep" in step.name and step.started_at and step.state is StepState.WAITING and other.poll() is None:
                other.send_signal(signal.SIGINT)

        built = build(around, project(tmp_path / "ours", mark, shared), cancel)
    assert other.returncode
    assert (built.error, counted(built)) == ("", [REUSED] * 2)


def test_begun_at_once(around: Surroundings, tmp_path: Path) -> None:
    """Of two builds begun at once each counts every step once, and each step ran in one of them or for both."""
    mark = uuid4().hex
    folders = [project(tmp_path / name, mark, f"{SHARED}COPY f /g\n") for name in ("one", "two")]
    with ThreadPoolExecutor() as pool:
        one, two = pool.map(lambda folder: build(around, folder), folders)
    assert (one.error, two.error) == ("", "")
    assert (one.cacheable, two.cacheable) == (3, 3)
    assert all(BUILT in pair and {*pair} <= {BUILT, REUSED} for pair in zip(counted(one), counted(two), strict=True))
