"""What is known of the builds of a real builder, ours and others'."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from dockcache_tui.core.builds.build import Build
from dockcache_tui.core.scope import BranchScope
from dockcache_tui.lab.engine import Engine
from dockcache_tui.sources.branches import RevisionBranches
from dockcache_tui.sources.buildkit.builder import open_builder
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.journal import Journal
from dockcache_tui.sources.known_builds import KnownBuilds
from dockcache_tui.sources.protocols import Builder
from nobody import git


@pytest.fixture
def builder(at_engine: Engine, container_builder: str) -> Iterator[Builder]:
    """A builder with a container."""
    opened = open_builder(Docker(at_engine.variables), container_builder)
    yield opened
    opened.close()


def test_a_build_of_others_is_kept_with_its_steps_and_branch(
    at_engine: Engine, builder: Builder, tmp_path: Path
) -> None:
    """Its steps and branch are known, also when the branch was deleted since and BuildKit has forgotten the build."""
    project, mark = tmp_path / "project", f"own-{uuid4().hex}"
    project.mkdir()
    (project / "Dockerfile").write_text(f"FROM busybox\nRUN echo {mark}\n")
    for words in (
        ("init", "-q", "-b", "main"),
        ("add", "."),
        ("commit", "-q", "-m", "one"),
        ("checkout", "-qb", "gone"),
    ):
        git(project, *words)
    docker = ("docker", "buildx", "--builder", builder.name)
    environment = dict(at_engine.variables)
    subprocess.run((*docker, "build", str(project)), env=environment, capture_output=True, check=True)

    def known() -> Build:
        journal = Journal(tmp_path / "data")
        found = KnownBuilds(journal, RevisionBranches(tmp_path, at_engine.variables)).of(builder)
        journal.close()
        (build,) = (one for one in found if any(mark in step.name for step in one.steps))
        return build

    first = known()
    assert (first.told, first.ours, first.branch) == (True, False, BranchScope.of("gone"))
    assert first.context == str(project)
    received = [step.received_at for step in first.steps if step.name.startswith("[internal] load build definition")]
    assert all(received)
    git(project, "checkout", "-q", "main")
    git(project, "branch", "-q", "-D", "gone")
    subprocess.run((*docker, "history", "rm", first.ref), env=environment, capture_output=True, check=True)
    assert known() == first
