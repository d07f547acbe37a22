"""What the cases stand in: a BuildKit daemon of their own, a registry, a web server and a git server on loopback."""

import os
import shutil
import socket
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from dockcache_tui.lab import engine as lab
from dockcache_tui.lab.engine import golang
from dockcache_tui.lab.engine.home import held
from dockcache_tui.lab.engine.process import Daemon, run
from dockcache_tui.sources.docker_cli import Docker
from why.registry import Registry

BUILDER = "dockcache-why"
FRONTENDS = {"s12": "v0.12.5", "s25": "v0.25.2"}
_BUILDKITD = """\
{root}
[grpc]
  address = ["unix://{home}/buildkitd.sock"]
  debugAddress = "{debug}"
  gid = {group}
[registry."docker.io"]
  mirrors = ["{registry}"]
[registry."{registry}"]
  http = true
"""
_REGISTRY = """\
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {storage}}}, delete: {{enabled: true}}}}
http: {{addr: "{registry}", secret: why}}
"""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a case runs; `www` is served at `http` and, what git finds in it, at `git`.

    The daemon is of a `version` of BuildKit, known as `builder`, and tells what its keys are made of at `debug`.
    """

    engine: lab.Engine
    version: str
    builder: str
    debug: str
    registry: Registry
    www: Path
    http: str
    git: str
    flags: tuple[str, ...] = ()
    """What each build is told beside what its case says."""
    prunes: bool = True
    """Whether nothing else is in the builder's cache."""

    @property
    def docker(self) -> Docker:
        """Return the docker command that knows the builder."""
        return Docker(self.engine.variables)

    def push_frontends(self) -> list[str]:
        """Push the Dockerfile frontends of older BuildKits, compiled on first use; returns their digests."""
        pushed = []
        command = ("frontend/dockerfile/cmd/dockerfile-frontend",)
        for tag, version in FRONTENDS.items():
            with held(self.engine.home / "lock"):  # who makes the engine sweeps what is half built
                folder = golang.built(self.engine, f"frontend-{tag}", version, command, lab.narrate)
            pushed.append(self.registry.push_frontend(tag, folder / "dockerfile-frontend"))
            pushed.append(self.registry.push_frontend(f"{tag}b", folder / "dockerfile-frontend", other="label"))
        return pushed


@contextmanager
def surroundings(engine: lab.Engine, version: str = golang.BUILDKIT) -> Iterator[Surroundings]:
    """Start everything anew, and take it away at the end; two test runs at once take turns."""
    name = "why" if version == golang.BUILDKIT else f"why-{version}"
    home, builder = engine.home / name, f"dockcache-{name}"
    with held(engine.home / f"{name}.lock"), ExitStack() as stack:
        started = (_Owned if engine.owned else _Hired)(engine, home, version)
        started.stop()
        shutil.rmtree(home, ignore_errors=True)
        (home / "www").mkdir(parents=True)
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        address, debug = (f"127.0.0.1:{_free_port()}" for _ in range(2))
        stack.callback(started.stop)
        started.start(address, debug)
        docker = Docker(engine.variables)
        docker.run("buildx", "create", "--name", builder, "--driver=remote", f"unix://{home}/buildkitd.sock")
        stack.callback(docker.run, "buildx", "rm", "--force", builder)
        docker.run("buildx", "inspect", "--bootstrap", builder, timeout=60)
        registry = Registry(address)
        registry.push_busybox(busybox(engine))
        http = stack.enter_context(_web(home / "www"))
        git = stack.enter_context(_git(home / "www"))
        yield Surroundings(engine, version, builder, debug, registry, home / "www", http, git)


class _Owned:
    """Daemons as processes of this machine, from our engine's own programs."""

    def __init__(self, engine: lab.Engine, home: Path, version: str) -> None:
        self._engine, self._home, self._version = engine, home, version
        self._folder = "buildkit" if version == golang.BUILDKIT else f"buildkit-{version}"
        programs = {
            "registry": (engine.program("docker-registry"), "serve", f"{home}/registry.yml"),
            "buildkitd": (f"{engine.home}/{self._folder}/buildkitd", *_words(home)),
        }
        self._daemons = [Daemon(name, argv, home) for name, argv in programs.items()]

    def start(self, registry: str, debug: str) -> None:
        root, storage = f'root = "{self._home}/state"', f"{self._home}/registry"
        _configure(self._home, registry, debug, root=root, storage=storage)
        with held(self._engine.home / "lock"):  # who makes the engine sweeps what is half built
            if self._version == golang.BUILDKIT:
                golang.buildkit(self._engine, lab.narrate)
            else:
                golang.built(self._engine, self._folder, self._version, ("cmd/buildkitd",), lab.narrate)
        host, port = registry.split(":")
        for daemon, ready in zip(
            self._daemons, (lambda: _answers(host, int(port)), (self._home / "buildkitd.sock").exists), strict=True
        ):
            daemon.start(self._engine.variables, ready)

    def stop(self) -> None:
        for daemon in reversed(self._daemons):
            daemon.stop()


class _Hired:
    """Daemons as containers of an engine that was there before us."""

    def __init__(self, engine: lab.Engine, home: Path, version: str) -> None:
        self._engine, self._home = engine, home
        self._images = {"buildkitd": f"moby/buildkit:{version}", "registry": "registry:3"}
        self._names = {name: f"dockcache-{home.name}-{name}-{engine.tag}" for name in self._images}

    def start(self, registry: str, debug: str) -> None:
        _configure(self._home, registry, debug, root="", storage="/var/lib/registry")
        words = {"buildkitd": _words(self._home), "registry": (f"{self._home}/registry.yml",)}
        for name, image in self._images.items():
            options = ("--detach", "--privileged", "--network=host", f"--volume={self._home}:{self._home}")
            self._docker("run", *options, "--name", self._names[name], image, *words[name])

    def stop(self) -> None:
        for name in self._names.values():
            with suppress(lab.EngineError):  # there is none
                self._docker("rm", "--force", "--volumes", name)

    def _docker(self, *words: str) -> str:
        return run(("docker", *words), env=self._engine.variables, timeout=300)


def _words(home: Path) -> tuple[str, ...]:
    return ("--config", f"{home}/buildkitd.toml", "--save-cache-debug")


def _configure(home: Path, registry: str, debug: str, *, root: str, storage: str) -> None:
    told = {"root": root, "home": home, "group": os.getgid(), "registry": registry, "debug": debug}
    (home / "buildkitd.toml").write_text(_BUILDKITD.format(**told))
    (home / "registry.yml").write_text(_REGISTRY.format(storage=storage, registry=registry))


def busybox(engine: lab.Engine) -> bytes:
    """Return the whole file system of the engine's busybox as a tar archive."""
    container = run(("docker", "create", "busybox"), env=engine.variables).strip()
    words = ("docker", "export", container)
    done = subprocess.run(words, env=engine.variables, check=True, capture_output=True, timeout=120)
    run(("docker", "rm", container), env=engine.variables)
    return done.stdout


@contextmanager
def _web(folder: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, name="web", daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def _git(folder: Path) -> Iterator[str]:
    port = _free_port()
    words = (
        "git",
        "daemon",
        f"--base-path={folder}",
        "--listen=127.0.0.1",
        f"--port={port}",
        "--reuseaddr",
        str(folder),
    )
    server = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield f"git://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def ssh_key(seed: bytes) -> str:
    """Return a private key as text, made of 32 bytes."""
    der = bytes.fromhex("302e020100300506032b657004220420") + seed
    return f"-----BEGIN PRIVATE KEY-----\n{b64encode(der).decode()}\n-----END PRIVATE KEY-----\n"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(host: str, port: int) -> bool:
    with suppress(OSError), socket.create_connection((host, port), timeout=1):
        return True
    return False
