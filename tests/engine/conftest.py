"""A second engine with the other store, and archives that real engines made."""

import json
import shutil
from collections.abc import Iterator

import pytest

from dockcache_tui.lab import engine as lab
from dockcache_tui.lab.engine.process import Daemon
from dockcache_tui.sources.archives.local import LocalArchives
from engine.archive_making import Maker
from engine.archive_recipes import BASES, IMAGES
from engine.docker_words import docker, uses_containerd


@pytest.fixture(scope="session")
def graph_engine(engine: lab.Engine) -> Iterator[lab.Engine]:
    """An engine that keeps images in the older store, without containerd's snapshotters."""
    if not engine.owned:
        if uses_containerd(engine):
            pytest.skip("the engine that is there keeps images in containerd's store only")
        yield engine
        return
    home = engine.home / "graph"
    home.mkdir(exist_ok=True)
    own = {"DOCKER_HOST": f"unix://{home}/docker.sock", "BUILDX_CONFIG": str(home / "buildx")}
    second = lab.Engine(home, {**engine.environment, **own}, owned=True)
    settings = {
        "data-root": f"{home}/data",
        "exec-root": f"{home}/run",
        "pidfile": f"{home}/docker.pid",
        "hosts": [own["DOCKER_HOST"]],
        "features": {"containerd-snapshotter": False},
        "bridge": "none",
        **dict.fromkeys(("iptables", "ip6tables", "ip-forward", "ip-masq"), False),
    }
    daemon = Daemon("dockerd", (engine.program("dockerd"), "--config-file", str(home / "daemon.json")), home)

    def enter() -> lab.Engine:
        if daemon.pid() is None:  # after a kill these numbers may be other programs'
            for file in ("docker.pid", "run/containerd/containerd.pid"):
                (home / file).unlink(missing_ok=True)
        (home / "daemon.json").write_text(json.dumps(settings))
        libraries = {"LD_LIBRARY_PATH": str(engine.libraries)}
        daemon.start({**second.variables, **libraries}, lambda: lab.running(second))
        if not docker(second, "images", "--quiet", "busybox"):
            docker(engine, "save", "--output", str(home / "busybox.tar"), "busybox")
            docker(second, "load", "--input", str(home / "busybox.tar"))
        return second

    def leave(_: lab.Engine) -> None:
        daemon.stop()
        shutil.rmtree(home / "data")

    with lab.shared(home, enter, leave) as lent:
        yield lent


@pytest.fixture(scope="session")
def maker(
    engine: lab.Engine, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Maker]:
    """Archives made when first asked for."""

    def graph() -> lab.Engine:
        found: lab.Engine = request.getfixturevalue("graph_engine")
        return found

    def container() -> str:
        name: str = request.getfixturevalue("container_builder")
        return name

    made = Maker(engine, graph, container, tmp_path_factory.mktemp("archives"), IMAGES | BASES)
    yield made
    made.remove()


@pytest.fixture(scope="session")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalArchives]:
    """What reads archives, with an index of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("index")))
        reading = LocalArchives()
    yield reading
    reading.close()
