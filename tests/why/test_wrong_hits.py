"""What a real builder reused wrongly is told of, and of nothing else."""

import os
from contextlib import closing
from pathlib import Path

import pytest

from dockcache_tui.core.builds.build import Build, BuildSpec, BuildStatus
from dockcache_tui.core.builds.cause import HitKind
from dockcache_tui.sources.build_runner import Runner
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.journal import Journal
from why.case import Case
from why.running import run_case
from why.surroundings import Surroundings

MOUNT = "RUN --mount=type=cache,target=/c,id=deps"
DOCKERFILE = f"""\
FROM busybox AS deps
{MOUNT} echo deps > /c/file
COPY src /src
{MOUNT} cat /src/a > /a
FROM busybox AS made
RUN head -c 8 /dev/urandom > /out
FROM busybox
COPY --from=deps /a /
COPY --from=made /out /
RUN cp /out /late
"""


def test_wrong_hits(around: Surroundings, tmp_path: Path) -> None:
    """An old file, an empty mount, another result and what was reused on it are told with the build, and kept."""
    work = tmp_path / "work"
    (work / "src").mkdir(parents=True)
    (work / "Dockerfile").write_text(DOCKERFILE)
    (work / "src" / "a").write_text("one")
    (work / "src" / "b").write_text("one")
    (work / "src" / "deep").mkdir()
    assert kinds(build(around, work)) == []
    assert kinds(build(around, work)) == []
    edit_unnoticed(work / "src" / "a", "two")
    (work / "src" / "b").write_text("other")
    around.docker.run(
        *("buildx", "prune", "--builder", around.builder, "--force", "--filter", "type=exec.cachemount"), timeout=60
    )
    told = build(around, work)
    assert kinds(told) == [HitKind.STALE, HitKind.MOUNT_TRAP]
    assert [(one.what, one.name) for one in told.warnings[0].differences] == [
        ("content", "src/a"),
        ("step", "COPY src /src"),
    ]
    (work / "src" / "deep").chmod(0o700)
    told = build(around, work, "--no-cache-filter=made")
    assert kinds(told) == [HitKind.STALE, HitKind.STALE, HitKind.NOT_DETERMINISTIC, HitKind.STALE]
    assert told.warnings[1].text.startswith("The mode of src/deep/ changed from 0755 to 0700")
    assert told.warnings[3].text.startswith("“COPY --from=made /out /” took new files, but “RUN cp /out /late”")
    (work / "src" / "deep").chmod(0o755)
    (work / "src" / "a").touch()
    assert kinds(build(around, work)) == []


def edit_unnoticed(path: Path, text: str) -> None:
    """Change a file, but not its size and times."""
    before = path.stat()
    path.write_text(text)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size


def kinds(told: Build) -> list[HitKind]:
    """Return what a build was warned of."""
    return [one.kind for one in told.warnings]


def build(around: Surroundings, work: Path, *words: str) -> Build:
    """Build a project, and return the build as the journal has it."""
    with (
        closing(Journal(work.parent / "journal")) as journal,
        closing(Runner(Docker(around.engine.variables), journal)) as runner,
    ):
        launched = runner.start(BuildSpec(str(work), builder=around.builder, extra=words))
        for _ in launched:
            pass
        told = launched.result()
        assert (told.status, launched.notice) == (BuildStatus.SUCCEEDED, "")
        assert journal.build(told.ref) == told
        return told


@pytest.mark.matrix
def test_data_that_a_cache_lost(around: Surroundings, tmp_path: Path) -> None:
    """A step that a cache names without its data fails the build, which is warned of both."""
    told = run_case(Case.named("184-dead-blob-needed"), around, tmp_path).second.build
    assert kinds(told) == [HitKind.FALSE]
    shown = {one.what: one.name for one in told.warnings[0].differences}
    assert shown["blob"].startswith("sha256:")
    assert (shown["cache"], shown["step"]) == (f"{around.registry.address}/c:1", "COPY . .")
