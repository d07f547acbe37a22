"""The sample program builds on every driver, and its layers carry its dependencies."""

import shutil
from pathlib import Path
from uuid import uuid4

import pytest

from dockcache_tui.lab.engine import Engine
from engine.docker_words import cached, docker

_APP = Path(__file__).parents[2] / "app"
_STEPS = (
    *("golang 2/3", "golang 3/3"),
    *("dependencies 2/6", "dependencies 3/6", "dependencies 4/6", "dependencies 5/6", "dependencies 6/6"),
    *("compile 1/2", "compile 2/2", "stage-3 1/1"),
)


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """A copy of the program with a line of its own."""
    copy = tmp_path / "app"
    shutil.copytree(_APP, copy)
    with (copy / "main.go").open("a") as source:
        source.write(f"\n// {uuid4().hex}\n")
    return copy


@pytest.mark.parametrize(
    "builder", ["docker_builder", "container_builder", pytest.param("remote_builder", marks=pytest.mark.matrix)]
)
def test_the_app_builds_and_its_second_build_is_all_cached(
    builder: str, engine: Engine, app: Path, request: pytest.FixtureRequest
) -> None:
    """The same sources build once; after an edit of main.go only the compile stage runs again."""
    name = request.getfixturevalue(builder)
    assert "compile 2/2" not in cached(engine, name, app)
    assert cached(engine, name, app) == set(_STEPS)
    (app / "main.go").write_text((app / "main.go").read_text().replace("nothing to build", uuid4().hex))
    assert cached(engine, name, app) == set(_STEPS[:7])


def test_the_image_runs_as_nobody_and_says_the_phrase(engine: Engine, docker_builder: str, app: Path) -> None:
    """The built image answers with the phrase in a bubble, and its user is not root."""
    tag = f"dockcache-test:{uuid4().hex}"
    docker(engine, "buildx", "build", "--builder", docker_builder, "--load", "--tag", tag, str(app))
    try:
        assert "│ hello cache │" in docker(engine, "run", "--rm", "--network=none", tag, "hello", "cache")
        assert docker(engine, "image", "inspect", "--format", "{{.Config.User}}", tag).strip() == "65534:65534"
    finally:
        docker(engine, "rmi", tag)


def test_the_apps_own_tests_pass(engine: Engine, docker_builder: str, app: Path) -> None:
    """`go test` is content with the program, on the layer that has its dependencies compiled."""
    tag = f"dockcache-test:{uuid4().hex}"
    build = ("--builder", docker_builder, "--target", "dependencies", "--load", "--tag", tag)
    docker(engine, "buildx", "build", *build, str(app))
    mount = f"type=bind,source={app},target=/src,readonly"
    try:
        said = docker(engine, "run", "--rm", "--mount", mount, tag, "go", "test", "-trimpath", "-vet=off", "./...")
        assert "ok  \tdockcache.example/app/internal/bubble" in said
    finally:
        docker(engine, "rmi", tag)
