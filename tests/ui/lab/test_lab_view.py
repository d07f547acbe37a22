"""The lab's view: a run is read, plotted, followed, canceled, and its builds are opened."""

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from core.lab_making import job, lab_run
from dockcache_tui.core.builds.build import Build, BuildStatus
from dockcache_tui.core.errors import SourceError
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.lab.experiment import Situation
from dockcache_tui.core.lab.run import Counts, JobResult, LabPlan, LabProgress, LabRun, LabStatus, Split, Workflow
from dockcache_tui.core.lab.summary import summarize
from dockcache_tui.sources.journal import Journal
from dockcache_tui.sources.journal.lab_runs import LabRuns
from dockcache_tui.ui.lab.lab_plot import PARTS, lengths
from sources.journal_samples import BUILT, CHECKOUT, REUSED, SPEC
from ui.bench import NARROW, Bench, bench
from ui.house import House

PLAN = LabPlan(experiments=("artifact", "ours"), situations=(Situation.SOURCE,))
SLOW = Split(setup=1, importing=2, building=8, exporting=1, transfer=4, rest=0)
JOBS = (
    job("artifact", Situation.SOURCE, split=SLOW, counts=Counts(modules=3, standard=70, reused=1, cacheable=4)),
    job("artifact", Situation.SOURCE, "say 1", split=SLOW),
    job("ours", Situation.SOURCE, split=Split(building=3), counts=Counts(own=2, reused=3, cacheable=4)),
)


class Scripted:
    """A run of the lab that goes on as the test tells it."""

    def __init__(self, *, fails: SourceError | None = None) -> None:
        """Begin with no job done."""
        self.go, self.canceled = Event(), Event()
        self.run = replace(lab_run(plan=PLAN), status=LabStatus.RUNNING)
        self._fails = fails

    def __iter__(self) -> Iterator[LabProgress]:
        """Tell of a job, wait, then end."""
        workflow = Workflow("artifact", Situation.SOURCE, 1)
        yield LabProgress(0, 8, workflow, "build", "building", 90.0)
        assert self.go.wait(60)
        if self._fails:
            raise self._fails
        canceled = self.canceled.is_set()
        self.run = replace(self.run, jobs=JOBS, status=LabStatus.CANCELED if canceled else LabStatus.COMPLETE)

    def cancel(self) -> None:
        """End it."""
        self.canceled.set()
        self.go.set()

    def result(self) -> LabRun:
        """Return the run so far."""
        return self.run


@pytest.fixture(autouse=True)
def _own_journal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The journal stays with the test."""
    monkeypatch.setenv("DOCKCACHE_DATA", str(tmp_path / "data"))


@asynccontextmanager
async def lab(scripted: Scripted | None = None, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Bench]:
    """Run the app with the lab in sight; what it runs is scripted."""
    async with bench(House(experiments=scripted), size) as app:
        await app.see("no cache yet")
        await app.press("1", "L")
        yield app


def keep(*, status: LabStatus = LabStatus.COMPLETE, jobs: Sequence[JobResult] = JOBS) -> None:
    """Write a run to the journal."""
    runs = LabRuns()
    run = runs.begin(PLAN, lab_run().machine)
    runs.keep(run.id, jobs)
    runs.finish(replace(run, status=status, completed_at=run.started_at))
    runs.close()


async def test_no_run_says_what_to_do() -> None:
    """Before the first run the view says what the lab is, and which key runs it."""
    async with lab() as app:
        await app.see("has not run yet", r"R +run the lab")


async def test_a_run_is_shown_and_plotted() -> None:
    """The newest run comes with medians, conclusions, and bars of the situation under the cursor."""
    keep()
    async with lab() as app:
        await app.see(r"source changed +artifact +32\.0s +25 % +3 +70", r"source changed +ours +3\.0s +75 %")
        await app.see(
            "✓ ours downloads 0 modules", "✓ ours takes 0.09× the time", "██", "▒▒", "▓▓ export  ▒▒ transfer  ── rest"
        )


async def test_a_run_is_followed_to_its_end() -> None:
    """R asks, then the run is followed job by job; the result stays in sight."""
    scripted = Scripted()
    async with lab(scripted) as app:
        await app.see("has not run yet")
        await app.press("R")
        await app.see("Run the experiments on this machine")
        await app.press("down", "enter")
        await app.see("0 of 8 jobs", "artifact · build: building", "about 1m30s left")
        scripted.go.set()
        await app.see("is complete", r"source changed +ours")


async def test_esc_cancels_a_run() -> None:
    """Esc asks whether to leave the run or to cancel it; canceled, what was measured stays."""
    scripted = Scripted()
    async with lab(scripted) as app:
        await app.see("has not run yet")
        await app.press("R", "down", "enter")
        await app.see("0 of 8 jobs")
        await app.press("escape")
        await app.see("Leave it running", "Cancel it")
        await app.press("down", "enter")
        await app.see("is canceled", "canceled: n = 1 round")
        assert scripted.canceled.is_set()


async def test_an_unfinished_run_can_be_gone_on_with() -> None:
    """After a canceled run, R offers to go on with it, and does."""
    keep(status=LabStatus.CANCELED)
    scripted = Scripted()
    async with lab(scripted) as app:
        await app.see("canceled: n = 1 round")
        await app.press("R")
        await app.see("Resume the last run")
        await app.press("down", "down", "enter")
        await app.see("0 of 8 jobs")
        scripted.go.set()
        await app.see("is complete")
        assert isinstance(app.app.workspace, House)
        assert app.app.workspace.planned == [None]


async def test_a_run_that_fails_says_why() -> None:
    """An error of the lab is told with its reason, and the app stays."""
    scripted = Scripted(fails=SourceError("no engine can be had", title="There is no engine"))
    async with lab(scripted) as app:
        await app.see("has not run yet")
        await app.press("R", "down", "enter")
        await app.see("0 of 8 jobs")
        scripted.go.set()
        await app.see("There is no engine", "no engine can be had")


async def test_a_row_leads_to_its_builds() -> None:
    """Enter on a row offers the builds behind it; one that the journal has forgotten is told."""
    keep()
    async with lab() as app:
        await app.see(r"source changed +artifact")
        await app.press("enter")
        await app.see("Builds of artifact, source changed", "round 1 · build")
        await app.press("enter")
        await app.see("no longer keeps this build")


async def test_a_builds_steps_are_opened() -> None:
    """The build behind a number opens with its steps, and esc leads back to the lab."""
    journal = Journal()
    ref = journal.begin(SPEC, CHECKOUT, Instant(5))
    done = Build(ref, "a-builder", Instant(5), BuildStatus.SUCCEEDED, completed_at=Instant(9), steps=(BUILT, REUSED))
    journal.finish(ref, done)
    journal.close()
    keep(jobs=[replace(one, build=ref if one.is_build else "") for one in JOBS])
    async with lab() as app:
        await app.see(r"source changed +artifact")
        await app.press("enter")
        await app.see("Builds of artifact, source changed", "round 1 · build")
        await app.press("enter")
        await app.see("✓ succeeded", rf"■ built +{re.escape(BUILT.name)}", rf"✓ reused +{re.escape(REUSED.name)}")
        await app.press("escape")
        await app.see(r"source changed +artifact")


async def test_it_fits_a_narrow_terminal() -> None:
    """At 80 columns situation, experiment, total and reuse stay in sight."""
    keep()
    async with lab(size=NARROW) as app:
        await app.see(r"source changed +artifact +32\.0s +25 %")


def test_bars_add_up() -> None:
    """The parts of a bar are as long as the whole, and the longest bar fills the width."""
    rows = summarize(lab_run(*JOBS))
    most = max(row.total.median for row in rows)
    drawn = {row.experiment: lengths(row.split, most, 64) for row in rows}
    assert sum(cells for _, cells in drawn["artifact"]) == 64
    assert dict(drawn["ours"])["building"] == sum(cells for _, cells in drawn["ours"]) == 6
    assert [name for name, _ in drawn["ours"]] == [name for name, _, _ in PARTS]
