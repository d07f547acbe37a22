"""Runs git in a folder. A repository is hostile: its configuration must start nothing."""

from collections.abc import Mapping
from pathlib import Path

from dockcache_tui.sources.quiet_command import output_of

_SAFE = ("core.fsmonitor=false", "core.hooksPath=/dev/null", "status.submoduleSummary=false")
_QUIET = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "LC_ALL": "C",
}
_TIMEOUT = 10


class Git:
    """git in one folder, whatever GIT_DIR and its like say."""

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
