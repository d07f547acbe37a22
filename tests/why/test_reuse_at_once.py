"""Two builds at once that share their steps: each reads what the steps were for it."""

import subprocess
import time
from pathlib import Path
from uuid import uuid4

import pytest

from dockcache_tui.core.builds.build import Build, BuildSpec, StepState
from dockcache_tui.sources.build_runner import Runner
from dockcache_tui.sources.journal import Journal
from dockcache_tui.sources.rawjson import parse_line
from why.surroundings import BUILDER, Surroundings

DOCKERFILE = """\
FROM busybox
COPY f /f
RUN sleep 4; echo MARK
"""


def project(folder: Path, mark: str) -> Path:
    """Write a project whose steps are those of every other of this mark."""
    folder.mkdir()
    (folder / "f").write_text(mark)
    (folder / "Dockerfile").write_text(DOCKERFILE.replace("MARK", mark))
    return folder


def build(around: Surroundings, folder: Path) -> Build:
    """Build a project to its end."""
    journal = Journal(folder.with_suffix(".journal"))
    runner = Runner(around.docker, journal)
    try:
        launched = runner.start(BuildSpec(str(folder), builder=BUILDER))
        list(launched)
        return launched.result()
    finally:
        runner.close()
        journal.close()


@pytest.mark.parametrize("copies", [True, False])
def test_twins(around: Surroundings, tmp_path: Path, copies: bool) -> None:  # noqa: FBT001
    """What the other build had begun is reused, whether its steps have our digests (no context) or their own."""
    mark = uuid4().hex
    ours, theirs = project(tmp_path / "ours", mark), project(tmp_path / "theirs", mark)
    for folder in (ours, theirs):
        if not copies:
            (folder / "Dockerfile").write_text(DOCKERFILE.replace("COPY f /f\n", "RUN echo\n").replace("MARK", mark))
    words = ("docker", "buildx", "build", "--builder", BUILDER, "--progress=rawjson", str(theirs))
    other = subprocess.Popen(words, env=around.engine.variables, stderr=subprocess.PIPE, text=True)
    assert other.stderr
    for line in other.stderr:
        if any("sleep 4" in one.name and one.started for one in parse_line(line.encode()).vertexes):
            break
    time.sleep(0.2)
    built = build(around, ours)
    other.communicate()
    assert built.error == ""
    counted = [(step.name, step.state) for step in built.steps if step.cacheable]
    assert [state for _, state in counted] == [StepState.REUSED] * 2, counted
    assert (built.cached, built.cacheable) == (2, 2)
