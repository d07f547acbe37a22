"""Errors, records and builds: the facts they work out of themselves."""

import pytest

from core.record_making import IN_USE, SHARED, at, build, record, step
from dockcache_tui.core.builds.build import Step, StepState
from dockcache_tui.core.errors import DockcacheError, ExitCode, SourceError, UsageError
from dockcache_tui.core.filter import FilterError
from dockcache_tui.core.records.record import Pruned, PruneOutcome, RecordKey


@pytest.mark.parametrize(
    ("kind", "code"),
    [(DockcacheError, 1), (UsageError, 2), (SourceError, 3)],
)
def test_errors_know_their_exit_code(kind: type[DockcacheError], code: int) -> None:
    """Each kind of error has a title and the exit code that the command line documents."""
    error = kind("why", hint="do this")
    assert (str(error), error.hint, error.exit_code) == ("why", "do this", ExitCode(code))
    assert error.title
    assert kind("why", title="Mine").title == "Mine"


def test_a_filter_error_is_a_usage_error() -> None:
    """A wrong filter ends the command as wrong usage."""
    assert FilterError("no", 0, 1).exit_code is ExitCode.USAGE


def test_a_record_in_use_or_shared_is_not_reclaimable() -> None:
    """Only an idle record that no image shares may free anything."""
    assert record("r").reclaimable
    assert not record("r", flags=IN_USE).reclaimable
    assert not record("r", flags=SHARED).reclaimable
    assert record("r", node="n").key == RecordKey("n", "r")


def test_an_outcome_sums_what_was_freed() -> None:
    """The bytes of an outcome are those of its records."""
    assert PruneOutcome((Pruned(RecordKey("n", "a"), 3), Pruned(RecordKey("n", "b"), 4))).bytes == 7


def test_reuse_counts_cacheable_steps_only() -> None:
    """Internal steps are in neither number, and a false hit is no reuse."""
    internal = Step("d", "[internal] x", StepState.REUSED, cacheable=False)
    made = build(
        "b",
        0,
        10,
        None,
        internal,
        step("a", 0, 1, StepState.REUSED),
        step("b", 0, 1),
        step("c", 0, 1, StepState.FALSE_HIT),
        step("d", 0, 1, StepState.REUSED),
    )
    assert (made.cached, made.cacheable, made.reuse, made.duration) == (2, 4, 0.5, 10)
    assert build("b", 0, None, None, internal).reuse is None
    assert build("b", 0, None).duration is None


def test_a_step_lasts_from_start_to_end() -> None:
    """A step under way has no duration, and one whose clock ran back took no time."""
    assert step("a", 1, 3.5).duration == 2.5
    assert step("a", 3, 1).duration == 0
    assert Step("d", "a", StepState.RUNNING, cacheable=True, started_at=at(1)).duration is None
