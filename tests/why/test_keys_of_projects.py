"""The keys that we compute of projects made up at random are those in the daemon's own key store."""

import subprocess
from collections import Counter
from pathlib import Path
from random import Random
from uuid import uuid4

import pytest

from dockcache_tui.lab.engine.golang import BUILDKIT
from why.history import kept_refs
from why.keys import Comparison
from why.projects import Project
from why.surroundings import Surroundings

PROJECTS = 60
_UNBUILDABLE = (
    "failed to calculate checksum",
    "cannot replace to directory",
    "not a directory",
    "cannot copy to non-directory",
)


@pytest.mark.parametrize("seed", [0, 1])
def test_projects(seed: int, around: Surroundings, tmp_path: Path) -> None:
    """Every key of a project and of the same changed is the daemon's, and it has none that we don't compute."""
    keys = of_project(seed, around, tmp_path)
    assert (keys.counts["contents"] > 0, keys.wrong) == (True, [])


@pytest.mark.matrix
@pytest.mark.parametrize("version", ["around", "around_older"])
def test_many_projects(version: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """The keys of many projects are the daemon's, of both versions; the counts are printed."""
    around: Surroundings = request.getfixturevalue(version)
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    for seed in range(PROJECTS):
        (tmp_path / str(seed)).mkdir()
        keys = of_project(seed, around, tmp_path / str(seed))
        counts += keys.counts
        wrong += [f"{seed}: {one}" for one in keys.wrong]
        print(f"project {seed}: {dict(keys.counts)} {keys.wrong or ''}", flush=True)  # noqa: T201 - the table
    print(f"BuildKit {around.version}, {PROJECTS} projects: {dict(counts)}, {len(wrong)} wrong")  # noqa: T201 - the count
    assert (counts["built"] > PROJECTS * 1.4, wrong) == (True, [])


def of_project(seed: int, around: Surroundings, folder: Path) -> Comparison:
    """Compare the keys of a project, and of the same project changed."""
    place = folder / uuid4().hex  # of a folder of the same name the builder would take its old copy
    newest = around.version == BUILDKIT
    project = Project(Random(seed), place, with_parents=newest)  # noqa: S311 - the same each time
    keys = Comparison(around, {})
    for change in (project.make, project.change):
        change()
        ref = build(around, place)
        if not ref:
            keys.counts["not to be built"] += 1
            return keys
        keys.counts["built"] += 1
        keys.compare(ref, place)
    keys.check_all_explained()
    return keys


def build(around: Surroundings, folder: Path) -> str | None:
    """Build a folder and return the build's ref.

    None where no builder can: a wildcard met a broken link, or a file and a folder of one name get to one place.
    """
    before = kept_refs(around)
    words = ("docker", "buildx", "build", "--builder", around.builder, "--provenance=mode=max", str(folder))
    done = subprocess.run(words, env=around.engine.variables, capture_output=True, timeout=120, check=False)
    said = done.stderr.decode(errors="replace")
    if any(words in said for words in _UNBUILDABLE):
        return None
    assert done.returncode == 0, f"{(folder / 'Dockerfile').read_text()}\n{said}"
    return (kept_refs(around) - before).pop()
