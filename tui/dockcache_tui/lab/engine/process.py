"""Commands that end, and daemons that stay."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from dockcache_tui.lab.engine.home import EngineError

_LAST_WORDS = 2000
_REMEMBER_AND_BECOME = 'echo $$ >"$0" && exec "$@"'


def run(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: IO[bytes] | None = None,
    timeout: float = 120,
) -> str:
    """Run a command to its end and return its stdout; raises EngineError with the end of what it said."""
    source = stdin or subprocess.DEVNULL
    try:
        done = subprocess.run(argv, env=env, cwd=cwd, stdin=source, capture_output=True, timeout=timeout, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineError(f"{argv[0]}: {error}") from error
    if done.returncode:
        said = (done.stderr or done.stdout).decode(errors="replace").strip()[-_LAST_WORDS:]
        raise EngineError(f"{' '.join(argv[:3])} ended with {done.returncode}: {said}")
    return done.stdout.decode(errors="replace")


@dataclass(frozen=True, slots=True)
class Daemon:
    """A process that outlives us, known by its pid file and its exact command line."""

    name: str
    argv: tuple[str, ...]
    folder: Path

    @property
    def log(self) -> Path:
        """Return the file that takes what it says."""
        return self.folder / f"{self.name}.log"

    @property
    def pid_file(self) -> Path:
        """Return the file with its process id."""
        return self.folder / f"{self.name}.pid"

    def pid(self) -> int | None:
        """Return its process id while it lives; a number that went to another program does not count."""
        try:
            pid = int(self.pid_file.read_text())
        except (FileNotFoundError, ValueError):
            return None
        return pid if command_line(pid) == self.argv else None

    def start(self, environment: Mapping[str, str], ready: Callable[[], bool], patience: float = 60) -> None:
        """Start it and wait until it is ready; raises EngineError with the end of its log when it does not come up."""
        if self.pid() is None:
            self.pid_file.unlink(missing_ok=True)
            with self.log.open("wb") as log:
                shell = ("setsid", "--fork", "sh", "-c", _REMEMBER_AND_BECOME, str(self.pid_file), *self.argv)
                subprocess.run(shell, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=True)
        deadline = time.monotonic() + patience
        while not ready():
            gone = self.pid_file.exists() and self.pid() is None and time.monotonic() > deadline - patience + 2
            if gone or time.monotonic() > deadline:
                self.stop()
                why = "ended" if gone else f"was not ready after {patience:g} s"
                said = self.log.read_text(errors="replace").strip()[-_LAST_WORDS:]
                raise EngineError(f"{self.name} {why}: {said}", hint=f"Its log is {self.log}")
            time.sleep(0.1)

    def stop(self, patience: float = 30) -> None:
        """End it, politely first."""
        pid = self.pid()
        if pid is not None:
            end(pid, signal.SIGTERM)
            wait_for(pid, patience)
        self.kill()

    def kill(self) -> None:
        """End it at once."""
        pid = self.pid()
        if pid is not None:
            end(pid, signal.SIGKILL)
            wait_for(pid)
        self.pid_file.unlink(missing_ok=True)


def end(pid: int, how: signal.Signals) -> None:
    """Send a process a signal; one that is gone already is fine."""
    with suppress(ProcessLookupError):
        os.kill(pid, how)


def wait_for(pid: int, patience: float = 10) -> None:
    """Wait until a process is gone or a zombie, or patience is over."""
    deadline = time.monotonic() + patience
    while command_line(pid) and time.monotonic() < deadline:
        time.sleep(0.02)


def command_line(pid: int) -> tuple[str, ...]:
    """Return a live process's arguments, none for one that is gone or a zombie."""
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return ()
    return tuple(os.fsdecode(raw).removesuffix("\0").split("\0")) if raw else ()


def children(pid: int) -> list[int]:
    """Return the ids of a process's children."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def processes() -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield every process's id and arguments."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            yield int(entry.name), command_line(int(entry.name))
