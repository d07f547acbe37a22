"""Where a private engine lives, and who holds it."""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from platformdirs import user_cache_path

from dockcache_tui.core.errors import SourceError, UsageError
from dockcache_tui.sources.file_lock import locked

MARKER = "made-by-dockcache-tui"
PROGRAMS = ("usr/sbin", "usr/bin", "sbin", "bin")
_LONGEST_HOME = 60  # a unix socket's path ends at 107 bytes, and a builder's takes 47 of them below the home


class EngineError(SourceError):
    """The private engine can't be made, started or reached."""

    title = "The private engine failed"


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine to build on: `environment` leads docker and buildx to it, `home` holds what we keep for it.

    `owned` is False for an engine that was there before us: then only our builders are ours.
    """

    home: Path
    environment: Mapping[str, str]
    owned: bool

    @property
    def variables(self) -> dict[str, str]:
        """Return the whole environment for a process that talks to this engine."""
        return {**os.environ, **self.environment}

    @property
    def prefix(self) -> Path:
        """Return the folder the packages are unpacked in."""
        return self.home / "packages"

    def program(self, name: str) -> str:
        """Return the path of a program among the packages; raises EngineError where it is not in them."""
        found = shutil.which(name, path=os.pathsep.join(str(self.prefix / part) for part in PROGRAMS))
        if found is None:
            raise EngineError(f"{name} is not among the engine's packages")
        return found

    @property
    def libraries(self) -> Path:
        """Return the folder of the shared libraries among the packages."""
        return next((self.prefix / "usr/lib").glob("*-linux-gnu"))

    @property
    def run(self) -> Path:
        """Return the folder of sockets, process ids and logs."""
        return self.home / "run"

    @property
    def tag(self) -> str:
        """Return eight characters that tell this home from any other."""
        return sha256(str(self.home).encode()).hexdigest()[:8]


def default_home() -> Path:
    """Return the folder in the platform's cache where the engine of this machine is kept."""
    return user_cache_path("dockcache-tui") / "engine"


def at(home: Path) -> Engine:
    """Return the private engine of that folder, made or not."""
    home = home.absolute()
    prefix = home / "packages"
    path = [*(str(prefix / part) for part in PROGRAMS), os.environ.get("PATH", os.defpath)]
    environment = {
        "DOCKER_HOST": f"unix://{home}/run/docker.sock",
        "DOCKER_CONFIG": str(home / "docker"),
        "BUILDX_CONFIG": str(home / "buildx"),
        "PATH": os.pathsep.join(path),
    }
    return Engine(home, environment, owned=True)


def claim(home: Path) -> None:
    """Make the folder ours; raises UsageError where it holds something else or its path is too long."""
    if len(str(home.absolute())) > _LONGEST_HOME:
        raise UsageError(f"{home} is too long for the sockets in it", hint=f"{_LONGEST_HOME} characters are the most")
    home.mkdir(parents=True, exist_ok=True)
    if not (home / MARKER).exists():
        if any(home.iterdir()):
            raise UsageError(f"{home} holds something else", hint="Name an empty folder.")
        (home / MARKER).touch()


def check_ours(home: Path) -> None:
    """Raise UsageError where the folder was not made by `claim`."""
    if not (home / MARKER).is_file():
        raise UsageError(f"{home} is not a private engine of ours", hint="Nothing was changed.")


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold a file lock: one process at a time gets past it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with locked(path):
        yield


def narrate(line: str) -> None:
    """Say a line on stderr."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201
