"""An archive's layers in the app: where else they are, by digest, after a real build into both."""

import re
import subprocess
from pathlib import Path
from uuid import uuid4

import pytest

from dockcache_tui.actions_service.access import variables
from dockcache_tui.core.builds.build import BuildSpec, BuildStatus
from dockcache_tui.core.scope import BranchScope
from dockcache_tui.lab.engine import Engine
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.journal import Journal
from dockcache_tui.sources.workspace import ProjectWorkspace
from dockcache_tui.ui.app import DockcacheApp
from dockcache_tui.ui.archives.layers_table import LayersTable
from engine.archive_sources import CACHED
from engine.archive_truth import Plain
from nobody import git
from service.serving import Served
from ui.bench import WIDE, Bench


@pytest.fixture
def project(
    at_engine: Engine, container_builder: str, own_service: Served, tmp_path: Path, rest_alone: pytest.MonkeyPatch
) -> Path:
    """A repository whose build on main was exported to the Actions cache and to two archives in its folder."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "Dockerfile").write_text(CACHED)
    (folder / "word").write_text(uuid4().hex)
    for words in (("init", "--quiet", "--initial-branch=main"), ("add", "--all"), ("commit", "--quiet", "-m", "first")):
        git(folder, *words)
    job = variables(own_service.home, (BranchScope.of("main"),), "", read_only=False)
    for name in ("GITHUB_API_URL", "GITHUB_REPOSITORY", "GITHUB_TOKEN"):
        rest_alone.setenv(name, job[name])
    rest_alone.setenv("XDG_CACHE_HOME", str(tmp_path / "index"))
    build = ("docker", "buildx", "build", "--builder", container_builder, "--network", "none")
    exports = (
        (
            "--provenance",
            "true",
            "--cache-to",
            "type=gha,mode=max,scope=app",
            "--output",
            f"type=oci,dest={folder}/first.tar",
        ),
        ("--output", f"type=docker,dest={folder}/second.tar"),
    )
    for export in exports:
        command = (*build, *export, str(folder))
        environment = {**at_engine.variables, **job}
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=120)
    return folder


async def test_where_else_a_layer_is(
    project: Path, at_engine: Engine, own_service: Served, container_builder: str
) -> None:
    """A layer that the Actions cache keeps and another archive holds is shown with both, by branch and by name."""
    plain = Plain.of(project / "first.tar")
    (manifest,) = plain.images().values()
    (layer,) = manifest["layers"]
    keys = own_service.job("main", repo="tests/served").keys()
    assert f"buildkit-blob-1-{layer['digest']}" in keys
    workspace = ProjectWorkspace(project, Docker(at_engine.variables), Journal(project.parent / "data"))
    app = DockcacheApp(workspace, builder=container_builder)
    try:
        async with app.run_test(size=WIDE, notifications=True) as pilot:
            bench = Bench(app, pilot)
            await bench.press("3")
            await bench.see("buildkit-blob-1-sha256:")
            await bench.press("4")
            await bench.see(r"first\.tar +oci layout .* main", r"second\.tar +oci layout")
            await bench.press("/")
            await bench.type("first")
            await bench.press("enter", "enter")
            await bench.see(layer["digest"][7:15], "Actions cache of main")
            (row,) = (one for one in app.query_one(LayersTable).shown_rows if one.digest == layer["digest"])
            assert re.search("Actions cache.*main", row.shared)
            assert "second.tar" in row.shared
    finally:
        workspace.close()


async def test_the_record_that_holds_a_layer(project: Path, at_engine: Engine, container_builder: str) -> None:
    """A layer of an archive that our own build wrote is shown with the builder's record that holds the same layer."""
    workspace = ProjectWorkspace(project, Docker(at_engine.variables), Journal(project.parent / "data"))
    spec = BuildSpec(str(project), builder=container_builder, extra=("--output", f"type=oci,dest={project}/ours.tar"))
    app = DockcacheApp(workspace, builder=container_builder)
    try:
        for _ in (running := workspace.start(spec)):
            pass
        assert running.result().status is BuildStatus.SUCCEEDED
        async with app.run_test(size=WIDE, notifications=True) as pilot:
            bench = Bench(app, pilot)
            await bench.see("records › ")
            await bench.press("4")
            await bench.see(r"ours\.tar +oci layout")
            await bench.press("/")
            await bench.type("ours")
            await bench.press("enter", "enter")
            await bench.see(r"COPY .* record .*COPY")
    finally:
        workspace.close()
