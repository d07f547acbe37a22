"""Archives and the engine, by the app's keys: load one and see what was there, write an image to a file."""

import json
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from dockcache_tui.lab.engine import Engine
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.journal import Journal
from dockcache_tui.sources.workspace import ProjectWorkspace
from dockcache_tui.ui.app import DockcacheApp
from engine.docker_words import docker
from ui.bench import WIDE, Bench


@pytest.fixture
def name(engine: Engine, container_builder: str, tmp_path: Path) -> Iterator[str]:
    """The name of an image that no engine had, in an archive in the test's folder."""
    name = f"dockcache-app-{uuid4().hex[:8]}"
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY one /one\nCOPY two /two\n")
    for file in ("one", "two"):
        (tmp_path / file).write_text(uuid4().hex)
    output = f"type=docker,name=docker.io/library/{name}:1,dest={tmp_path / 'ours.tar'}"
    docker(engine, "buildx", "build", "--builder", container_builder, "--output", output, str(tmp_path))
    yield name
    docker(engine, "image", "rm", "--force", f"{name}:1")


async def test_load_and_export(
    name: str, engine: Engine, container_builder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first load tells of new layers, the second that all were there; the image is written to a file and listed."""
    monkeypatch.chdir(tmp_path)
    workspace = ProjectWorkspace(tmp_path, Docker(engine.variables), Journal(tmp_path / "data"))
    app = DockcacheApp(workspace, builder=container_builder)
    try:
        async with app.run_test(size=WIDE, notifications=True) as pilot:
            bench = Bench(app, pilot)
            await bench.press("4")
            await bench.see(r"ours\.tar +oci layout")
            await bench.press("I")
            await bench.see("2 layers new, 0 there already", rf"{name}:1", r"\+ new")
            await bench.press("escape")
            await bench.see_no("there already")
            await bench.press("I")
            await bench.see("0 layers new, 2 there already", "✓ there")
            await bench.press("escape")
            await bench.see_no("there already")
            await bench.press("i")
            await bench.see("Write which image to a file")
            await bench.type(name)
            await bench.press("enter")
            await bench.see(rf"{name}.*\.tar +oci layout")
    finally:
        workspace.close()


async def test_a_record_opens_as_its_build(
    at_engine: Engine, container_builder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `buildx history export` wrote of a half cached build shows steps, timeline, reuse, output and Dockerfile."""
    monkeypatch.setenv("DOCKCACHE_DATA", str(tmp_path / "data"))
    project, metadata = tmp_path / "project", tmp_path / "metadata.json"
    project.mkdir()
    text = f"FROM busybox\nRUN echo {uuid4().hex} >/one\nARG MARK\nRUN echo said $MARK\n"
    (project / "Dockerfile").write_text(text)
    for mark in ("first", "second"):
        words = ("--network", "none", "--metadata-file", str(metadata), "--build-arg", f"MARK={mark}")
        docker(at_engine, "buildx", "build", "--builder", container_builder, *words, str(project))
    ref = json.loads(metadata.read_text())["buildx.build.ref"].rpartition("/")[2]
    record = tmp_path / "real.dockerbuild"
    words = ("--builder", container_builder, "--finalize", "--output", str(record), ref)
    docker(at_engine, "buildx", "history", "export", *words)
    monkeypatch.chdir(tmp_path)
    workspace = ProjectWorkspace(tmp_path, Docker(at_engine.variables), Journal(tmp_path / "data"))
    app = DockcacheApp(workspace, builder=container_builder)
    try:
        async with app.run_test(size=WIDE, notifications=True) as pilot:
            bench = Bench(app, pilot)
            await bench.press("4")
            await bench.see(r"real\.dockerbuild +build record .*1 build")
            await bench.press("enter")
            await bench.see("✓ succeeded", "1 of 2 steps", r"reused +\[2/3\]", r"■ built +\[3/3\]", "[━█▇]")
            await bench.press("/")
            await bench.type("3/3")
            await bench.press("enter")
            await bench.see("said second")
            await bench.press("D")
            await bench.see("FROM busybox", "RUN echo said")
    finally:
        workspace.close()
