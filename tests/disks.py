"""A file system that is small, soon full, and can be sealed, whoever runs the tests."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_NAMESPACE = "DOCKCACHE_TEST_NAMESPACE"


@dataclass(frozen=True, slots=True)
class Disk:
    """A file system of 512 kB in a folder; `may` is what a command that mounts begins with."""

    folder: Path
    may: tuple[str, ...]

    def fill(self) -> None:
        """Leave no room on it."""
        with suppress(OSError), (self.folder / "filling").open("wb") as file:
            while True:
                file.write(bytes(1024))
                file.flush()

    def seal(self) -> None:
        """Let nothing more be written to it."""
        subprocess.run((*self.may, "mount", "-o", "remount,bind,ro", str(self.folder)), check=True)


@contextmanager
def small(folder: Path) -> Iterator[Disk | None]:
    """Make one at a new folder, as root or by sudo; None where neither may."""
    folder.mkdir()
    mount = ("mount", "-t", "tmpfs", "-o", "size=512k", "none", str(folder))
    for may in ((), ("sudo", "--non-interactive")):
        with suppress(OSError):
            if subprocess.run((*may, *mount), check=False, capture_output=True).returncode == 0:
                break
    else:
        assert _NAMESPACE not in os.environ, "root may not mount in a user namespace"
        yield None
        return
    try:
        yield Disk(folder, may)
    finally:
        subprocess.run((*may, "umount", "--lazy", str(folder)), check=True)


def run_in_a_namespace(test: str, root: Path) -> None:
    """Run a test once more in a user namespace, where we are root; raises CalledProcessError when it fails there."""
    unshare = ("unshare", "--user", "--map-root-user", "--mount")
    pytest = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-m", "", test)
    subprocess.run((*unshare, *pytest), cwd=root, env=os.environ | {_NAMESPACE: "1"}, check=True)
