"""A recorded workspace stands for an engine: it replays, changes and prunes, all in memory."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import takewhile
from time import monotonic

import pytest

from dockcache_tui.core.builds.build import Build, BuildStatus
from dockcache_tui.core.builds.reducer import LiveBuild
from dockcache_tui.core.errors import SourceError, UsageError
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.outcome import compare
from dockcache_tui.core.records.prune import KeepReason, plan
from dockcache_tui.core.records.reading import Reading
from dockcache_tui.core.scope import BranchScope
from dockcache_tui.lab.recorded import RecordedWorkspace, shipped
from dockcache_tui.sources.protocols import Builder, HistoryEventType, RunningBuild, Workspace

RECORDING = shipped()
FIRST, AGAIN, EDIT = RECORDING.builds


def opened(*, built: int = 1, speed: float = 100) -> Workspace:
    """Return a workspace on the recording, as the front ends see it."""
    return RecordedWorkspace(RECORDING, built=built, speed=speed)


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    """A workspace after the first build."""
    made = opened()
    yield made
    made.close()


def replayed(workspace: Workspace) -> Build:
    """Replay the next build to its end."""
    running: RunningBuild = workspace.start(workspace.spec())
    for _ in running:
        assert running.result().status is BuildStatus.RUNNING
    return running.result()


def test_it_opens_after_the_first_build(workspace: Workspace) -> None:
    """The first build is there with its records, as if it had just ended, and attributed to it."""
    (build,) = workspace.builds()
    builder: Builder = workspace.connect("")
    snapshot = builder.snapshot()
    assert workspace.recorded
    assert {record.id for record in snapshot.records} == {record.id for record in FIRST.after.records}
    assert 0 <= Instant.now().seconds_since(build.completed_at or Instant(0)) < 60
    made_by = {record.created_by for record in Reading.of(snapshot, workspace.builds()).records}
    assert made_by == {build}


def test_the_rebuild_reuses_everything(workspace: Workspace) -> None:
    """The first `b` replays the rebuild: all cacheable steps reused, live and in the end."""
    running = workspace.start(workspace.spec())
    shown = LiveBuild()
    for progress in running:
        shown.apply(progress)
    build = running.result()
    assert (build.status, build.reuse, build.cached) == (BuildStatus.SUCCEEDED, 1.0, 10)
    live = {step.digest: step.state for step in shown.snapshot()}
    assert live == {step.digest: step.state for step in build.steps}
    assert workspace.builds()[0] == build


def test_the_edit_runs_exactly_the_recorded_steps() -> None:
    """The second `b` replays the edit: the steps that ran are those of the recording, and new records are there."""
    workspace = opened(speed=10)
    replayed(workspace)
    before = {record.id for record in workspace.connect("").snapshot().records}
    build = replayed(workspace)
    ran = {step.digest for step in build.steps if step.cacheable and not step.cached}
    assert ran == {step.digest for step in EDIT.build.steps if step.cacheable and not step.cached}
    assert len(ran) == 3
    reading = Reading.of(workspace.connect("").snapshot(), workspace.builds())
    new = [record for record in reading.records if record.record.id not in before]
    assert new
    assert all(record.branches == (BranchScope.of("louder"),) for record in new)
    assert workspace.checkout().branch == BranchScope.of("louder")


def test_it_replays_at_the_recorded_pace() -> None:
    """At speed 1 no message comes before its time, the build ends no sooner, and its steps run meanwhile."""
    workspace = opened(speed=1)
    began, started = monotonic(), Instant.now()
    came = [monotonic() - began for _ in workspace.start(workspace.spec())]
    took = monotonic() - began
    assert took >= (AGAIN.build.duration or 0)
    assert all(at >= due for at, (due, _) in zip(came, AGAIN.messages, strict=True))
    build = workspace.builds()[0]
    assert build.duration == pytest.approx(AGAIN.build.duration)
    for step in build.steps:
        assert step.started_at is None or started <= step.started_at <= Instant.now()


def test_a_plan_and_its_outcome_agree(workspace: Workspace) -> None:
    """Pruning everything leaf first frees to the byte what was planned, and leaves nothing."""
    builder = workspace.connect("")
    records = builder.snapshot().records
    planned = plan(records, [record.key for record in records])
    compared = compare(planned, builder.prune(planned.freed), builder.snapshot().records)
    assert compared.agrees
    assert compared.freed == sum(record.size for record in records)
    assert builder.snapshot().records == ()


def test_what_is_built_upon_stays(workspace: Workspace) -> None:
    """A record with others on it is not freed alone, neither by plan nor by the recorded builder."""
    builder = workspace.connect("")
    records = builder.snapshot().records
    parents = {parent for record in records for parent in record.parents}
    base = next(record for record in records if record.id in parents and not record.parents)
    assert plan(records, [base.key]).kept[0].reason is KeepReason.HAS_CHILDREN
    outcome = builder.prune((base,))
    assert (outcome.freed, outcome.failed) == ((), ((base.key, ""),))
    assert len(builder.snapshot().records) == len(records)


@pytest.mark.parametrize(("in_use", "shared"), [(True, False), (False, True)])
def test_what_is_in_use_or_shared_stays(in_use: bool, shared: bool) -> None:  # noqa: FBT001
    """Records that are in use or shared with an image free nothing."""
    after = tuple(replace(record, in_use=in_use, shared=shared) for record in FIRST.after.records)
    first = replace(FIRST, after=replace(FIRST.after, records=after))
    builder = RecordedWorkspace(replace(RECORDING, builds=(first, AGAIN, EDIT))).connect("")
    outcome = builder.prune(after)
    assert outcome.bytes == 0
    assert len(builder.snapshot().records) == len(outcome.failed) == len(after)


def test_after_a_prune_the_recording_begins_again(workspace: Workspace) -> None:
    """A rebuild that may have reused what was pruned is not shown: an empty builder builds everything."""
    builder = workspace.connect("")
    leaf = plan(builder.snapshot().records, [record.key for record in builder.snapshot().records]).freed[0]
    assert len(builder.prune((leaf,)).freed) == 1
    running = workspace.start(workspace.spec())
    assert builder.snapshot().records == ()
    assert len(list(running)) == len(FIRST.messages)
    assert running.result().reuse == 0
    assert len(builder.snapshot().records) == len(FIRST.after.records)


def test_after_the_last_build_the_recording_begins_again() -> None:
    """The build after the edit is the first one again, under a ref of its own and in the present."""
    workspace = opened(built=3)
    build = replayed(workspace)
    assert build.reuse == 0
    assert len({one.ref for one in workspace.builds()}) == 4
    assert build.started_at > workspace.builds()[1].started_at


def test_a_canceled_replay_changes_nothing() -> None:
    """A canceled build is kept as such, the builder stays as it was, and the same build comes next."""
    workspace = opened(speed=1)
    running = workspace.start(workspace.spec())
    came = 0
    for _ in running:
        came += 1
        running.cancel()
    assert came == 1
    assert running.result().status is BuildStatus.CANCELED
    assert len(workspace.connect("").snapshot().records) == len(FIRST.after.records)
    again = replayed(workspace)
    assert again.reuse == 1
    assert again.ref != running.result().ref


def test_history_tells_of_replays(workspace: Workspace) -> None:
    """A follower hears of the build before, and of the start and end of the next, until it closes."""
    builder = workspace.connect("")
    follower = builder.history(follow=True)
    build = replayed(workspace)
    builder.close()
    events = [(event.type, event.build.ref) for event in follower]
    assert events == [
        (HistoryEventType.COMPLETE, FIRST.build.ref),
        (HistoryEventType.STARTED, build.ref),
        (HistoryEventType.COMPLETE, build.ref),
    ]
    assert [event.build.ref for event in builder.history(follow=False)] == [FIRST.build.ref, build.ref]


def test_status_tells_a_build_from_its_beginning(workspace: Workspace) -> None:
    """The progress of a build that ended comes at once and whole; a closed stream ends."""
    builder = workspace.connect("")
    build = workspace.builds()[0]
    live = LiveBuild()
    for progress in builder.status(build.node, build.ref):
        live.apply(progress)
    ran = {step.digest for step in live.snapshot() if step.started_at}
    assert ran == {step.digest for step in build.steps}
    closed = builder.status(build.node, build.ref)
    closed.close()
    assert list(closed) == []


def test_status_follows_a_build_under_way() -> None:
    """A second reader of a running replay gets the same messages."""
    workspace = opened(speed=1)
    running = workspace.start(workspace.spec())
    list(takewhile(lambda _: len(running.live.snapshot()) < 3, running))
    watched = workspace.connect("").status("sample0", running.result().ref)
    assert len(list(watched)) == len(AGAIN.messages)


def test_only_the_recorded_can_be_done(workspace: Workspace) -> None:
    """Another builder, build or spec, or two builds at once, are refused with a reason."""
    with pytest.raises(SourceError, match="no builder"):
        workspace.connect("other")
    with pytest.raises(SourceError, match="no build"):
        workspace.connect(workspace.builders()[0].name).status("sample0", "other")
    with pytest.raises(UsageError, match="as it was made"):
        workspace.start(replace(workspace.spec(), target="compile"))
    workspace.start(workspace.spec())
    with pytest.raises(UsageError, match="already"):
        workspace.start(workspace.spec())


def test_commands_are_those_that_were_recorded(workspace: Workspace) -> None:
    """The command log shows what the replayed build was made with, and how it ended."""
    assert workspace.commands() == ()
    replayed(workspace)
    (command,) = workspace.commands()
    assert command.argv[:3] == ("docker", "buildx", "build")
    assert command.exit_code == 0
