"""What is said of each change in a table is said of the same change on a real builder."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from core.explain.changes import CHANGES, FILES, TEXT
from core.explain.sample_builds import Told
from dockcache_tui.core.builds.build import BuildSpec, BuildStatus
from dockcache_tui.core.builds.cause import CauseKind
from dockcache_tui.core.builds.names import parse_name
from dockcache_tui.core.explain.causes import causes
from dockcache_tui.core.explain.traced_build import TracedBuild
from dockcache_tui.sources.build_runner import Runner
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.journal import Journal
from why.running import Ran
from why.surroundings import Surroundings
from why.tracing import traced

NOT_NOTICED = {"folder mode"}
"""Builders that have a copy of the folder do not notice."""
NEEDS_ANOTHER_MACHINE = {"platform"}


@pytest.mark.matrix
@pytest.mark.parametrize("name", sorted(CHANGES.keys() - NEEDS_ANOTHER_MACHINE))
def test_change(name: str, around: Surroundings, tmp_path: Path) -> None:
    """The steps with causes of their own are those of the table, with the same sentences."""
    change, work = CHANGES[name], tmp_path / "work"
    around.docker.run("buildx", "prune", "--builder", around.builder, "--force", "--all", timeout=120)
    around.registry.tag("busybox", "latest", "v1")
    write(work, {**FILES, "Dockerfile": TEXT})
    earlier = built(around, work, tmp_path / "journal", {})
    if change.images:
        around.registry.tag("busybox", "latest", "v2")
    for path in change.without:
        (work / path).unlink()
    write(work, {**change.files, "Dockerfile": TEXT.replace(*change.edit, 1)})
    this = built(around, work, tmp_path / "journal", change.request)
    names = {step.digest: parse_name(step.name).instruction for step in this.build.steps}
    own = {names[one]: cause for one, cause in causes(this, earlier).items() if cause.kind is not CauseKind.CASCADE}
    said = {} if name in NOT_NOTICED else change.said
    assert {step: plain(cause.text) for step, cause in own.items()} == {
        step: plain(text) for step, text in said.items()
    }


def plain(text: str) -> str:
    """Return a sentence without what differs from registry to registry."""
    return re.sub("[0-9a-f]{12}", "*", text).replace(":latest", "")


def write(folder: Path, files: Mapping[str, Told]) -> None:
    """Write files as the table has them."""
    folder.mkdir(exist_ok=True)
    for path, told in files.items():
        text, mode = told if isinstance(told, tuple) else (told, 0o755 if told is None else 0o644)
        place = folder / path
        if text is None:
            place.mkdir(exist_ok=True)
        else:
            place.unlink(missing_ok=True)
        if text and text.startswith("->"):
            place.symlink_to(text.removeprefix("->"))
            continue
        if text is not None:
            place.write_text(text)
        place.chmod(mode)


def built(around: Surroundings, work: Path, journal_folder: Path, request: Mapping[str, str]) -> TracedBuild:
    """Build the project as what was asked of the frontend says."""
    journal = Journal(journal_folder)
    runner = Runner(Docker(around.engine.variables), journal)
    arguments = tuple((name[10:], value) for name, value in request.items() if name.startswith("build-arg:"))
    try:
        spec = BuildSpec(str(work), builder=around.builder, build_args=arguments, no_cache="no-cache" in request)
        launched = runner.start(spec)
        said = tuple(launched)
        build = launched.result()
        assert build.status is BuildStatus.SUCCEEDED, build.error
        return traced(around, Ran(build, said), work)
    finally:
        runner.close()
        journal.close()
