"""Go at one exact version, and what is built with it: BuildKit's daemon and client."""

import os
import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from dockcache_tui.lab.engine.home import Engine, EngineError
from dockcache_tui.lab.engine.packages import Apt, is_made, put, unpack
from dockcache_tui.lab.engine.process import run

GO = "1.26.8"
BUILDKIT = "v0.34.2"
_OLDEST_STARTER = (1, 21)  # the first Go that fetches another one
_BUILDKIT = "github.com/moby/buildkit"


def tree(engine: Engine, say: Callable[[str], None]) -> Path:
    """Return the folder of Go, fetched through the Go that is there, or through the distribution's."""
    return Path(run(("go", "env", "GOROOT"), env=_environment(engine, say), timeout=900).strip())


def proxy(engine: Engine, say: Callable[[str], None]) -> str:
    """Return where this machine gets Go modules from."""
    return run(("go", "env", "GOPROXY"), env=_environment(engine, say), timeout=900).strip()


def buildkit(engine: Engine, say: Callable[[str], None]) -> Path:
    """Return the folder with buildkitd and buildctl, built on first use."""
    return built(engine, "buildkit", BUILDKIT, ("cmd/buildkitd", "cmd/buildctl"), say)


def built(engine: Engine, name: str, version: str, commands: tuple[str, ...], say: Callable[[str], None]) -> Path:
    """Return the folder `name` with commands of a version of BuildKit's module; a killed build goes on where it was."""
    place = engine.home / name
    if is_made(place, f"{version} {GO}"):
        return place
    work = engine.home / "tmp" / name
    fresh = work / "out"
    fresh.mkdir(parents=True, exist_ok=True)
    environment = {
        **_environment(engine, say),
        "GOTOOLCHAIN": "local",
        "PATH": f"{tree(engine, say)}/bin{os.pathsep}{os.environ['PATH']}",
        "GOCACHE": str(work / "cache"),
        "GOMODCACHE": str(work / "mod"),
    }
    go = partial(run, env=environment, cwd=work, timeout=1800)
    say(f"building {name} of BuildKit {version} from its Go module (about 250 MB, some minutes)")
    (work / "go.mod").write_text("module dockcache.invalid/buildkit\n")
    packages = tuple(f"{_BUILDKIT}/{command}" for command in commands)
    go(("go", "get", *(f"{package}@{version}" for package in packages)))
    flags = f"-ldflags=-s -w -X {_BUILDKIT}/version.Version={version}"
    go(("go", "build", "-trimpath", flags, "-o", f"{fresh}/", *packages))
    put(fresh, place, f"{version} {GO}")
    go(("go", "clean", "-modcache"))
    shutil.rmtree(work)
    return place


def _environment(engine: Engine, say: Callable[[str], None]) -> Mapping[str, str]:
    """Return variables under which `go` is exactly the version we build with."""
    ours = {"GOTOOLCHAIN": f"go{GO}", "CGO_ENABLED": "0", "GOFLAGS": "-mod=mod", "GOWORK": "off"}
    ours["GOMODCACHE"] = str(engine.home / "go")
    if not _machine_has_go():
        ours["PATH"] = f"{_packaged(engine, say)}/bin{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, **ours}


def _machine_has_go() -> bool:
    try:
        version = run(("go", "env", "GOVERSION"), env={**os.environ, "GOTOOLCHAIN": "local"}).removeprefix("go")
        return tuple(int(part) for part in version.split(".")[:2]) >= _OLDEST_STARTER
    except (EngineError, ValueError):
        return False


def _packaged(engine: Engine, say: Callable[[str], None]) -> Path:
    """Return the folder of the distribution's newest Go, unpacked on first use."""
    place = engine.home / "starter"
    if not is_made(place, "golang-go"):
        say("fetching the distribution's Go (about 45 MB)")
        apt = Apt(engine)
        compiler = apt.dependency("golang-go", "golang-1.")
        sources = compiler.removesuffix("-go") + "-src"
        put(unpack(engine, apt, [compiler, sources]), place, "golang-go")
    return next((place / "usr/lib").glob("go-1.*"))
