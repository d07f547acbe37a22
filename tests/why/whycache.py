"""What whycache, another tool that explains misses, says of the builds that ours are judged by.

It is installed in an environment of its own. It builds with the docker command that it finds; here it finds one that
prints what the builder told of the very build that is judged, so that both tools explain one and the same build.
"""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

VERSION = "0.1.0"
_BROKE = re.compile(r"Cache broke at (?:(\S+) )?step (\d+):")
_FILE = re.compile(r"^    (?!\.\.\. and)(\S.*)$", re.MULTILINE)
_DOCKER = """#!/bin/sh
cat "$WHYCACHE_LOG" >&2
"""


class Reason(StrEnum):
    """What it says kept the first step from being reused."""

    INSTRUCTION = "the instruction changed"
    FILES = "files changed"
    COLD = "the cache was cold"
    NONE = "fully cached"
    UNKNOWN = "it does not say"
    """It names no reason, or several that it may be."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: the stage and number of the step that it names, why, and which files."""

    stage: str
    number: int | None
    reason: Reason
    files: frozenset[str] = frozenset()


class Whycache:
    """The tool with a memory of its own."""

    def __init__(self, folder: Path) -> None:
        """Install it below an empty folder."""
        self._folder = folder
        subprocess.run((sys.executable, "-m", "venv", folder / "venv"), check=True)
        pip = (folder / "venv/bin/pip", "install", "--quiet", f"whycache=={VERSION}")
        subprocess.run(pip, check=True, timeout=300)
        (folder / "bin").mkdir()
        (folder / "bin/docker").write_text(_DOCKER)
        (folder / "bin/docker").chmod(0o755)

    def told(self, project: Path, log: str) -> Answer:
        """Return what it says of a build of a folder with this log in BuildKit's JSON, compared with the one before."""
        (self._folder / "log").write_text(log)
        environment: Mapping[str, str] = {
            "PATH": f"{self._folder / 'bin'}:{os.environ['PATH']}",
            "HOME": str(self._folder),
            "WHYCACHE_LOG": str(self._folder / "log"),
            "PYTHONUTF8": "1",
        }
        words = (self._folder / "venv/bin/whycache", project)
        done = subprocess.run(words, env=environment, check=True, capture_output=True, text=True, timeout=60)
        return read(done.stdout)


def read(said: str) -> Answer:
    """Read what it prints."""
    if "Fully cached" in said:
        return Answer("", None, Reason.NONE)
    broke = _BROKE.search(said)
    stage, number = (broke[1] or "", int(broke[2])) if broke else ("", None)
    if "the instruction itself changed" in said:
        return Answer(stage, number, Reason.INSTRUCTION)
    if "file(s) changed in the build context" in said:
        return Answer(stage, number, Reason.FILES, frozenset(_FILE.findall(said.partition("Cost - ")[0])))
    return Answer(stage, number, Reason.COLD if "Cache was cold" in said else Reason.UNKNOWN)
