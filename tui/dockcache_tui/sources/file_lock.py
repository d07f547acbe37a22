"""Locks on open files: they hold between processes, and go with the process however it ends.

The package filelock does not serve here: it empties the file that it locks, makes it where it is missing, removes it in
the end, and knows no shared locks.
"""

import fcntl
from pathlib import Path
from time import monotonic, sleep
from typing import IO

_LOOK = 0.05
"""Seconds between two looks at whether a lock is free."""


def lock(file: int | IO[str] | IO[bytes], *, shared: bool = False, patience: float | None = None) -> None:
    """Lock an open file until it is closed, or change the lock that it has.

    Raises BlockingIOError when `patience` is over, in seconds; without one it waits.
    """
    how = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    if patience is None:
        fcntl.flock(file, how)
        return
    deadline = monotonic() + patience
    while True:
        try:
            fcntl.flock(file, how | fcntl.LOCK_NB)
        except BlockingIOError:
            if monotonic() >= deadline:
                raise
            sleep(_LOOK)
        else:
            return


def locked(path: Path, *, patience: float | None = None) -> IO[str]:
    """Return a file that is opened, made where it is missing, and locked by nobody else; raises as `lock` does."""
    file = path.open("w")
    try:
        lock(file, patience=patience)
    except BaseException:
        file.close()
        raise
    return file
