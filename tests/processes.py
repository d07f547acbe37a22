"""Whether a process that something else started still runs."""

import os
from pathlib import Path
from time import monotonic, sleep


def alive(pid: int) -> bool:
    """Tell whether a process runs; one that is dead and not yet waited for does not."""
    try:
        os.kill(pid, 0)
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except ProcessLookupError:
        return False
    except FileNotFoundError:
        return not Path("/proc/self").exists()


def ends(pid: int) -> bool:
    """Tell whether a process ends within a minute: on a busy machine it takes a moment."""
    deadline = monotonic() + 60
    while alive(pid) and monotonic() < deadline:
        sleep(0.1)
    return not alive(pid)


def marked(mark: str) -> tuple[int, ...]:
    """Return the processes that were started with a text in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue  # it ended meanwhile, or is another user's
    return tuple(found)


def none_left(mark: str) -> None:
    """Wait until no process is left that was started with a text in its environment."""
    deadline = monotonic() + 60
    while left := [pid for pid in marked(mark) if alive(pid)]:
        assert monotonic() < deadline, [(pid, Path(f"/proc/{pid}/cmdline").read_bytes()) for pid in left]
        sleep(0.1)


def all_gone(temporary: Path) -> None:
    """Wait until nothing is left in a folder for temporary files, and no process that has it in its environment."""
    deadline = monotonic() + 60
    while left := (*marked(str(temporary)), *temporary.iterdir()):
        assert monotonic() < deadline, left
        sleep(0.1)
