"""What is built in a folder is what docker builds there, over a table of projects."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dockcache_tui.cli.main import run
from dockcache_tui.core.builds.build import BuildSpec, BuildStatus
from dockcache_tui.core.errors import SourceError
from dockcache_tui.lab.engine import Engine, narrate
from dockcache_tui.lab.engine.golang import tree
from dockcache_tui.sources.bake_files import bake_files
from dockcache_tui.sources.build_runner import Runner, build_words
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.journal import Journal
from dockcache_tui.sources.project import find_spec
from sources.docker_projects import PROJECTS, Project, bake_print, files

PEERS = {
    "docker-buildx": ("github.com/docker/buildx", "v0.38.2", "cmd/buildx", "version.Version"),
    "docker-compose": ("github.com/docker/compose/v5", "v5.5.0", "cmd", "internal.Version"),
}
"""The newest buildx and a docker compose that prints what it builds, each a Go module."""
every_project = pytest.mark.parametrize("project", PROJECTS, ids=lambda project: project.name)


def found(project: Project, folder: Path, docker: Docker, scratch: Path) -> tuple[BuildSpec, list[str]]:
    """Return how a project is built, asked from outside of it, and what was said about it."""
    journal, said = Journal(scratch / "data"), list[str]()
    spec = find_spec(folder, docker, journal, say=said.append)
    journal.close()
    assert spec.kind == project.kind
    return spec, said


def definition(spec: BuildSpec, docker: Docker, scratch: Path) -> dict[str, Any]:
    """Return the targets that our words make docker build."""
    read = bake_files(spec, docker, scratch)
    return bake_print(docker, read.folder, *build_words(spec, scratch / "m", read)[2:])


@every_project
def test_as_buildx_would(engine: Engine, tmp_path: Path, project: Project) -> None:
    """Without docker compose, it is what `docker buildx bake` makes of the files there, asked in the folder itself."""
    docker = Docker(engine.variables | project.environment)
    folder = project.write(tmp_path)
    spec, said = found(project, folder, docker, tmp_path)
    assert len(said) == len(project.refused)
    assert all(reason in line for reason, line in zip(project.refused, said, strict=True))
    if project.kind == "dockerfile":
        assert (folder / spec.file).is_file()
        return
    wanted = bake_print(docker, folder, *files(project.reads))
    assert definition(spec, docker, tmp_path) == wanted
    assert tuple(sorted(wanted)) == project.targets


@pytest.fixture(scope="session")
def peers(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Docker:
    """Give docker with the newest buildx and docker compose, compiled once and kept beside the engine."""
    plugins = tmp_path_factory.mktemp("docker") / "cli-plugins"
    plugins.mkdir()
    for name, (module, version, package, variable) in PEERS.items():
        made = engine.home / "peers" / f"{name}-{version}"
        if not made.is_file():
            work = tmp_path_factory.mktemp("peer")
            (work / "go.mod").write_text("module dockcache.invalid/peer\n")
            environment = os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"}
            go = f"{tree(engine, narrate)}/bin/go"
            flags = f"-ldflags=-s -w -X {module}/{variable}={version}"
            for words in (
                ("get", f"{module}/{package}@{version}"),
                ("build", "-trimpath", flags, "-o", f"{work}/{name}", f"{module}/{package}"),
            ):
                subprocess.run((go, *words), cwd=work, env=environment, check=True, timeout=1800)
            made.parent.mkdir(exist_ok=True)
            (work / name).replace(made)
        (plugins / name).symlink_to(made)
    return Docker(engine.variables | {"DOCKER_CONFIG": str(plugins.parent)})


@pytest.mark.matrix
@every_project
def test_as_docker_would(peers: Docker, engine: Engine, tmp_path: Path, project: Project) -> None:
    """With docker compose, it is what `docker compose build` or `docker buildx bake` builds in the folder itself.

    After docker has built it nothing is left to build, and the image of a service has its name.
    """
    assert engine.variables
    docker = Docker(peers.environment | project.environment)
    folder = project.write(tmp_path)
    spec, _ = found(project, folder, docker, tmp_path)
    if project.kind == "compose":
        printed = tmp_path / "printed.json"
        printed.write_text(docker.run("compose", "build", "--print", cwd=str(folder)))
        wanted = bake_print(docker, folder, "--file", str(printed))
        docker.run("compose", "build", cwd=str(folder), timeout=300)
    elif project.kind == "bake":
        wanted = bake_print(docker, folder)
        docker.run("buildx", "bake", cwd=str(folder), timeout=300)
    else:
        wanted = {}
        docker.run("buildx", "build", ".", cwd=str(folder), timeout=300)
    if wanted:
        assert definition(spec, docker, tmp_path) == wanted
    assert tuple(sorted(wanted)) == (project.composed or project.targets)
    journal = Journal(tmp_path / "data")
    runner = Runner(docker, journal)
    build = runner.start(spec)
    for _ in build:
        pass
    runner.close()
    journal.close()
    result = build.result()
    assert (result.status, result.reuse) == (BuildStatus.SUCCEEDED, 1.0), result.error
    for tag in (tag for target in wanted.values() for tag in target.get("tags", ())):
        assert docker.run("image", "inspect", tag)


@pytest.mark.matrix
def test_what_buildx_must_be_allowed(
    peers: Docker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bake file's folder beyond the project is refused as docker refuses it, with the flag; given once it sticks."""
    project = Project("", "bake", (), {
        "project/docker-bake.hcl": 'target "default" { context = "../lib" }\n', "lib/Dockerfile": "",
    })  # fmt: skip
    folder = project.write(tmp_path)
    with pytest.raises(SourceError, match="additional privileges requested"):
        peers.run("buildx", "bake", cwd=str(folder))
    monkeypatch.setenv("DOCKCACHE_DATA", str(tmp_path / "data"))
    for name, value in peers.environment.items():
        monkeypatch.setenv(name, value)
    assert run(["rebuild", str(folder)]) == 3
    said = capsys.readouterr().err
    assert '--allow=fs.read=../lib" to grant' in said
    assert "dockcache-tui rebuild -- --allow=" in said
    assert run(["rebuild", str(folder), "--", "--allow=fs.read=../lib"]) == 0
    assert run(["rebuild", str(folder)]) == 0
