"""The local Actions service, in a process of its own that does not outlive us."""

import shlex
import subprocess
import sys
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Self

import requests

from dockcache_tui.core.errors import SourceError, UsageError
from dockcache_tui.core.instant import Instant
from dockcache_tui.sources.file_lock import locked

# It ends when the other end of its stdin does, however we end.
_SERVICE = """\
import os, signal, sys, threading
def end():
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)
threading.Thread(target=end, daemon=True).start()
from dockcache_tui.cli.main import main
main()
"""
_COMMAND = "from dockcache_tui.cli.main import main; main()"
_TIMEOUT = 60
_PATIENCE = 15
"""Seconds that a service whose lab was killed gets to finish its last answers."""
_ROOM = "1000GB"


def wait_until_free(data: Path) -> None:
    """Wait for a service on the folder that is about to end; raises UsageError when one stays."""
    if not (data / "lock").exists():
        return
    try:
        locked(data / "lock", patience=_PATIENCE).close()
    except BlockingIOError as error:
        raise UsageError(f"a service runs on {data}", hint="Stop it, then run the lab again.") from error


class Served:
    """The service on a data folder, as long as it is entered."""

    def __init__(self, data: Path, environment: Mapping[str, str]) -> None:
        self.data, self._environment = data, environment

    def __enter__(self) -> Self:
        """Start it and wait for its address; raises SourceError with what it said when it does not come up."""
        self.data.mkdir(parents=True, exist_ok=True)
        with (self.data / "log").open("wb") as log:
            words = ("service", "--port", "0", "--data", str(self.data), "--repo", "lab/lab", "--limit", _ROOM)
            self._process = subprocess.Popen(
                (sys.executable, "-c", _SERVICE, *words),
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        line = self._process.stdout.readline() if self._process.stdout else b""
        self.address = line.decode().strip()
        if not self.address:
            self._end()
            said = (self.data / "log").read_text(errors="replace").strip()
            raise SourceError(said or "it ended without a word", title="The Actions service did not start")
        return self

    def __exit__(self, *error: object) -> None:
        self._end()

    def run_environment(self, repo: str, ref: str, checkout: Path) -> Mapping[str, str]:
        """Return what GitHub's runner tells the actions of one new run on a ref; `main` is the default branch."""
        words = ("service", "env", "--data", str(self.data), "--repo", repo, "--ref", ref, "--default", "main")
        done = subprocess.run(
            (sys.executable, "-c", _COMMAND, *words),
            env=self._environment,
            cwd=checkout,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise SourceError(done.stderr.decode(errors="replace").strip(), title="The Actions service failed")
        exported = (shlex.split(line)[1] for line in done.stdout.decode().splitlines())
        return {name: value for name, _, value in (pair.partition("=") for pair in exported)}

    def forget(self, run: Mapping[str, str], since: Instant | None = None) -> int:
        """Delete a repository's caches, or those saved since a moment; returns how many."""
        place = f"{self.address}/repos/{run['GITHUB_REPOSITORY']}/actions/caches"
        with requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {run['GITHUB_TOKEN']}"
            gone = 0
            while True:
                order = {"per_page": "100", "sort": "created_at", "direction": "desc"}
                answer = session.get(place, params=order, timeout=_TIMEOUT)
                if answer.status_code == HTTPStatus.NOT_FOUND:
                    return gone  # no job of this repository came by yet
                answer.raise_for_status()
                caches = [
                    cache
                    for cache in answer.json()["actions_caches"]
                    if since is None or Instant.parse(cache["created_at"]) > since
                ]
                if not caches:
                    return gone
                for cache in caches:
                    session.delete(f"{place}/{cache['id']}", timeout=_TIMEOUT).raise_for_status()
                gone += len(caches)

    def _end(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()
        self._process.terminate()
        try:
            self._process.wait(_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
