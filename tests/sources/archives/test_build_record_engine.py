"""Build records that the real `buildx history export` wrote, against the builds as they were followed live."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from dockcache_tui.core.archives.archive import BuildRecord
from dockcache_tui.core.builds.build import Build, BuildSpec, BuildStatus
from dockcache_tui.lab.engine import Engine
from dockcache_tui.sources.archives.local import LocalArchives
from dockcache_tui.sources.build_runner import LaunchedBuild, Runner
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.journal import Journal

DOCKERFILE = """\
FROM busybox AS made
ARG MARK
RUN echo one $MARK; echo two >&2; echo $MARK > /mark
FROM scratch
COPY --from=made /mark /mark
"""


class Bench:
    """A builder, a project that it has not seen, and what was followed live."""

    def __init__(self, docker: Docker, runner: Runner, builder: str, folder: Path) -> None:
        """Take the parts."""
        self._docker, self._runner, self.builder, self.folder = docker, runner, builder, folder

    def build(self, text: str, until: Callable[[LaunchedBuild], bool] = lambda _: False) -> LaunchedBuild:
        """Build a Dockerfile, canceled when `until` says so."""
        (self.folder / "Dockerfile").write_text(text)
        extra = ("--network", "none", "--output", "type=cacheonly")
        launched = self._runner.start(BuildSpec(str(self.folder), builder=self.builder, extra=extra))
        for _ in launched:
            if not launched.is_canceled and until(launched):
                launched.cancel()
        return launched

    def export(self, *refs: str) -> tuple[BuildRecord, ...]:
        """Export the records of builds and read them."""
        path = self.folder.parent / f"{uuid4().hex}.dockerbuild"
        words = ("buildx", "history", "export", "--builder", self.builder, "--finalize", "--output", str(path))
        self._docker.run(*words, *refs, timeout=120)
        return LocalArchives().builds(path)


@pytest.fixture(params=["docker_builder", "container_builder"])
def bench(engine: Engine, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """A bench for each driver."""
    (tmp_path / "project").mkdir()
    journal, docker = Journal(tmp_path / "data"), Docker(engine.variables)
    runner = Runner(docker, journal)
    yield Bench(docker, runner, request.getfixturevalue(request.param), tmp_path / "project")
    runner.close()
    journal.close()


def marked(text: str = DOCKERFILE) -> str:
    """Return a Dockerfile whose steps no other build has."""
    return text.replace("ARG MARK", f"ARG MARK={uuid4().hex}")


def told(build: Build, among: Build) -> dict[str, tuple[object, ...]]:
    """Return what is told of each step that both readings of a build have; some are the client's own."""
    digests = {step.digest for step in among.steps}
    return {
        step.digest: (step.name, step.state, step.cacheable, step.stage, step.error)
        for step in build.steps
        if step.digest in digests
    }


def test_a_record_is_the_build_that_was_followed(bench: Bench) -> None:
    """Steps, reuse, lines, times and output are those that were seen live; the Dockerfile is the one that was built."""
    text = marked()
    first, again = bench.build(text), bench.build(text)
    (record,) = bench.export(again.ref)
    assert record.faults == ()
    assert (record.build.status, record.build.reuse) == (BuildStatus.SUCCEEDED, again.result().reuse)
    assert [file.text for file in record.files] == [text]
    (record,) = bench.export(first.ref)
    live = first.result()
    assert (record.build.ref, record.build.status, record.build.error) == (live.ref, BuildStatus.SUCCEEDED, "")
    assert told(record.build, live) == told(live, record.build)
    assert {step.line for step in record.build.steps} >= {3, 5}
    assert (record.build.cached, record.build.cacheable) == (live.cached, live.cacheable)
    for step in record.build.steps:
        assert sorted(record.log(step.digest).lines) == sorted(first.live.log(step.digest).lines)
    assert sum(len(log.lines) for log in record.logs.values()) == 2
    assert record.build.completed_at is not None
    assert live.started_at <= record.build.started_at <= record.build.completed_at


def test_several_builds_in_one_file(bench: Bench) -> None:
    """Each is read with its own steps, newest first."""
    launched = [bench.build(marked()) for _ in range(3)]
    records = bench.export(*(one.ref for one in launched))
    assert [record.build.ref for record in records] == [one.ref for one in reversed(launched)]
    for record, one in zip(records, reversed(launched), strict=True):
        assert told(record.build, one.result()) == told(one.result(), record.build) != {}


def test_a_failed_build(bench: Bench) -> None:
    """The failed step has its error and the line, and the build its reason and the Dockerfile."""
    text = marked("FROM busybox\nARG MARK\nRUN echo out of cheese $MARK && exit 3\n")
    launched = bench.build(text)
    (record,) = bench.export(launched.ref)
    assert record.build.status is BuildStatus.FAILED
    assert "exit code: 3" in record.build.error
    (failed,) = (step for step in record.build.steps if step.error)
    assert (failed.line, "exit code: 3" in failed.error) == (3, True)
    assert any("out of cheese" in line for line in record.log(failed.digest).lines)
    assert [file.text for file in record.files] == [text]
    assert record.faults == ()


def test_a_canceled_build(bench: Bench) -> None:
    """A build that was given up is told as canceled, with the steps it got to."""

    def waits(launched: LaunchedBuild) -> bool:
        return any(
            "waiting" in line for step in launched.result().steps for line in launched.live.log(step.digest).lines
        )

    launched = bench.build(marked("FROM busybox\nARG MARK\nRUN echo $MARK\nRUN echo waiting; sleep 600\n"), waits)
    (record,) = bench.export(launched.ref)
    live = launched.result()
    assert (live.status, record.build.status) == (BuildStatus.CANCELED, BuildStatus.CANCELED)
    states = {step.name: step.state for step in live.steps if step.cacheable}
    assert {step.name: step.state for step in record.build.steps if step.cacheable} == states
