"""Makes a private engine, keeps it for the next time, lends it to several processes, and takes it away again."""

import os
import platform
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dockcache_tui.lab.engine import daemons, golang, images, packages
from dockcache_tui.lab.engine.daemons import LENT, running, stop
from dockcache_tui.lab.engine.home import Engine, EngineError, at, check_ours, claim, held
from dockcache_tui.lab.engine.process import run
from dockcache_tui.sources.file_lock import lock


def support() -> str | None:
    """Return why no engine can be made here, None when one can."""
    if platform.system() != "Linux":
        return "a private engine needs Linux"
    if packages.distribution() is None:
        return "a private engine is made from Debian's or Ubuntu's packages, and this is neither"
    if os.geteuid() != 0:
        return "a private engine needs root"
    if not images.certificates().is_file():
        return f"there are no certificates at {images.certificates()} (Debian's package is ca-certificates)"
    return None


def plan(home: Path, *, builders: bool = False) -> tuple[str, ...]:
    """Return what `provision` will fetch and where it puts it, a line each."""
    lines = [
        f"packages, unpacked and not installed (85 MB): {', '.join((*packages.NEWEST, *packages.OWN_RELEASE))}",
        f"Go {golang.GO}, where the machine's own is another (70 MB)",
        f"made from these, not pulled: the images {', '.join((*images.BUSYBOX, *images.GOLANG))}",
    ]
    if builders:
        lines.append(
            f"the Go module of BuildKit {golang.BUILDKIT} with what it needs (250 MB), compiled in some minutes"
        )
    lines += [
        f"all of it in {home} (about 1 GB)",
        "while it runs: a bridge dcc-*, three firewall rules for it, and IPv4 forwarding on",
    ]
    return tuple(lines)


def provision(home: Path, say: Callable[[str], None], *, builders: bool = False) -> Engine:
    """Make the engine where it is missing and start it; with `builders`, also what drivers beyond docker need.

    A killed run is taken up where it was, and a second process waits for the first.
    Raises EngineError where this can't be done, UsageError where the folder holds something else.
    """
    why_not = support()
    if why_not:
        raise EngineError(why_not, hint="Install Docker, or use a Debian or Ubuntu machine as root.")
    claim(home)
    engine = at(home)
    with held(engine.home / "lock"):
        packages.install(engine, say)
        if not daemons.running(engine):
            say("starting the engine")
        daemons.start(engine)
        images.make_bases(engine, say)
        if builders:
            images.make_buildkit(engine, say)
            images.publish(engine)
        shutil.rmtree(engine.home / "tmp", ignore_errors=True)
    return engine


def remove(home: Path) -> None:
    """Stop the engine and delete its folder; raises UsageError for a folder that is not one of ours."""
    check_ours(home)
    engine = at(home)
    with held(engine.home / "lock"):
        daemons.stop(engine)
        left = daemons.mounts(engine.home)
        if left:
            raise EngineError(f"{left[0]} is still mounted", hint="Unmount it, then remove the engine again.")
        shutil.rmtree(engine.home)


def existing(home: Path) -> Engine | None:
    """Return the engine that docker reaches by itself, None where there is none; only our builders live in `home`."""
    private = at(home)
    if os.environ.get("DOCKER_HOST") == private.environment["DOCKER_HOST"]:
        return None
    try:
        run(("docker", "info"), timeout=20)
        host = run(("docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"), timeout=20).strip()
    except EngineError:
        return None
    claim(home)
    return Engine(private.home, {"DOCKER_HOST": host, "BUILDX_CONFIG": str(private.home / "buildx")}, owned=False)


@contextmanager
def borrow(home: Path, say: Callable[[str], None], *, builders: bool = False) -> Iterator[Engine]:
    """Provision the engine and lend it; one that was not running is stopped by whoever leaves last."""

    def enter() -> Engine:
        was_running = running(at(home))
        engine = provision(home, say, builders=builders)
        if not was_running:
            (engine.run / LENT).touch()
        return engine

    def leave(engine: Engine) -> None:
        if (engine.run / LENT).exists():
            stop(engine)

    claim(home)
    with shared(home, enter, leave) as engine:
        yield engine


@contextmanager
def shared(home: Path, enter: Callable[[], Engine], leave: Callable[[Engine], None]) -> Iterator[Engine]:
    """Let processes in one at a time, and have the last of them to go call `leave`."""
    with (home / "users").open("w") as users:
        with held(home / "gate"):
            lock(users, shared=True)
            engine = enter()
        try:
            yield engine
        finally:
            with held(home / "gate"):
                if _alone(users.fileno()):
                    leave(engine)


def _alone(users: int) -> bool:
    try:
        lock(users, patience=0)
    except BlockingIOError:
        return False
    return True
