"""Every step that we call reused or built was so, by the daemon's key store and its own history of each case."""

from collections import Counter
from pathlib import Path

import pytest

from dockcache_tui.core.builds.build import BuildStatus, Step, StepState
from dockcache_tui.core.builds.names import StepKind, parse_name
from why.case import Case, all_cases
from why.history import compare
from why.running import Outcome, run_case
from why.surroundings import Surroundings

VERDICTS = {StepState.REUSED: "H", StepState.BUILT: "M", StepState.FALSE_HIT: "M"}
TELLING = (
    "004-content-edit-cut-by-content",
    "050-pruned-one-leaf",
    "054-base-content",
    "106-link-content",
    "108-link-base-changed",
    "148-add-http-mtime",
    "154-add-git-empty-commit",
    "180-registry-import-one-edit",
)


@pytest.mark.parametrize("name", TELLING)
def test_telling_cases(name: str, around: Surroundings, tmp_path: Path) -> None:
    """One case of each kind of step reads as it was."""
    case = Case.named(name)
    outcome = run_case(case, around, tmp_path)
    judged, wrong = judge(case, outcome)
    assert (judged > 0, wrong) == (True, [])
    compared, wrong = compare(around, outcome.second.build, [outcome.second.build.ref])
    assert (compared > 0, wrong) == (True, [])


@pytest.mark.matrix
def test_all_cases(around: Surroundings, tmp_path: Path) -> None:
    """All steps of all cases read as they were; the counts are printed."""
    around.push_frontends()
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    for name in all_cases():
        case, folder = Case.named(name), tmp_path / name
        folder.mkdir()
        outcome = run_case(case, around, folder)
        judged, found = judge(case, outcome)
        compared, otherwise = compare(around, outcome.second.build, [outcome.second.build.ref])
        wrong += [f"{name}: {one}" for one in (*found, *otherwise)]
        build = outcome.second.build
        counts += Counter({"steps": judged, "wrong": len(found), "reused": build.cached, "counted": build.cacheable})
        counts += Counter({"compared": compared, "otherwise": len(otherwise)})
        print(f"{name:42} {build.cached:3} of {build.cacheable:3}  {judged:3} judged")  # noqa: T201 - the table
    print(f"{counts['reused']} of {counts['counted']} reused; {counts['steps']} judged, {counts['wrong']} wrong")  # noqa: T201
    print(f"{counts['compared']} compared with the daemon's history, {counts['otherwise']} otherwise there")  # noqa: T201
    assert (len(all_cases()), wrong) == (93, [])


def judge(case: Case, outcome: Outcome) -> tuple[int, list[str]]:
    """Return how many steps of the second build were judged, and those told wrong."""
    assert outcome.first.build.status is BuildStatus.SUCCEEDED
    build = outcome.second.build
    if error := case.told.get("expect_error"):
        assert build.status is BuildStatus.FAILED
        assert error in build.error
        assert build.time_saved is None
    judged, wrong = 0, []
    for step in filter(_could_be_reused, build.steps):
        expected = case.expected(step, outcome.names)
        if expected and step.state in VERDICTS:
            judged += 1
            if VERDICTS[step.state] != expected["v"]:
                wrong.append(f"{step.name} was told as {step.state}, expected {expected['v']}")
    return judged, wrong


def _could_be_reused(step: Step) -> bool:
    return step.cacheable or parse_name(step.name).kind is StepKind.MERGE
