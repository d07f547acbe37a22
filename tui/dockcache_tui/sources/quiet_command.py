"""Commands beside docker, git above all, that answer a question; when they fail or hang, they tell nothing."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

_SAFE = ("core.fsmonitor=false", "core.hooksPath=/dev/null", "status.submoduleSummary=false")
_QUIET = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "LC_ALL": "C",
}
_TIMEOUT = 10


def output_of(words: Sequence[str], environment: Mapping[str, str], patience: float, told: bytes = b"") -> bytes:
    """Return what a command prints, told some bytes; nothing when it fails, takes too many seconds or is not there."""
    try:
        done = subprocess.run(words, env=environment, input=told, capture_output=True, timeout=patience, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return b""
    return done.stdout if done.returncode == 0 else b""


class Git:
    """git in one folder, whatever GIT_DIR and its like say. A repository is hostile: nothing of it is run."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        """Take the folder and the environment, whose GIT_ variables are left out."""
        self._folder = folder
        self.environment = {name: value for name, value in environment.items() if not name.startswith("GIT_")}

    def __call__(self, *words: str, settings: tuple[str, ...] = ()) -> str:
        """Return what git prints, or nothing when it fails, is slow or is not there."""
        return self.output(*words, settings=settings).decode("utf-8", "surrogateescape").rstrip("\n")

    def output(self, *words: str, settings: tuple[str, ...] = (), told: bytes = b"") -> bytes:
        """Return the bytes that git prints when told some, or nothing when it fails, is slow or is not there."""
        safe = [word for setting in (*_SAFE, *settings) for word in ("-c", setting)]
        argv = ("git", "--no-pager", *safe, "-C", str(self._folder), *words)
        return output_of(argv, self.environment | _QUIET, _TIMEOUT, told)
