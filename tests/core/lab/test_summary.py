"""Medians, spread, conclusions and comparison of a run's jobs."""

import pytest

from core.lab_making import job, lab_run
from dockcache_tui.core.lab.experiment import Situation
from dockcache_tui.core.lab.report import COLUMNS, cells, change_cells, compare, conclusions, markdown, provenance
from dockcache_tui.core.lab.run import Counts, JobResult, Split
from dockcache_tui.core.lab.summary import Spread, summarize

COLD, SOURCE = Situation.COLD, Situation.SOURCE
_AGAIN = Counts(modules=3, own=2, dependencies=5, standard=67)


def _workflow(number: int, build: float, *later: float) -> tuple[JobResult, ...]:
    says = (job("ours", SOURCE, f"say {one}", number, seconds=second) for one, second in enumerate(later, 1))
    return (job("ours", SOURCE, number=number, seconds=build, counts=Counts(up=number, modules=3)), *says)


def test_medians_and_spread_over_the_rounds() -> None:
    """A row's total adds all jobs, its wall ends with the slowest later job, and both are medians with their ends."""
    run = lab_run(*_workflow(1, 10, 1, 2), *_workflow(2, 20, 1, 5), *_workflow(3, 12, 2, 2))
    (row,) = summarize(run)
    assert (row.rounds, row.total, row.wall) == (3, Spread(16, 13, 26), Spread(14, 12, 25))
    assert [(one.job, one.total.median) for one in row.jobs] == [("build", 12), ("say 1", 1), ("say 2", 2)]
    assert (row.counts.up, row.counts.modules) == (2, 3)
    assert row.builds == ("ours-source-1", "ours-source-2", "ours-source-3")


def test_rows_come_by_situation_then_experiment() -> None:
    """The order does not depend on how the run went."""
    run = lab_run(job("ours", SOURCE), job("artifact", SOURCE), job("ours", COLD))
    assert [(row.situation, row.experiment) for row in summarize(run)] == [
        (COLD, "ours"),
        (SOURCE, "artifact"),
        (SOURCE, "ours"),
    ]


def test_a_failed_build_shows_as_failed() -> None:
    """A row whose build failed has no time to compare."""
    (row,) = summarize(lab_run(job("make", Situation.NO_RUNTIME, error="not set")))
    assert row.error == "not set"
    assert "failed" in cells(row)


def test_the_aims_hold() -> None:
    """The original's layout works again, ours does not, and ours takes half the time at most: all three are said."""
    rows = summarize(
        lab_run(
            job("make-original", SOURCE, seconds=20, counts=_AGAIN),
            job("artifact", SOURCE, seconds=16, counts=_AGAIN),
            job("ours", SOURCE, seconds=8, counts=Counts(own=2)),
        )
    )
    found = conclusions(rows)
    assert [one.holds for one in found] == [True, True, True]
    assert "make-original downloads 3 modules" in found[0].text
    assert "0.50×" in found[2].text


@pytest.mark.parametrize("again", [Counts(modules=1), Counts(dependencies=1), Counts(standard=1)])
def test_the_aims_do_not_hold(again: Counts) -> None:
    """One module or package too many, or a time above half, and it is not said to hold."""
    rows = summarize(lab_run(job("artifact", SOURCE, seconds=16), job("ours", SOURCE, seconds=9, counts=again)))
    assert [one.holds for one in conclusions(rows)] == [False, False]


def test_other_situations_conclude_nothing() -> None:
    """Only a change of the source alone is judged."""
    assert conclusions(summarize(lab_run(job("ours", COLD), job("artifact", COLD)))) == ()


def test_two_runs_beside_each_other() -> None:
    """What both measured is compared; totals that overlap are within the spread."""
    before = summarize(lab_run(job("ours", COLD, seconds=10), job("ours", SOURCE, seconds=4), job("make", COLD)))
    now = summarize(lab_run(job("ours", COLD, seconds=5), job("ours", SOURCE, seconds=4)))
    cold, source = compare(now, before)
    assert (cold.situation, cold.times, cold.is_beyond_spread) == (COLD, 0.5, True)
    assert (source.times, source.is_beyond_spread) == (1, False)
    assert change_cells(cold)[2:5] == ("10.0s", "5.0s", "0.50×")
    assert change_cells(source)[-1] == "within the spread"


def test_markdown() -> None:
    """Every row has a cell for every column, and below the table stands where it comes from."""
    run = lab_run(job("ours", SOURCE, split=Split(1, 2, 3, 4, 5, 6), counts=Counts(own=2, dependencies=1, standard=4)))
    header, ruler, row, empty, source = markdown(run, summarize(run)).splitlines()
    assert len(COLUMNS) == header.count("|") - 1 == ruler.count("|") - 1 == row.count("|") - 1
    assert row.startswith(
        "| source changed | ours | 21.0s | 21.0s – 21.0s | 21.0s | 1.0s | 2.0s | 3.0s | 4.0s | 5.0s |"
    )
    assert "2 + 1 + 4" in row
    assert not empty
    machine = "A processor, 2 cores, 8.0 GB, Linux x86_64, Docker 28.5.2, BuildKit 0.34.2, Go 1.26.8"
    assert source == f"n = 1 round; {machine}; 2026-05-01; run 1"


def test_an_unfinished_run_says_so() -> None:
    """Where a run was cut off, some rows stand for more rounds than others."""
    run = lab_run(job("ours", COLD), job("ours", SOURCE), job("ours", COLD, number=2))
    assert provenance(run).startswith("n = 1 to 2 rounds; ")
    assert provenance(lab_run()).startswith("n = 0 rounds; ")
