"""Runs git in a folder. A repository is hostile: its configuration must start nothing."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

_SAFE = ("core.fsmonitor=false", "core.hooksPath=/dev/null", "status.submoduleSummary=false")
_QUIET = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
_TIMEOUT = 10


class Git:
    """git in one folder, whatever GIT_DIR and its like say."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        """Take the folder and the environment, whose GIT_ variables are left out."""
        self._folder = folder
        self.environment = {name: value for name, value in environment.items() if not name.startswith("GIT_")}

    def __call__(self, *words: str, settings: tuple[str, ...] = ()) -> str:
        """Return what git prints, or nothing when it fails, is slow or is not there."""
        safe = [word for setting in (*_SAFE, *settings) for word in ("-c", setting)]
        try:
            done = subprocess.run(
                ("git", "--no-pager", *safe, "-C", str(self._folder), *words),
                env=self.environment | _QUIET,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_TIMEOUT,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
        return done.stdout.decode("utf-8", "surrogateescape").rstrip("\n") if done.returncode == 0 else ""
