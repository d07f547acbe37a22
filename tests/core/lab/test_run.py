"""What a run of the lab has still to do, and how long that takes."""

from core.lab_making import job, lab_run
from dockcache_tui.core.lab.experiment import Situation
from dockcache_tui.core.lab.run import LabPlan, Workflow, seconds_left

COLD, SAME, SOURCE = Situation.COLD, Situation.SAME, Situation.SOURCE
_PLAN = LabPlan(("make", "ours"), (SOURCE,), rounds=2, phrases=("one",))


def test_every_round_begins_cold_and_experiments_take_turns() -> None:
    """Rounds and experiments are interleaved, and a warm situation is preceded by a cold one."""
    first = [("make", COLD), ("ours", COLD), ("make", SOURCE), ("ours", SOURCE)]
    assert _PLAN.workflows == tuple(Workflow(*one, number) for number in (1, 2) for one in first)
    assert _PLAN.names == ("build", "say 1")


def test_situations_have_one_order() -> None:
    """The order in which situations are asked for does not matter."""
    assert LabPlan(situations=(SOURCE, SAME)).until() == (COLD, SAME, SOURCE)
    assert LabPlan(situations=(SOURCE, SAME)).until(SAME) == (COLD, SAME)


def test_what_is_left() -> None:
    """Runs of workflows that kept jobs are done, all others are left."""
    run = lab_run(job("make", COLD), job("ours", COLD), plan=_PLAN)
    assert run.left == _PLAN.workflows[2:]


def test_an_estimate_needs_something_to_go_by() -> None:
    """Before any job ended nothing is known."""
    assert seconds_left(lab_run(plan=_PLAN)) is None


def test_the_estimate_shrinks_to_nothing() -> None:
    """It counts every job that is still to come once, those of the workflow under way too."""
    done: list[float] = []
    jobs = [
        job(flow.experiment, flow.situation, name, flow.round, seconds=4)
        for flow in _PLAN.workflows
        for name in _PLAN.names
    ]
    for count in range(1, len(jobs) + 1):
        left = seconds_left(lab_run(*jobs[:count], plan=_PLAN))
        assert left is not None
        done.append(left)
    assert done == sorted(done, reverse=True)
    assert done[-1] == 0


def test_an_earlier_run_tells_before_the_first_job_ends() -> None:
    """What a job took in an earlier run is what it will take."""
    earlier = [job("make", COLD, seconds=100), job("make", COLD, "say 1", seconds=1)]
    quick = [job("make", COLD, seconds=10), job("make", COLD, "say 1", seconds=1)]
    slow_left, quick_left = seconds_left(lab_run(plan=_PLAN), earlier), seconds_left(lab_run(plan=_PLAN), quick)
    assert slow_left
    assert quick_left
    assert slow_left > quick_left


def test_a_failed_build_skips_the_later_jobs() -> None:
    """What was skipped is neither left nor waited for."""
    plan = LabPlan(("make",), (COLD,), phrases=("one", "two"))
    run = lab_run(job("make", COLD, error="no"), plan=plan)
    assert (run.skipped, run.left, seconds_left(run)) == (2, (), 0)
