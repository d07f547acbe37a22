"""Builds launched for real: on every driver, and through every way they can end."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from uuid import uuid4

import pytest

from dockcache_tui.core.builds.build import Build, BuildSpec, BuildStatus, Step, StepState
from dockcache_tui.core.builds.names import parse_name
from dockcache_tui.core.errors import SourceError
from dockcache_tui.lab.engine import DOCKER, Engine, Remote
from dockcache_tui.sources.build_runner import LaunchedBuild, Runner
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.journal import Journal
from processes import ends

DOCKERFILE = """\
FROM busybox AS build
ARG MARK
WORKDIR /$MARK
COPY main.txt .
RUN echo $MARK > /mark; cat main.txt; sleep 0.2
FROM busybox
COPY --from=build /mark /mark
COPY other.txt /
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Make a project whose steps no other build has."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "main.txt").write_text("one")
    (folder / "other.txt").write_text(uuid4().hex)
    return dockerfile(folder, DOCKERFILE)


def dockerfile(folder: Path, text: str) -> Path:
    """Write a project's Dockerfile with a mark of its own."""
    (folder / "Dockerfile").write_text(text.replace("ARG MARK", f"ARG MARK={uuid4().hex}"))
    return folder


@pytest.fixture
def runner(engine: Engine, journal: Journal) -> Iterator[Runner]:
    """Launch builds on the engine; none outlives the test."""
    launcher = Runner(Docker(engine.variables), journal)
    yield launcher
    launcher.close()


def built(runner: Runner, spec: BuildSpec) -> Build:
    """Build and wait for the end."""
    launched = runner.start(spec)
    for _ in launched:
        pass
    return launched.result()


def ran(build: Build) -> set[str]:
    """Return the first two words of the instructions that were run; BuildKit fills in their arguments."""
    return {short(step) for step in build.steps if step.cacheable and step.state is StepState.BUILT}


def short(step: Step) -> str:
    """Return the first two words of a step's instruction."""
    return " ".join(step.name.partition("] ")[2].split()[:2])


@pytest.mark.parametrize("driver", ["docker_builder", "container_builder", "remote_builder"])
def test_build_again(
    runner: Runner, journal: Journal, project: Path, driver: str, request: pytest.FixtureRequest
) -> None:
    """The second build is all reuse, an edit builds what follows from it, and the journal keeps it all."""
    spec = BuildSpec(str(project), builder=request.getfixturevalue(driver), extra=("--provenance=mode=max",))
    first, again = built(runner, spec), built(runner, spec)
    assert (first.status, first.reuse, first.error) == (BuildStatus.SUCCEEDED, 0.0, "")
    assert (again.reuse, again.weighted_reuse, again.cacheable) == (1.0, 1.0, 5)
    assert again.time_saved
    assert again.time_saved > 0.2
    (project / "main.txt").write_text("two")
    edited = built(runner, spec)
    assert ran(edited) == {"COPY main.txt", "RUN echo"}
    assert {short(step): step.line for step in edited.steps if step.cacheable}["RUN echo"] == 5
    assert {step.cause.text for step in first.steps if step.cause} == {"No earlier build of this project is known."}
    assert [step.cause.text for step in edited.steps if step.cause] == [
        "main.txt changed.",
        "It builds on “COPY main.txt .”, which ran.",
    ]
    assert (again.compared_with, edited.compared_with) == ("", again.ref)
    assert journal.builds(str(project)) == (edited, again, first)
    assert all(build.builder == spec.builder and build.node for build in journal.builds())
    evidence = journal.evidence(edited.ref)
    assert evidence
    (context,) = evidence.graphs[0].contexts
    assert [file.path for file in context.files] == [b"Dockerfile", b"main.txt", b"other.txt"]
    assert (context.kept, context.unsure, evidence.missing) == ((), (), ())


def test_steps_of_several_nodes_count_together(runner: Runner, project: Path, two_node_builder: str) -> None:
    """A build for two platforms on two nodes counts each node's steps, each as what it was there."""
    dockerfile(project, "FROM scratch AS a\nCOPY main.txt other.txt /\nFROM scratch\nCOPY --from=a /other.txt /\n")
    platforms = ("--platform=linux/amd64,linux/arm64", "--output=type=cacheonly")
    spec = BuildSpec(str(project), builder=two_node_builder, extra=platforms)
    first = built(runner, spec)
    assert (first.error, first.cached, first.cacheable) == ("", 0, 4)
    (project / "main.txt").write_text("two")
    edited = built(runner, spec)
    assert (edited.cached, edited.cacheable) == (2, 4)
    assert {
        (parse_name(step.name).platform, short(step)) for step in edited.steps if step.cacheable and step.cached
    } == {(platform, "COPY --from=a") for platform in ("linux/amd64", "linux/arm64")}


def test_ref_is_buildkits_own(runner: Runner, engine: Engine, project: Path) -> None:
    """While it runs the build learns the ref under which the builder's history knows it."""
    dockerfile(project, DOCKERFILE.replace("sleep 0.2", "sleep 2"))
    launched = runner.start(BuildSpec(str(project)))
    assert launched.ref.startswith("local-")
    refs = {launched.ref for _ in launched}
    assert launched.ref in refs
    listed = Docker(engine.variables).run("buildx", "history", "ls", "--no-trunc", "--format", "{{.Ref}}")
    assert launched.ref in listed


def test_output_of_a_step(runner: Runner, project: Path) -> None:
    """What a step prints is its log."""
    launched = runner.start(BuildSpec(str(project)))
    for _ in launched:
        pass
    step = next(step for step in launched.result().steps if "cat main.txt" in step.name)
    assert launched.live.log(step.digest).lines == ("one",)


def test_failed_build(runner: Runner, project: Path) -> None:
    """A step that fails has its error and line, and what came before it stays reused."""
    dockerfile(project, "FROM busybox\nARG MARK\nRUN echo $MARK\nRUN echo last words; exit 3\n")
    build = built(runner, BuildSpec(str(project)))
    failed = next(step for step in build.steps if step.state is StepState.FAILED)
    assert (build.status, failed.line) == (BuildStatus.FAILED, 4)
    assert "exit code: 3" in build.error
    again = built(runner, BuildSpec(str(project)))
    assert (again.cached, again.cacheable) == (1, 2)


def test_bad_dockerfile(runner: Runner, project: Path) -> None:
    """Docker's own words say what is wrong with a Dockerfile."""
    dockerfile(project, "FROM busybox\nRUNN x\n")
    build = built(runner, BuildSpec(str(project)))
    assert build.status is BuildStatus.FAILED
    assert build.error == "dockerfile parse error on line 2: unknown instruction: RUNN (did you mean RUN?)"


def test_build_that_does_not_begin(runner: Runner, journal: Journal, project: Path) -> None:
    """A builder that is not there is an error with docker's reason, and the build is kept as failed."""
    with pytest.raises(SourceError, match='no builder "nowhere" found'):
        built(runner, BuildSpec(str(project), builder="nowhere"))
    (kept,) = journal.builds()
    assert (kept.status, kept.error) == (BuildStatus.FAILED, 'no builder "nowhere" found')


def test_no_docker(journal: Journal, project: Path) -> None:
    """Without docker the error says so, and the journal does too."""
    with pytest.raises(SourceError, match="docker command can't be run"):
        Runner(Docker({"PATH": "/nowhere"}), journal).start(BuildSpec(str(project)))
    assert journal.builds()[0].status is BuildStatus.FAILED


def interrupted(launched: LaunchedBuild, words: str, interrupt: Callable[[], None]) -> Build:
    """Follow a build to its end, interrupting it once a step with these words runs."""
    done = False
    for _ in launched:
        if not done and any(
            words in step.name and step.state is StepState.RUNNING for step in launched.live.snapshot()
        ):
            done = True
            interrupt()
    assert done, f"{words} never ran: {launched.live.noise()}"
    return launched.result()


SLOW = "FROM busybox\nARG MARK\nRUN echo $MARK; echo early\nRUN echo waiting; sleep 600\n"


def test_cancel_keeps_what_was_built(runner: Runner, journal: Journal, project: Path) -> None:
    """A canceled build ends soon, is told as canceled, and its finished steps are reused next time."""
    dockerfile(project, SLOW)
    launched = runner.start(BuildSpec(str(project)))
    began = monotonic()
    build = interrupted(launched, "waiting", launched.cancel)
    assert monotonic() - began < 300
    assert (build.status, not launched.is_running) == (BuildStatus.CANCELED, True)
    assert {step.name[:5]: step.state for step in build.steps if step.cacheable} == {
        "[2/3]": StepState.BUILT,
        "[3/3]": StepState.CANCELED,
    }
    dockerfile_text = (project / "Dockerfile").read_text().replace("sleep 600", "true")
    (project / "Dockerfile").write_text(dockerfile_text)
    assert built(runner, BuildSpec(str(project))).cached == 1
    assert journal.builds()[1] == build


def test_giving_up_the_iteration_ends_the_build(runner: Runner, project: Path) -> None:
    """A build that nobody follows any more does not run on."""
    dockerfile(project, SLOW)
    launched = runner.start(BuildSpec(str(project)))
    follower = iter(launched)
    next(follower)
    follower.close()  # type: ignore[attr-defined]
    assert not launched.is_running
    assert launched.result().status is BuildStatus.CANCELED


def test_engine_killed_in_the_midst(runner: Runner, journal: Journal, project: Path, killable_builder: Remote) -> None:
    """When the engine dies the build is lost with its steps so far; once it is back the build runs through."""
    dockerfile(project, SLOW)
    launched = runner.start(BuildSpec(str(project), builder=killable_builder.name))
    lost = interrupted(launched, "waiting", killable_builder.kill)
    assert lost.status is BuildStatus.LOST, lost.error
    assert any(step.state is StepState.BUILT and "early" in step.name for step in lost.steps)
    killable_builder.start()
    text = (project / "Dockerfile").read_text().replace("sleep 600", "true")
    (project / "Dockerfile").write_text(text)
    assert built(runner, BuildSpec(str(project), builder=killable_builder.name)).status is BuildStatus.SUCCEEDED
    assert [build.status for build in journal.builds()] == [BuildStatus.SUCCEEDED, BuildStatus.LOST]


LAUNCHER = """
import sys
from pathlib import Path
from dockcache_tui.core.builds.build import BuildSpec
from dockcache_tui.sources.build_runner import Runner
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.journal import Journal
launched = Runner(Docker(), Journal(Path(sys.argv[1]))).start(BuildSpec(sys.argv[2]))
print(launched._command.process.pid, flush=True)
for _ in launched:
    for step in launched.live.snapshot():
        print(step.state.value, step.name, flush=True)
"""


def test_killed_app_leaves_a_lost_build(engine: Engine, journal: Journal, tmp_path: Path, project: Path) -> None:
    """After kill -9 of the app the journal has the steps so far, and docker's command ends with its next words."""
    dockerfile(project, SLOW.replace("sleep 600", "for i in $(seq 200); do echo $i; sleep 0.1; done"))
    words = (sys.executable, "-c", LAUNCHER, str(tmp_path / "data"), str(project))
    app = subprocess.Popen(words, env=engine.variables, stdout=subprocess.PIPE, text=True)
    assert app.stdout
    pid = int(app.stdout.readline())
    next(line for line in app.stdout if line.startswith("running [3/3]"))
    app.send_signal(signal.SIGKILL)
    app.wait()
    app.stdout.close()
    (lost,) = journal.builds()
    assert lost.status is BuildStatus.LOST
    assert ran(lost) == {"RUN echo"}
    assert not lost.ref.startswith("local-")
    assert ends(pid)


def test_compose_project(runner: Runner, engine: Engine, project: Path) -> None:
    """A compose file is built by bake: every service, each shared step once, arguments for all."""
    (project / "compose.yaml").write_text("services:\n  a: {build: .}\n  b: {build: {context: ., target: build}}\n")
    mark = uuid4().hex
    spec = BuildSpec(str(project), "compose.yaml", "compose", builder=DOCKER, build_args=(("MARK", mark),))
    first, again = built(runner, spec), built(runner, spec)
    assert ran(first) == {"COPY main.txt", f"WORKDIR /{mark}", "RUN echo", "COPY --from=build", "COPY other.txt"}
    assert len({step.digest for step in again.steps}) == len(again.steps)
    assert (again.reuse, again.status) == (1.0, BuildStatus.SUCCEEDED)
    Docker(engine.variables).run("image", "rm", "--force", "project-a", "project-b")


def test_no_cache_and_extra_words(runner: Runner, project: Path) -> None:
    """Flags reach buildx: --no-cache builds all again, words after -- are passed on."""
    spec = BuildSpec(str(project))
    built(runner, spec)
    without = built(runner, BuildSpec(str(project), no_cache=True, extra=("--target=build",)))
    assert ran(without) == {"COPY main.txt", "RUN echo"}
    assert {step.stage for step in without.steps if step.cacheable} == {"build"}
