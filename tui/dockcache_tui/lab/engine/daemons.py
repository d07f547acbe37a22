"""The engine's two daemons: Docker's, and a registry on loopback that builders read base images from."""

import json
import os
import signal
import socket
import subprocess
from contextlib import suppress
from pathlib import Path

from dockcache_tui.lab.engine import network
from dockcache_tui.lab.engine.home import Engine, EngineError
from dockcache_tui.lab.engine.process import Daemon, children, end, processes, run, wait_for

_REGISTRY = """\
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {home}/registry}}, delete: {{enabled: true}}}}
http: {{addr: "{address}", secret: {tag}}}
"""
_MIRROR = """\
[registry."docker.io"]
  mirrors = ["{address}"]
[registry."{address}"]
  http = true
"""
LENT = "stops-with-its-last-user"
_RUNTIME = ("containerd", "containerd-shim-runc-v2")


def start(engine: Engine) -> None:
    """Start what is not running; raises EngineError with the end of the log of what does not come up."""
    engine.run.mkdir(exist_ok=True)
    _configure(engine)
    network.up(engine)
    docker = _docker(engine)
    if docker.pid() is None:
        _sweep(engine)
        (engine.run / LENT).unlink(missing_ok=True)
    docker.start({**engine.variables, "LD_LIBRARY_PATH": str(engine.libraries)}, lambda: running(engine))
    _registry(engine).start(engine.variables, lambda: _answers(registry_address(engine)))


def stop(engine: Engine) -> None:
    """Stop the daemons and everything they run, and take the bridge away."""
    if engine.prefix.is_dir():
        _registry(engine).stop()
        _docker(engine).stop()
        _sweep(engine)
        network.down(engine)


def kill(engine: Engine) -> None:
    """End Docker's daemon as a crash would."""
    _docker(engine).kill()


def running(engine: Engine) -> bool:
    """Tell whether the engine answers."""
    try:
        run(("docker", "version"), env=engine.variables, timeout=10)
    except EngineError:
        return False
    return True


def registry_address(engine: Engine) -> str:
    """Return host:port of the registry, the same every time."""
    kept = engine.home / "registry-address"
    if not kept.exists():
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            kept.write_text(f"127.0.0.1:{probe.getsockname()[1]}")
    return kept.read_text()


def _configure(engine: Engine) -> None:
    home, address = engine.home, registry_address(engine)
    settings = {
        "data-root": f"{home}/data",
        "exec-root": f"{engine.run}/docker",
        "pidfile": f"{engine.run}/docker/docker.pid",
        "hosts": [engine.environment["DOCKER_HOST"]],
        "features": {"containerd-snapshotter": True},
        "bridge": network.bridge(engine),
        **dict.fromkeys(("iptables", "ip6tables", "ip-forward", "ip-masq"), False),
    }
    (home / "daemon.json").write_text(json.dumps(settings, indent=2))
    (home / "registry.yml").write_text(_REGISTRY.format(home=home, address=address, tag=engine.tag))
    (home / "buildkitd.toml").write_text(_MIRROR.format(address=address))
    plugins = home / "docker" / "cli-plugins"
    plugins.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        (plugins / "docker-buildx").symlink_to(engine.prefix / "usr/libexec/docker/cli-plugins/docker-buildx")
    (home / "docker" / "config.json").write_text(json.dumps({"proxies": {"default": _proxies()}}))


def _proxies() -> dict[str, str]:
    """Return this machine's proxies in the words of docker's configuration, which passes them on to builds."""
    names = {"httpProxy": "http_proxy", "httpsProxy": "https_proxy", "noProxy": "no_proxy"}
    found = {word: os.environ.get(name) or os.environ.get(name.upper()) for word, name in names.items()}
    return {word: value for word, value in found.items() if value}


def _docker(engine: Engine) -> Daemon:
    argv = (engine.program("dockerd"), "--config-file", str(engine.home / "daemon.json"))
    return Daemon("dockerd", argv, engine.run)


def _registry(engine: Engine) -> Daemon:
    argv = (engine.program("docker-registry"), "serve", str(engine.home / "registry.yml"))
    return Daemon("registry", argv, engine.run)


def _answers(address: str) -> bool:
    host, _, port = address.partition(":")
    with suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
        return True
    return False


def _sweep(engine: Engine) -> None:
    """End the containers and the containerd that a killed daemon left behind, and unmount their file systems.

    The files with process ids go too: the numbers may be other programs' by now, and Docker would wait for those.
    """
    for pid, argv in processes():
        ours = argv and Path(argv[0]).name in _RUNTIME and any(word.startswith(f"{engine.run}/") for word in argv)
        for one in (*children(pid), pid) if ours else ():
            end(one, signal.SIGKILL)
            wait_for(one)
    for file in ("docker.pid", "containerd/containerd.pid"):
        (engine.run / "docker" / file).unlink(missing_ok=True)
    for mount in reversed(mounts(engine.home)):
        subprocess.run(("umount", "--lazy", mount), check=False, capture_output=True)


def mounts(home: Path) -> list[str]:
    """Return what is mounted below a folder, outermost first."""
    points = (line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines())
    return [point for point in points if point.startswith(f"{home}/")]
