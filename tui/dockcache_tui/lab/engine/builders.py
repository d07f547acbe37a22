"""Builders of every driver on an engine, under names of our own; the current builder stays what it was."""

import os
from dataclasses import dataclass
from pathlib import Path

from dockcache_tui.lab.engine import images
from dockcache_tui.lab.engine.home import Engine, EngineError, held
from dockcache_tui.lab.engine.process import run

DOCKER = "default"
_CONTAINER, _REMOTE, _TWO_NODES = "dockcache-container", "dockcache-remote", "dockcache-two-nodes"
TWO_PLATFORMS = ("linux/amd64", "linux/arm64")


def container_builder(engine: Engine) -> str:
    """Make and start a docker-container builder; returns its name."""
    name = _named(engine, _CONTAINER)
    with held(engine.home / "builders"):
        return _container_builder(engine, name)


def _container_builder(engine: Engine, name: str) -> str:
    if not _exists(engine, name):
        # on the host's network a build reaches a registry or a cache service on loopback
        options = ["--driver-opt=network=host"]
        if engine.owned:
            options += [f"--driver-opt=image={images.BUILDKIT[0]}", f"--buildkitd-config={engine.home}/buildkitd.toml"]
        _create(engine, name, "docker-container", *options)
    return _started(engine, name)


def remote_builder(engine: Engine) -> str:
    """Start a BuildKit daemon and make a remote builder for it; returns its name."""
    return Remote(engine, _named(engine, _REMOTE)).start()


def two_node_builder(engine: Engine) -> str:
    """Start two BuildKit daemons and make one remote builder of both, the second for linux/arm64; returns its name."""
    return Remote(engine, _named(engine, _TWO_NODES), platforms=TWO_PLATFORMS).start()


def remove_builder(engine: Engine, name: str) -> None:
    """Take a builder of ours away, with its cache."""
    if _exists(engine, name):
        _buildx(engine, "rm", "--force", name)


def remove_builders(engine: Engine) -> None:
    """Take away every builder of ours that is not a test's own."""
    remove_builder(engine, _named(engine, _CONTAINER))
    Remote(engine, _named(engine, _REMOTE)).remove()
    Remote(engine, _named(engine, _TWO_NODES), platforms=TWO_PLATFORMS).remove()


@dataclass(frozen=True, slots=True)
class Remote:
    """A remote builder and BuildKit daemons of its own on unix sockets, one for each platform named.

    The daemons may be killed and started again; what they had cached stays.
    """

    engine: Engine
    name: str
    platforms: tuple[str, ...] = ("",)

    @property
    def nodes(self) -> tuple[str, ...]:
        """Return the names of the builder's nodes, which are their daemons' too."""
        return tuple(f"{self.name}{number}" for number in range(len(self.platforms)))

    def start(self) -> str:
        """Start the daemons, and make the builder where it is missing; returns its name."""
        with held(self.engine.home / "builders"):
            return self._start()

    def _start(self) -> str:
        for node in self.nodes:
            if not self._docker_knows(node):
                self._create(node)
            self._docker("start", node)
        if not _exists(self.engine, self.name):
            for node, platform in zip(self.nodes, self.platforms, strict=True):
                append = () if node == self.nodes[0] else ("--append",)
                ours = (*append, "--node", node, *(("--platform", platform) if platform else ()))
                _create(self.engine, self.name, "remote", *ours, f"unix://{self._folder(node)}/buildkitd.sock")
        return _started(self.engine, self.name)

    def kill(self) -> None:
        """End the daemons as a crash would."""
        self._docker("kill", *self.nodes)

    def remove(self) -> None:
        """Take builder, daemons and caches away."""
        remove_builder(self.engine, self.name)
        for node in self.nodes:
            if self._docker_knows(node):
                self._docker("rm", "--force", "--volumes", node)

    def _create(self, node: str) -> None:
        self._folder(node).mkdir(parents=True, exist_ok=True)
        volumes = ["--volume=/var/lib/buildkit", f"--volume={self._folder(node)}:/run/buildkit"]
        if self.engine.owned:
            volumes.append(f"--volume={self.engine.home}/buildkitd.toml:/etc/buildkit/buildkitd.toml:ro")
        image = images.BUILDKIT[0 if self.engine.owned else 1]
        ours = ("--name", node, "--privileged", "--network=host", *volumes, image, "--group", str(os.getgid()))
        self._docker("create", *ours)

    def _folder(self, node: str) -> Path:
        return self.engine.run / node

    def _docker_knows(self, node: str) -> bool:
        return node in self._docker("ps", "--all", "--format", "{{.Names}}").split()

    def _docker(self, *words: str) -> str:
        return run(("docker", *words), env=self.engine.variables, timeout=300)


def _named(engine: Engine, name: str) -> str:
    """Return a builder's name, told apart from those that others made on an engine that is not ours."""
    return name if engine.owned else f"{name}-{engine.tag}"


def _create(engine: Engine, name: str, driver: str, *more: str) -> None:
    _buildx(engine, "create", "--name", name, "--driver", driver, *more)


def _started(engine: Engine, name: str) -> str:
    _buildx(engine, "inspect", "--bootstrap", name)
    return name


def _exists(engine: Engine, name: str) -> bool:
    try:
        _buildx(engine, "inspect", name)
    except EngineError:
        return False
    return True


def _buildx(engine: Engine, *words: str) -> str:
    return run(("docker", "buildx", *words), env=engine.variables, timeout=300)
