"""What `explain` prints of each change in a table."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from core.explain.mutations import FILES, MUTATIONS, NOT_SENT, TEXT, Mutation
from dockcache_tui.cli.main import run
from dockcache_tui.core.builds.build import Step, StepState
from dockcache_tui.sources.journal import Journal
from sources.kept_builds import Kept


@pytest.mark.parametrize("name", MUTATIONS)
def test_words(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Each change is told in exactly these words, without any of BuildKit's own."""
    monkeypatch.setenv("DOCKCACHE_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    kept, change = Kept(Journal(tmp_path / "data"), tmp_path), MUTATIONS[name]
    kept.keep(kept.build({path: told for path, told in FILES.items() if path not in NOT_SENT}, TEXT))
    kept.builder.forget(change.forgets)
    after = {**FILES, **change.files}
    files = {path: told for path, told in after.items() if path not in (*NOT_SENT, *change.without)}
    text = TEXT.replace(*change.edit)
    made = kept.builder.build(text, files, change.request, platform=change.platform, images=change.images)
    steps = tuple(as_it_went(step, change) for step in made.build.steps)
    kept.keep(kept.of_project(replace(made, build=replace(made.build, steps=steps))))
    assert run(["explain"]) == 0
    printed = below_head(capsys.readouterr().out)
    assert printed == change.printed
    assert not re.search(r"(?i)\b(ops?|selectors?|vertex|vertices|solver|LLB)\b", printed)


def below_head(printed: str) -> str:
    """Return what stands below the two builds that are compared."""
    return printed.partition("\n\n")[2] or printed.partition("\n")[2]


def as_it_went(step: Step, change: Mutation) -> Step:
    """Return a step with what became of it where the output of another decides."""
    if step.name.endswith("COPY --from=build /out /app") and not change.copies:
        return replace(step, state=StepState.REUSED)
    return replace(step, state=StepState.FALSE_HIT) if change.lost and step.name.endswith(change.lost) else step
