"""File systems that are small, and full."""

import resource
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def small(disk: Path) -> Iterator[Path]:
    """Make a file system of 512 kB, which root alone can; for others a limit of this process on sizes stands for it."""
    disk.mkdir()
    words = ("mount", "-t", "tmpfs", "-o", "size=512k", "none", str(disk))
    mounted = subprocess.run(words, check=False, capture_output=True).returncode == 0
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        yield disk
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)
        if mounted:
            subprocess.run(("umount", "--lazy", str(disk)), check=True)


def fill(disk: Path) -> None:
    """Leave no room on the file system, or let no file of this process grow."""
    if disk.is_mount():
        with suppress(OSError), (disk / "filling").open("wb") as file:
            while True:
                file.write(bytes(1024))
                file.flush()
    else:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
