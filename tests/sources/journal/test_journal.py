"""The journal of builds."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from disks import Disk
from dockcache_tui.core.builds.build import Build, BuildSpec, BuildStatus, Step, StepState
from dockcache_tui.core.errors import SourceError
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.scope import BranchScope, Project
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.journal import Journal, data_folder
from dockcache_tui.sources.journal import journal as journal_module
from dockcache_tui.sources.journal import store as store_module
from dockcache_tui.sources.journal.lab_runs import LabRuns
from dockcache_tui.sources.journal.schema import MIGRATIONS
from dockcache_tui.sources.workspace import ProjectWorkspace
from sources.journal_samples import BUILT, CHECKOUT, REUSED, SPEC, evidence, sent


@pytest.mark.parametrize("odd", ["\udcff", "a\udc80", "\0", "\0dcff", "é📦"])
def test_any_text_is_kept(journal: Journal, odd: str) -> None:
    """What is no Unicode, as a file's name may be, is read back as it was and found again."""
    spec = replace(SPEC, project=f"/{odd}", target=odd, build_args=((odd, odd),), extra=(odd,))
    project = Project(f"/{odd}", odd)
    ref = journal.begin(spec, replace(CHECKOUT, branch=BranchScope(f"refs/heads/{odd}"), project=project), Instant(1))
    journal.name(ref, (odd,), odd, odd)
    step = replace(BUILT, name=odd, error=odd)
    journal.finish(ref, replace(journal.builds()[0], status=BuildStatus.SUCCEEDED, error=odd, steps=(step,)))
    (build,) = journal.builds(f"/{odd}")
    assert (build.ref, build.builder, build.node, build.folder, build.error) == (odd, odd, odd, f"/{odd}", odd)
    assert (build.project, build.branch) == (project, BranchScope(f"refs/heads/{odd}"))
    assert build.steps == (step,)
    assert journal.last_spec(f"/{odd}") == journal.spec(odd) == spec
    assert journal.last_spec("/") is None


def finished(journal: Journal, spec: BuildSpec = SPEC, steps: tuple[Step, ...] = (BUILT, REUSED)) -> Build:
    """Keep a build that succeeded."""
    ref = journal.begin(spec, CHECKOUT, Instant(5))
    build = Build(
        ref,
        spec.builder,
        Instant(5),
        BuildStatus.SUCCEEDED,
        folder=spec.project,
        context=spec.project,
        target=spec.target,
        project=CHECKOUT.project,
        branch=CHECKOUT.branch,
        revision="abc",
        completed_at=Instant(9),
        steps=steps,
        time_saved=1.5,
        weighted_reuse=0.25,
    )
    journal.finish(ref, build)
    return build


def test_build_comes_back_as_it_was_kept(journal: Journal) -> None:
    """Every field of a build and its steps survives, and so does how it was asked for."""
    build = finished(journal)
    assert journal.builds() == (build,)
    assert [one.project and one.project.repo for one in journal.builds()] == ["acme/web"]
    assert journal.spec(build.ref) == SPEC
    assert journal.last_spec("/p") == SPEC
    assert journal.last_spec("/other") is None


@pytest.mark.parametrize("status", [BuildStatus.FAILED, BuildStatus.CANCELED, BuildStatus.LOST])
def test_builds_that_saved_nothing(journal: Journal, status: BuildStatus) -> None:
    """What an older version wrote as savings of a build that did not succeed is read as none."""
    build = finished(journal)
    journal.finish(build.ref, replace(build, status=status))
    (read,) = journal.builds()
    assert (read.status, read.time_saved, read.weighted_reuse) == (status, None, None)


def test_what_is_remembered(journal: Journal) -> None:
    """A build is repeated once a step of it ran or it succeeded; what docker refused before, and stdin, never."""
    look = Step("d", "[internal] load build definition", StepState.BUILT, False, Instant(1), Instant(2))  # noqa: FBT003
    waiting = Step("e", "[1/2] RUN a", StepState.WAITING, True)  # noqa: FBT003
    ran = Step("f", "[1/2] RUN a", StepState.FAILED, True, Instant(1))  # noqa: FBT003

    def remembered(target: str, status: BuildStatus, *steps: Step, extra: tuple[str, ...] = ()) -> bool:
        spec = replace(SPEC, target=target, extra=extra)
        ref = journal.begin(spec, CHECKOUT, Instant(1))
        journal.finish(ref, Build(ref, "b", Instant(1), status, folder="/p", steps=steps))
        return journal.last_spec("/p") == spec

    assert remembered("failing RUN", BuildStatus.FAILED, look, ran)
    assert remembered("no step to speak of", BuildStatus.SUCCEEDED, look)
    assert remembered("canceled", BuildStatus.CANCELED, look, ran)
    assert not remembered("unknown builder", BuildStatus.FAILED)
    assert not remembered("unknown stage", BuildStatus.FAILED, look)
    assert not remembered("canceled early", BuildStatus.CANCELED, look, waiting)
    assert not remembered("stdin", BuildStatus.SUCCEEDED, look, ran, extra=("-f", "-"))


def test_buildkits_own_ref_leads_to_the_build(journal: Journal) -> None:
    """Once BuildKit's refs are known, the build goes by the first and is found by any."""
    build = finished(journal)
    journal.name(build.ref, ("r2", "r1"), "b", "n")
    named = replace(build, ref="r1", builder="b", node="n")
    assert [journal.build(ref) for ref in ("r1", "r2", build.ref, "r3")] == [named, named, named, None]
    assert journal.refs() == {"r1", "r2"}


def test_steps_are_kept_as_they_finish(journal: Journal) -> None:
    """A running build shows the steps so far, each in the newest state, in the order they finished."""
    ref = journal.begin(SPEC, CHECKOUT, Instant(5))
    journal.record(ref, (BUILT,))
    journal.record(ref, (REUSED, replace(BUILT, state=StepState.FALSE_HIT)))
    build = journal.build(ref)
    assert build
    assert (build.status, build.steps) == (
        BuildStatus.RUNNING,
        (replace(BUILT, state=StepState.FALSE_HIT), REUSED),
    )


def test_durations_are_those_of_real_runs(journal: Journal) -> None:
    """A step's duration is kept when it ran, and not forgotten when it is reused."""
    finished(journal)
    finished(journal, steps=(replace(BUILT, state=StepState.REUSED, completed_at=Instant(10**9)), REUSED))
    assert journal.last_durations("/p") == {"[] 1 RUN a": 2.0}
    assert journal.last_durations("/other") == {}


def test_durations_of_a_lost_build_are_kept(journal: Journal) -> None:
    """What ran before the app was killed is known to have run."""
    journal.record(journal.begin(SPEC, CHECKOUT, Instant(5)), (BUILT, REUSED))
    assert journal.last_durations("/p") == {"[] 1 RUN a": 2.0}


def test_durations_for_builds_of_others(journal: Journal) -> None:
    """What steps took in a folder counts for others' builds of it, and of its repository where no folder is known."""
    workspace = ProjectWorkspace(Path("/p"), Docker(), journal)
    theirs = replace(finished(journal), ours=False, branch=None, folder="")
    elsewhere = replace(theirs, folder="/other", branch=CHECKOUT.branch)
    for unknown in (theirs, elsewhere):
        assert workspace.last_durations(unknown) == {}
    for known in (replace(theirs, folder="/p"), replace(theirs, branch=CHECKOUT.branch)):
        assert workspace.last_durations(known) == {"[] 1 RUN a": 2.0}


def test_builds_of_one_project_newest_first(journal: Journal) -> None:
    """The list is narrowed to a project and to the newest."""
    first, _, third = (finished(journal, replace(SPEC, project=name)) for name in ("/a", "/b", "/a"))
    assert journal.builds("/a") == (third, first)
    assert journal.builds("/a", limit=1) == (third,)


def test_old_builds_go(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal does not grow for ever: old builds go with all that only they had."""
    monkeypatch.setattr(journal_module, "KEPT", 2)
    old = finished(journal)
    journal.keep_evidence(old.ref, evidence(sent(10)), {})
    kept = [finished(journal) for _ in range(2)]
    assert journal.builds() == tuple(reversed(kept))
    assert journal.evidence(old.ref) is None


def test_builds_of_another_project_stay(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often one project is built, it pushes out no build of another."""
    monkeypatch.setattr(journal_module, "KEPT", 2)
    other = finished(journal, replace(SPEC, project="/other"))
    kept = [finished(journal) for _ in range(3)][1:]
    assert journal.builds() == (*reversed(kept), other)


def test_only_the_owner_can_read_it(journal: Journal, tmp_path: Path) -> None:
    """Build arguments may be secret: the file is 0600 in a folder 0700."""
    finished(journal)
    data = tmp_path / "data"
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in data.glob("journal.sqlite3*")} == {0o600}


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"SQLite format 3\0" + b"\xff" * 4096])
def test_broken_journal_is_moved_aside(tmp_path: Path, content: bytes) -> None:
    """A broken file is kept under another name, the notice says so, and work goes on."""
    (tmp_path / "journal.sqlite3").write_bytes(content)
    opened = Journal(tmp_path)
    finished(opened)
    opened.close()
    (aside,) = tmp_path.glob("journal.sqlite3.broken-*")
    assert aside.read_bytes() == content
    assert str(aside) in opened.notice


def test_newer_journal_is_left_alone(tmp_path: Path) -> None:
    """A file of a newer version is not changed: builds go on in memory, and a notice says why they are not kept."""
    connection = sqlite3.connect(tmp_path / "journal.sqlite3")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = (tmp_path / "journal.sqlite3").read_bytes()
    opened = Journal(tmp_path)
    assert finished(opened) == opened.builds()[0]
    opened.close()
    assert "Builds are not kept: " in opened.notice
    assert "written by a newer dockcache-tui" in opened.notice
    assert (tmp_path / "journal.sqlite3").read_bytes() == before
    with pytest.raises(SourceError, match="newer"):
        LabRuns(tmp_path)


def test_a_journal_from_before_layers_is_brought_up(tmp_path: Path) -> None:
    """A file whose steps know no layers keeps its builds and durations, and from then on keeps layers."""
    connection = sqlite3.connect(tmp_path / "journal.sqlite3", isolation_level=None)
    connection.executescript(f"{';'.join(MIGRATIONS[:2])}; PRAGMA user_version = 2")
    connection.execute(
        "INSERT INTO builds(id, ref, owner, builder, project, target, revision, dirty, spec, started_ns, status)"
        " VALUES (1, 'r', 'o', '', '/p', '', '', 0, '{}', 5, 'succeeded')"
    )
    connection.execute(
        "INSERT INTO steps(build, digest, position, name, state, cacheable, stage, bytes_moved, bytes_total, error,"
        " cause) VALUES (1, 'd2', 0, '[2/2] RUN b', 'reused', 1, '', 0, 0, '', '')"
    )
    steps = ("[] 1/2 RUN a/b", "[linux/386 x] 12/13 RUN a", "mkfile /x")
    connection.executemany("INSERT INTO durations VALUES ('/p', ?, 2.0)", [(step,) for step in steps])
    connection.close()
    opened = Journal(tmp_path)
    (old,) = opened.builds()
    assert old.steps == (REUSED,)
    assert opened.last_durations("/p").keys() == {"[] 1 RUN a/b", "[linux/386 x] 12 RUN a", "mkfile /x"}
    assert finished(opened).steps == opened.builds()[0].steps
    opened.close()


def test_folder_that_can_not_be_used(tmp_path: Path) -> None:
    """With a path that is no folder builds go on in memory, and the notice says what can be set."""
    (tmp_path / "file").touch()
    opened = Journal(tmp_path / "file" / "data")
    assert finished(opened) == opened.builds()[0]
    assert "DOCKCACHE_DATA" in opened.notice
    opened.close()


@pytest.mark.parametrize("moment", ["before there is one", "before it is opened", "while it is open"])
def test_a_full_disk_stops_nothing(moment: str, small_disk: Disk) -> None:
    """On a full disk builds go on in memory, what was kept before is still told, and one notice says why."""
    kept: list[Build] = []
    if moment != "before there is one":
        before = Journal(small_disk.folder / "data")
        kept.append(finished(before))
        before.close()
    if moment == "while it is open":
        opened = Journal(small_disk.folder / "data")
        small_disk.fill()
    else:
        small_disk.fill()
        opened = Journal(small_disk.folder / "data")
    now = finished(opened)
    assert opened.builds() == (now, *kept)
    assert opened.notice.count("Builds are not kept: ") == 1
    opened.close()


def test_a_folder_that_can_only_be_read(small_disk: Disk) -> None:
    """A journal on a file system that can't be written to is told, and goes on in memory."""
    before = Journal(small_disk.folder / "data")
    kept = finished(before)
    before.close()
    small_disk.seal()
    opened = Journal(small_disk.folder / "data")
    assert opened.builds() == (kept,)
    now = finished(opened)
    assert opened.builds() == (now, kept)
    opened.close()
    assert "Builds are not kept: " in opened.notice


def test_a_journal_that_another_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that something else keeps to itself is waited for a moment, then done without."""
    finished(before := Journal(tmp_path))
    before.close()
    other = sqlite3.connect(tmp_path / "journal.sqlite3", isolation_level=None)
    for words in ("PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE", "UPDATE builds SET dirty = 1"):
        other.execute(words)
    monkeypatch.setattr(store_module, "_LOCKED", 0.2)
    opened = Journal(tmp_path)
    assert finished(opened) in opened.builds()
    assert "locked" in opened.notice
    opened.close()
    other.close()


def test_data_folder_is_overridden() -> None:
    """DOCKCACHE_DATA wins over the platform's folder."""
    assert data_folder({"DOCKCACHE_DATA": "/x"}) == Path("/x")
    assert "dockcache-tui" in str(data_folder({}))


WRITER = """
import sys, time
from pathlib import Path
from journal_samples import BUILT, CHECKOUT, SPEC
from dockcache_tui.core.instant import Instant
from dockcache_tui.sources.journal import Journal
from dataclasses import replace
journal = Journal(Path(sys.argv[1]))
ref = journal.begin(SPEC, CHECKOUT, Instant(5))
number = 0
while number < int(sys.argv[2]):
    journal.record(ref, [replace(BUILT, digest=f"{number:09}")])
    number += 1
    print(number, flush=True)
"""


def writer(folder: Path, steps: int) -> "subprocess.Popen[str]":
    """Start a process that writes steps of one build."""
    command = (sys.executable, "-c", WRITER, str(folder), str(steps))
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def test_killed_writer_leaves_a_lost_build(journal: Journal, tmp_path: Path) -> None:
    """After kill -9 in the midst of writing the journal opens, and the build is lost with every step it had told."""
    process = writer(tmp_path / "data", 10**9)
    assert process.stdout
    for line in process.stdout:
        if int(line) >= 20:
            break
    assert [build.status for build in journal.builds()] == [BuildStatus.RUNNING]
    process.send_signal(signal.SIGKILL)
    told = max(map(int, process.stdout.read().split()), default=20)
    process.wait()
    process.stdout.close()
    (lost,) = journal.builds()
    assert (lost.status, lost.completed_at) == (BuildStatus.LOST, BUILT.completed_at)
    assert len(lost.steps) >= told


def test_several_processes_write_at_once(journal: Journal, tmp_path: Path) -> None:
    """Writers wait for each other: nothing is lost and none fails."""
    processes = [writer(tmp_path / "data", 100) for _ in range(3)]
    for process in processes:
        process.communicate(timeout=60)
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert [len(build.steps) for build in journal.builds()] == [100, 100, 100]
