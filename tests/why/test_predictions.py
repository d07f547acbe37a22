"""What is foretold of a build before it runs is what it then does."""

from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from dockcache_tui.core.builds.build import Build, BuildSpec, Prediction, StepState
from dockcache_tui.core.builds.names import parse_name
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.journal import Journal
from dockcache_tui.sources.predictions import Predictions
from why.case import Case, all_cases
from why.running import Ran, run_case
from why.surroundings import Surroundings

RIGHT = {
    Prediction.HIT: {StepState.REUSED},
    Prediction.MISS: {StepState.BUILT, StepState.FALSE_HIT, StepState.FAILED},
}


class Compared:
    """Foretells each build of a case, and compares it with the build that follows."""

    def __init__(self, name: str, around: Surroundings, folder: Path) -> None:
        """Run the case."""
        self.counts: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._folder, self._foretold = folder, list[Build]()
        self.case = Case.named(name)
        run_case(self.case, around, folder, self._look, self._foretell)

    def _foretell(self, spec: BuildSpec, docker: Docker) -> None:
        with closing(Journal(self._folder / "journal")) as journal:
            self._foretold.append(Predictions(docker, journal).predict(spec))

    def _look(self, ran: Ran, _: Path) -> None:
        states = {step.name: step.state for step in ran.build.steps}
        for step in self._foretold[-1].steps:
            state = states.get(step.name)
            if step.prediction is None or state in (None, StepState.WAITING, StepState.CANCELED):
                continue
            if step.prediction is Prediction.UNKNOWN:
                self.counts[f"? {step.cause.text if step.cause else ''}"] += 1
            elif state in RIGHT[step.prediction]:
                self.counts[f"{step.prediction} right"] += 1
            else:
                self.counts["wrong"] += 1
                self.wrong.append(f"{parse_name(step.name).instruction}: {step.prediction}, but {state}")


@pytest.mark.matrix
def test_all_cases(around: Surroundings, tmp_path: Path) -> None:
    """No step of any case is foretold wrongly; the counts are printed, with the reasons for what is not known."""
    around.push_frontends()
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    for name in all_cases():
        (tmp_path / name).mkdir()
        compared = Compared(name, around, tmp_path / name)
        counts += compared.counts
        wrong += [f"{name}: {one}" for one in compared.wrong]
        print(f"{name:42} {dict(compared.counts)} {compared.wrong or ''}", flush=True)  # noqa: T201 - the table
    print(f"{len(all_cases())} cases: {dict(counts)}")  # noqa: T201 - the count
    assert (len(all_cases()), wrong) == (93, [])
