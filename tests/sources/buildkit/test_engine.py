"""Real builders read, pruned and followed over BuildKit's control API."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from uuid import uuid4

import pytest

from dockcache_tui.core.builds.build import BuildStatus
from dockcache_tui.core.errors import SourceError
from dockcache_tui.core.records.outcome import compare
from dockcache_tui.core.records.prune import KeepReason, plan
from dockcache_tui.core.records.record import Record
from dockcache_tui.lab.engine import Engine, Remote
from dockcache_tui.sources.builders import inspect_builder, list_builders
from dockcache_tui.sources.buildkit.builder import BuildKitBuilder, open_builder
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.protocols import Builder, HistoryEvent, HistoryEventType
from sources.real_builds import Project, docker

DRIVERS = ("docker_builder", "container_builder", "remote_builder")


@contextmanager
def opened(engine: Engine, name: str) -> Iterator[BuildKitBuilder]:
    """Open a builder for a while."""
    builder = open_builder(Docker(engine.variables), name)
    try:
        yield builder
    finally:
        builder.close()


def eventually(holds: Callable[[], bool], seconds: float = 60) -> bool:
    """Wait until something holds; False when it never did."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def marked(builder: Builder, project: Project) -> list[Record]:
    """Return the records that only this project's builds made."""
    return [record for record in builder.snapshot().records if project.mark in record.description]


def slow(engine: Engine, builder: str, folder: Path) -> "subprocess.Popen[bytes]":
    """Start a build by docker that sleeps until something ends it."""
    (folder / "Dockerfile").write_text(f"FROM busybox\nRUN echo {uuid4().hex} && sleep 600\n")
    command = ("docker", "buildx", "build", "--builder", builder, str(folder))
    return subprocess.Popen(command, env=engine.variables, stderr=subprocess.DEVNULL, start_new_session=True)


@contextmanager
def followed(builder: BuildKitBuilder) -> Iterator[list[HistoryEvent]]:
    """Collect what a builder tells of builds from here on."""
    events: list[HistoryEvent] = []
    stream = builder.history(follow=True)
    follower = Thread(target=lambda: events.extend(stream), daemon=True)
    follower.start()
    yield events
    stream.close()
    follower.join(60)


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_builder_tells_its_records_and_frees_exactly_what_was_planned(
    request: pytest.FixtureRequest, engine: Engine, tmp_path: Path, driver: str
) -> None:
    """On every driver a build's records are read with their parents, and pruning them frees the planned bytes."""
    project = Project.make(engine, tmp_path)
    name = request.getfixturevalue(driver)
    project.build(name)
    with opened(engine, name) as builder:
        snapshot = builder.snapshot()
        records = [record for record in snapshot.records if project.mark in record.description]
        assert len(records) == 3
        by_id = {record.id: record for record in records}
        chain = [record for record in records if record.parents and record.parents[0] in by_id]
        assert len(chain) == 2
        assert all(record.builder == name and record.node == snapshot.nodes[0].name for record in records)
        assert all(0 < record.created_at.ns <= snapshot.taken_at.ns for record in records)
        sources, *others = snapshot.nodes[0].policy or ()
        assert sources.keep_duration == 48 * 3600
        assert "type==exec.cachemount" in ",".join(sources.filters)
        assert [(rule.all, rule.max_used >= rule.reserved > 0) for rule in others] == [
            (False, True),
            (False, True),
            (True, True),
        ]
        assert snapshot.nodes[0].worker

        planned = plan(snapshot.records, [record.key for record in records])
        assert len(planned.freed) == 3
        assert planned.bytes > 6000 * len(project.mark)
        outcome = builder.prune(planned.freed)
        assert compare(planned, outcome, builder.snapshot().records).agrees
        assert marked(builder, project) == []


def test_a_record_with_children_stays_without_a_word(engine: Engine, tmp_path: Path, remote_builder: str) -> None:
    """Asked to prune a parent only, the builder frees nothing, and the outcome says which record stayed."""
    project = Project.make(engine, tmp_path, copies=2)
    project.build(remote_builder)
    with opened(engine, remote_builder) as builder:
        (child,) = [one for one in marked(builder, project) if f"{project.mark}-1" in one.description]
        (parent,) = [one for one in marked(builder, project) if one is not child and one.id in child.parents]
        outcome = builder.prune((parent,))
        assert (outcome.freed, outcome.failed) == ((), ((parent.key, ""),))
        assert len(marked(builder, project)) == 2


def test_what_a_build_holds_is_in_use_and_frees_nothing(
    engine: Engine, tmp_path: Path, killable_builder: Remote
) -> None:
    """While a build runs, what it stands on is planned to stay as in use, and pruning it frees nothing."""
    with opened(engine, killable_builder.name) as builder:
        build = slow(engine, killable_builder.name, tmp_path)
        # Before its step runs, what a build holds changes from moment to moment.
        assert eventually(
            lambda: any(one.in_use and "sleep 600" in one.description for one in builder.snapshot().records)
        )
        records = builder.snapshot().records
        held = [one for one in records if one.in_use]
        planned = plan(records, [one.key for one in held])
        assert planned.freed == ()
        assert {kept.reason for kept in planned.kept} == {KeepReason.IN_USE}
        outcome = builder.prune(held)
        assert outcome.freed == ()
        assert {one.key for one in held} <= {one.key for one in builder.snapshot().records}
        os.killpg(build.pid, signal.SIGINT)
        build.wait(60)


def test_every_node_of_a_builder_is_read_and_pruned(engine: Engine, tmp_path: Path, two_node_builder: str) -> None:
    """A build on the second node shows there and only there, and is pruned there."""
    project = Project.make(engine, tmp_path)
    project.build(two_node_builder, "--platform=linux/arm64")
    with opened(engine, two_node_builder) as builder:
        nodes = builder.snapshot().nodes
        assert [node.name for node in nodes] == [f"{two_node_builder}0", f"{two_node_builder}1"]
        assert all(node.error is None and node.endpoint.startswith("unix://") for node in nodes)
        records = marked(builder, project)
        assert {record.node for record in records} == {f"{two_node_builder}1"}
        outcome = builder.prune(plan(builder.snapshot().records, [record.key for record in records]).freed)
        assert outcome.bytes == sum(record.size for record in records)
        assert outcome.bytes > 0
        builds = [event.build for event in builder.history(follow=False)]
        assert {build.node for build in builds} >= {f"{two_node_builder}1"}
        assert sorted(builds, key=lambda build: build.started_at) == builds


def test_a_node_that_is_down_is_told_and_the_other_is_read(engine: Engine, tmp_path: Path) -> None:
    """With one of two daemons dead its status has the reason, and the other's records are there."""
    remote = Remote(engine, f"dockcache-half-{uuid4().hex[:8]}", platforms=("linux/amd64", "linux/arm64"))
    try:
        remote.start()
        project = Project.make(engine, tmp_path)
        project.build(remote.name, "--platform=linux/amd64")
        docker(engine, "kill", remote.nodes[1])
        with opened(engine, remote.name) as builder:
            up, down = builder.snapshot().nodes
            assert up.error is None
            assert down.error
            assert "nothing answers" in down.error
            assert down.error_hint
            assert {record.node for record in marked(builder, project)} == {remote.nodes[0]}
            assert [event.build.node for event in builder.history(follow=False)] == [remote.nodes[0]]
    finally:
        remote.remove()


def test_a_broken_connection_is_dialled_again(engine: Engine, container_builder: str) -> None:
    """After dial-stdio was killed the next reading works, over a new process."""
    with opened(engine, container_builder) as builder:
        builder.snapshot()
        bridge = builder.nodes[0].bridge
        (first,) = bridge.processes
        os.killpg(first, signal.SIGKILL)
        assert builder.snapshot().nodes[0].error is None
        assert eventually(lambda: len(bridge.processes) == 1 and first not in bridge.processes)


def test_a_daemon_that_is_killed_is_told_and_comes_back(
    engine: Engine, tmp_path: Path, killable_builder: Remote
) -> None:
    """Killed, its reading fails within bounds with a reason; started again, the same builder reads it."""
    project = Project.make(engine, tmp_path)
    project.build(killable_builder.name)
    with opened(engine, killable_builder.name) as builder:
        assert len(marked(builder, project)) == 3
        killable_builder.kill()
        began = time.monotonic()
        with pytest.raises(SourceError) as caught:
            builder.snapshot()
        assert time.monotonic() - began < 60
        assert "nothing answers" in str(caught.value) or "broke" in str(caught.value)
        assert caught.value.hint
        killable_builder.start()

        def back() -> bool:
            try:
                return len(marked(builder, project)) == 3
            except SourceError:
                return False

        assert eventually(back)


def test_a_build_started_elsewhere_shows_up_live(engine: Engine, tmp_path: Path, killable_builder: Remote) -> None:
    """Following tells a past build once, a build of someone else as it starts and ends, and goes on after a restart."""
    project = Project.make(engine, tmp_path)
    project.build(killable_builder.name)
    events: list[HistoryEvent] = []
    with opened(engine, killable_builder.name) as builder:
        stream = builder.history(follow=True)

        def listen() -> None:
            for event in stream:
                events.append(event)  # noqa: PERF402

        follower = Thread(target=listen, daemon=True)
        follower.start()
        assert eventually(lambda: len(events) == 1)
        project.build(killable_builder.name, "--build-arg=again=1", "--no-cache")
        assert eventually(lambda: len(events) >= 3)
        killable_builder.kill()
        killable_builder.start()
        project.build(killable_builder.name, "--no-cache")
        assert eventually(lambda: len({event.build.ref for event in events}) == 3)
        assert eventually(lambda: events[-1].type is HistoryEventType.COMPLETE)
        builder.close()
        follower.join(60)
        assert not follower.is_alive()
    assert [event.type for event in events[:3]] == [
        HistoryEventType.COMPLETE,
        HistoryEventType.STARTED,
        HistoryEventType.COMPLETE,
    ]
    started, ended = events[1].build, events[2].build
    assert (started.status, started.completed_at) == (BuildStatus.RUNNING, None)
    assert ended.status is BuildStatus.SUCCEEDED
    assert ended.duration is not None
    assert ended.duration > 0
    assert not ended.ours
    assert len({(event.type, event.build.ref) for event in events}) == len(events)


def test_a_build_that_went_with_its_daemon_is_lost(engine: Engine, tmp_path: Path, killable_builder: Remote) -> None:
    """A daemon killed in the midst of someone's build forgets it: once it is back, that build is told as lost."""
    with opened(engine, killable_builder.name) as builder, followed(builder) as events:
        build = slow(engine, killable_builder.name, tmp_path)
        assert eventually(lambda: len(events) == 1)
        killable_builder.kill()
        build.wait(60)
        killable_builder.start()
        assert eventually(lambda: len(events) == 2)
    started, ended = events
    assert (ended.type, ended.build.ref) == (HistoryEventType.COMPLETE, started.build.ref)
    assert (ended.build.status, ended.build.completed_at) == (BuildStatus.LOST, None)


def test_a_build_outlives_a_broken_connection(engine: Engine, tmp_path: Path, killable_builder: Remote) -> None:
    """When only dial-stdio dies, a build under way is not taken for lost, and its real end is told."""
    with opened(engine, killable_builder.name) as builder, followed(builder) as events:
        build = slow(engine, killable_builder.name, tmp_path)
        assert eventually(lambda: len(events) == 1)
        bridge = builder.nodes[0].bridge
        (first,) = bridge.processes
        os.killpg(first, signal.SIGKILL)
        assert eventually(lambda: len(bridge.processes) == 1 and first not in bridge.processes)
        time.sleep(2)  # BuildKit tells at once what it knows
        assert len(events) == 1
        os.killpg(build.pid, signal.SIGINT)
        assert eventually(lambda: len(events) == 2)
    assert events[1].build.status in {BuildStatus.CANCELED, BuildStatus.FAILED}
    build.wait(60)


def test_the_progress_of_a_finished_build_is_told_again(engine: Engine, tmp_path: Path, remote_builder: str) -> None:
    """A past build's steps come back from its node; a ref that never was is refused."""
    project = Project.make(engine, tmp_path)
    project.build(remote_builder)
    with opened(engine, remote_builder) as builder:
        started = {event.build.ref: event.build for event in builder.history(follow=False)}
        newest = max(started.values(), key=lambda build: build.started_at)
        candidates = [build for build in started.values() if newest.started_at.seconds_since(build.started_at) < 60]
        names = {
            vertex.name
            for build in candidates
            for message in builder.status(build.node, build.ref)
            for vertex in message.vertexes
        }
        assert any(project.mark in name for name in names)
        with pytest.raises(SourceError):
            list(builder.status(newest.node, "never-was"))


def test_listing_starts_nothing(engine: Engine) -> None:
    """A builder whose container was never made is told as not started, and stays so after readings and listings."""
    name = f"dockcache-idle-{uuid4().hex[:8]}"
    docker(engine, "buildx", "create", "--name", name, "--driver", "docker-container")
    try:
        command = Docker(engine.variables)
        (listed,) = [builder for builder in list_builders(command) if builder.name == name]
        assert [node.status for node in listed.nodes] == ["inactive"]
        with opened(engine, name) as builder:
            for _ in range(2):
                with pytest.raises(SourceError, match="not started") as caught:
                    builder.snapshot()
                assert "starts it" in caught.value.hint
            time.sleep(1)
        assert name not in docker(engine, "ps", "--all", "--format", "{{.Names}}")
    finally:
        docker(engine, "buildx", "rm", "--force", name)


def test_builders_are_listed_with_their_drivers(engine: Engine, two_node_builder: str) -> None:
    """Listing tells driver and nodes, and which one is current, as inspect does."""
    command = Docker(engine.variables)
    builders = {builder.name: builder for builder in list_builders(command)}
    assert builders["default"].driver == "docker"
    assert [node.running for node in builders[two_node_builder].nodes] == [True, True]
    assert [one.name for one in builders.values() if one.current] == [inspect_builder(command).name]
    seen = inspect_builder(command, two_node_builder)
    assert seen.nodes == builders[two_node_builder].nodes
    with pytest.raises(SourceError) as caught:
        open_builder(command, "dockcache-never-was")
    assert caught.value.title == "There is no such builder"


def test_the_users_configuration_stays_as_it_was(engine: Engine, killable_builder: Remote) -> None:
    """Reading every node writes nothing into the user's buildx configuration about the builder."""
    folder = Path(engine.variables.get("BUILDX_CONFIG") or Path.home() / ".docker" / "buildx")
    files = [folder / kind / killable_builder.name for kind in ("instances", "activity")]
    before = [(file.read_bytes(), file.stat().st_mtime_ns) for file in files]
    with opened(engine, killable_builder.name) as builder:
        builder.snapshot()
    assert [(file.read_bytes(), file.stat().st_mtime_ns) for file in files] == before


_FOLLOWER = """
import sys, time
from threading import Thread
from dockcache_tui.sources.buildkit.builder import open_builder
from dockcache_tui.sources.docker_cli import Docker
builder = open_builder(Docker(), sys.argv[1])
builder.snapshot()
Thread(target=lambda: list(builder.history(follow=True)), daemon=True).start()
time.sleep(0.5)
print(builder.nodes[0].bridge.processes[0], builder.nodes[0].bridge.address.removeprefix("unix:"), flush=True)
time.sleep(float(sys.argv[2]))
"""


@pytest.mark.parametrize("killed", [True, False])
def test_nothing_is_left_when_the_app_ends(engine: Engine, remote_builder: str, killed: bool) -> None:  # noqa: FBT001
    """Killed or ended in the midst of following, the app leaves no dial-stdio behind, and ending does not hang."""
    app = subprocess.Popen(
        [sys.executable, "-c", _FOLLOWER, remote_builder, "600" if killed else "0"],
        env=engine.variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert app.stdout
    pid, path = app.stdout.readline().split()
    if killed:
        app.kill()
    _, errors = app.communicate(timeout=60)
    assert app.returncode == (-signal.SIGKILL if killed else 0), errors
    assert eventually(lambda: not _group_runs(int(pid)))
    if killed:
        shutil.rmtree(Path(path).parent)
    else:
        assert errors == ""
        assert not Path(path).parent.exists()


def _group_runs(leader: int) -> bool:
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return False
    return True
