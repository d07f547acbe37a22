"""The lab's runs in the journal, and as the command shows them."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.lab_making import job, lab_run
from dockcache_tui.cli.main import run as command
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.lab.experiment import Situation
from dockcache_tui.core.lab.run import Counts, LabMachine, LabPlan, LabRun, LabStatus
from dockcache_tui.sources.journal import Journal
from dockcache_tui.sources.journal.lab_runs import LabRuns
from dockcache_tui.sources.journal.schema import MIGRATIONS
from documented import check_documented

COLD, SOURCE = Situation.COLD, Situation.SOURCE
_PLAN = LabPlan(("make-original", "artifact", "ours"), (COLD, SOURCE), rounds=2)
_WORK = Counts(cacheable=6, modules=3, own=2, dependencies=5, standard=67)
_JOBS = (
    job("make-original", SOURCE, seconds=20, counts=_WORK),
    job("artifact", SOURCE, seconds=16, counts=_WORK),
    job("ours", SOURCE, seconds=4, counts=Counts(reused=3, cacheable=6, own=2)),
    job("ours", SOURCE, "say 1", seconds=1),
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the journal that commands use."""
    monkeypatch.setenv("DOCKCACHE_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def runs(folder: Path) -> Iterator[LabRuns]:
    """The runs in it."""
    opened = LabRuns(folder)
    yield opened
    opened.close()


def _finished(runs: LabRuns) -> LabRun:
    run = runs.begin(_PLAN, lab_run().machine)
    runs.keep(run.id, _JOBS[:2])
    runs.keep(run.id, _JOBS[2:])
    runs.finish(LabRun(run.id, run.started_at, LabStatus.COMPLETE, _PLAN, completed_at=Instant.now()))
    found = runs.run(run.id)
    assert found
    return found


def test_a_run_comes_back_as_it_was_kept(runs: LabRuns, folder: Path) -> None:
    """Plan, machine, status and every number of every job, in order, also for another process."""
    run = _finished(runs)
    other = LabRuns(folder)
    assert (other.run(run.id), other.runs(), other.run(99)) == (run, (run,), None)
    other.close()
    assert (run.jobs, run.plan, run.machine, run.status) == (_JOBS, _PLAN, lab_run().machine, LabStatus.COMPLETE)
    assert run.completed_at


def test_a_run_that_was_killed_counts_as_canceled(runs: LabRuns, folder: Path) -> None:
    """While its process lives it runs; after a kill it can be taken up again."""
    code = (
        "import os, sys; from pathlib import Path; from dockcache_tui.sources.journal.lab_runs import LabRuns\n"
        "from dockcache_tui.core.lab.run import LabPlan, LabMachine\n"
        "LabRuns(Path(sys.argv[1])).begin(LabPlan(), LabMachine()); os.kill(os.getpid(), 9)"
    )
    subprocess.run((sys.executable, "-c", code, str(folder)), check=False)
    live = runs.begin(_PLAN, LabMachine())
    mine, killed = runs.runs()
    assert (mine.id, mine.status, killed.status) == (live.id, LabStatus.RUNNING, LabStatus.CANCELED)
    runs.take_up(killed)
    assert runs.runs()[1].status is LabStatus.RUNNING


def test_a_journal_from_before_the_lab_is_brought_up(folder: Path) -> None:
    """A file without the lab's tables gets them, and keeps its builds."""
    folder.mkdir()
    connection = sqlite3.connect(folder / "journal.sqlite3", isolation_level=None)
    connection.executescript(f"{MIGRATIONS[0]}; PRAGMA user_version = 1")
    connection.close()
    runs = LabRuns(folder)
    assert runs.runs() == ()
    assert runs.begin(_PLAN, LabMachine()).id == 1
    runs.close()
    journal = Journal(folder)
    assert journal.builds() == ()
    journal.close()


def test_show(runs: LabRuns, capsys: pytest.CaptureFixture[str]) -> None:
    """The newest run's table goes to stdout, what it shows to stderr."""
    _finished(runs)
    runs.begin(_PLAN, LabMachine())  # it has measured nothing yet
    assert command(("lab", "show")) == 0
    out, err = capsys.readouterr()
    assert [line.split()[2] for line in out.splitlines()[1:]] == ["make-original", "artifact", "ours"]
    assert "ours takes 0.31× the time of the image as artifact" in err
    assert "make-original downloads 3 modules" in err


def test_show_json(runs: LabRuns, capsys: pytest.CaptureFixture[str]) -> None:
    """The document has the run, a row for each experiment in each situation, every job with its build."""
    run = _finished(runs)
    assert command(("lab", "show", str(run.id), "--experiment", "4", "--json")) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["run"]["id"], document["run"]["rounds"]) == (1, run.id, 2)
    check_documented(document, "lab.md#json")
    (row,) = document["items"]
    assert (row["experiment"], row["total"]["median"], row["counts"]["reuse"]) == ("ours", 5, 0.5)
    assert [one["job"] for one in row["job_list"]] == ["build", "say 1"]
    assert row["builds"] == ["ours-source-1"]
    assert [one["build"] for one in document["jobs"]] == [
        "make-original-source-1",
        "artifact-source-1",
        *row["builds"],
        None,
    ]
    assert [one["holds"] for one in document["conclusions"]] == [True]


def test_show_against_an_earlier_run(runs: LabRuns, capsys: pytest.CaptureFixture[str]) -> None:
    """Each row that both runs have is shown with both times."""
    first = _finished(runs)
    second = _finished(runs)
    assert command(("lab", "show", str(second.id), "--against", str(first.id))) == 0
    out = capsys.readouterr().out
    assert out.count("1.00×") == 3
    assert command(("lab", "show", "--against", str(first.id), "--json")) == 0
    document = json.loads(capsys.readouterr().out)
    check_documented(document, "lab.md#json")
    assert [one["times"] for one in document["changes"]] == [1, 1, 1]


def test_show_markdown(runs: LabRuns, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing but the table and its source goes to stdout."""
    _finished(runs)
    assert command(("lab", "show", "--markdown", "--situation", "source")) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line[0] for line in lines[:5]] == ["|"] * 5
    assert lines[-1].startswith("n = 1 round; A processor")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("show",), "measured nothing yet"),
        (("show", "7"), "no run 7"),
        (("show", "--json", "--markdown"), "can't be used together"),
        (("run", "--json", "--markdown"), "can't be used together"),
        (("run", "--resume", "-n", "2"), "--resume repeats what was asked for before"),
        (("run", "--experiment", "5"), "'5' is not one of"),
        (("run", "--situation", "tepid"), "'tepid' is not one of"),
    ],
)
def test_what_can_not_be_asked(
    words: tuple[str, ...], reason: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A usage error says why, and nothing is begun."""
    assert command(("lab", *words)) == 2
    assert reason in capsys.readouterr().err
    assert not folder.exists() or LabRuns(folder).runs() == ()
