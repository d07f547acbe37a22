"""The life of a private engine of its own: made through kills, crashed, started again, taken away."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from dockcache_tui.lab.engine import Engine, at, borrow, images, kill, provision, remove, running, start, stop, support
from dockcache_tui.lab.engine.daemons import mounts, registry_address
from dockcache_tui.lab.engine.network import bridge
from dockcache_tui.lab.engine.process import processes

pytestmark = [
    pytest.mark.engine,
    pytest.mark.xdist_group("lifecycle"),
    pytest.mark.skipif(support() is not None, reason=f"no engine: {support()}"),
]
_PROVISION = (
    "import sys, pathlib; from dockcache_tui.lab.engine import *; provision(pathlib.Path(sys.argv[1]), narrate)"
)


@dataclass(frozen=True, slots=True)
class _Machine:
    """What of the machine an engine must leave as it is."""

    packages: str
    sources: tuple[tuple[str, float], ...]
    docker: tuple[bool, ...]

    @classmethod
    def now(cls) -> "_Machine":
        packages = subprocess.run(("dpkg-query", "--show"), capture_output=True, text=True, check=True).stdout
        sources = tuple(sorted((str(path), path.stat().st_mtime) for path in Path("/etc/apt").rglob("*")))
        places = (Path("/etc/docker"), Path("/var/lib/docker"), Path("/var/lib/containerd"), Path.home() / ".docker")
        return cls(packages, sources, tuple(place.exists() for place in places))


@pytest.fixture(scope="module", autouse=True)
def machine() -> _Machine:
    """The machine before the engine came."""
    return _Machine.now()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for an engine, removed in the end whatever happens."""
    folder = tmp_path_factory.mktemp("e") / "e"
    yield folder
    if folder.exists():
        remove(folder)


def _kill_at(home: Path, line: str, moment: str) -> None:
    """Provision in a process of its own, and kill that once it has said a line and a file is there."""
    with subprocess.Popen((sys.executable, "-c", _PROVISION, str(home)), stderr=subprocess.PIPE, text=True) as maker:
        assert maker.stderr is not None
        assert any(line in said for said in maker.stderr)
        deadline = time.monotonic() + 120
        while not any(home.glob(moment)):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        maker.kill()


@pytest.fixture(scope="module")
def engine_of_its_own(home: Path) -> Engine:
    """An engine whose making was killed twice: while packages came, and while the daemon took an image."""
    _kill_at(home, "fetching", "tmp/*/archives/*.deb")
    assert not (home / "packages").exists()
    _kill_at(home, "making golang", "tmp/*/image.tar")
    assert (home / "packages").exists()
    return provision(home, lambda _: None)


def _build(engine: Engine, project: Path) -> str:
    argv = ("docker", "buildx", "build", "--progress", "plain", str(project))
    done = subprocess.run(argv, env=engine.variables, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one step that runs Go."""
    (tmp_path / "Dockerfile").write_text("FROM golang:1.26\nRUN go version >/version\n")
    return tmp_path


def test_a_killed_provision_goes_on_to_an_engine_that_builds(engine_of_its_own: Engine, project: Path) -> None:
    """After two kills the next run completes, and nothing half-made is left."""
    assert running(engine_of_its_own)
    assert "go version" in _build(engine_of_its_own, project)
    assert not (engine_of_its_own.home / "tmp").exists()


def test_a_second_provision_fetches_and_makes_nothing(engine_of_its_own: Engine) -> None:
    """It says nothing."""
    assert provision(engine_of_its_own.home, pytest.fail) == engine_of_its_own


def test_base_images_are_published_once(engine_of_its_own: Engine) -> None:
    """The registry has every name of the base images, the engine keeps no name for it, and what is there stays."""
    registry = registry_address(engine_of_its_own)
    images.publish(engine_of_its_own)
    published = engine_of_its_own.home / "registry" / "published"
    made = published.stat().st_mtime_ns
    for image in (images.BUSYBOX, images.GOLANG):
        repository, tags = image[0].partition(":")[0], sorted(name.partition(":")[2] for name in image)
        answer = requests.get(f"http://{registry}/v2/library/{repository}/tags/list", timeout=30).json()
        assert sorted(answer["tags"]) == tags
    words = ("docker", "image", "ls", "--format", "{{.Repository}}")
    names = subprocess.run(words, env=engine_of_its_own.variables, capture_output=True, text=True, check=True).stdout
    assert {"busybox", "golang"} <= set(names.split())
    assert registry not in names
    images.publish(engine_of_its_own)
    assert published.stat().st_mtime_ns == made


def test_a_crashed_engine_comes_back_with_its_cache(engine_of_its_own: Engine, project: Path) -> None:
    """After a kill of the daemon a start brings engine and cache back."""
    _build(engine_of_its_own, project)
    kill(engine_of_its_own)
    assert not running(engine_of_its_own)
    start(engine_of_its_own)
    assert re.search(r"^#(\d+) .*RUN go version.*\n#\1 CACHED$", _build(engine_of_its_own, project), re.MULTILINE)


def test_the_last_to_leave_stops_what_the_first_started(engine_of_its_own: Engine) -> None:
    """Two users share one engine; it stops after both, and stays where it ran before them."""
    home = engine_of_its_own.home
    with borrow(home, pytest.fail):
        pass
    assert running(engine_of_its_own)
    stop(engine_of_its_own)
    said: list[str] = []
    with borrow(home, said.append) as one:
        with borrow(home, said.append):
            pass
        assert running(one)
    assert not running(engine_of_its_own)
    assert said == ["starting the engine"]


def test_remove_leaves_nothing_behind(engine_of_its_own: Engine, machine: _Machine) -> None:
    """Folder, processes, mounts and bridge are gone, and the machine is as it was."""
    home = engine_of_its_own.home
    start(engine_of_its_own)
    remove(home)
    assert not home.exists()
    assert mounts(home) == []
    assert not Path("/sys/class/net", bridge(at(home))).exists()
    assert [argv for _, argv in processes() if any(word.startswith(f"{home}/") for word in argv)] == []
    assert _Machine.now() == machine
