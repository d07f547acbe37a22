"""The sample program's Makefile, run as a person or a job runs it."""

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

APP = Path(__file__).parents[2] / "app"
RUNTIME = {"ACTIONS_RUNTIME_TOKEN": "a-token", "ACTIONS_RESULTS_URL": "https://results.invalid/"}
"""As much of the runtime environment as tells that it is there."""

SWITCHES = frozenset(re.findall(r"^([A-Z_]+) \?=", (APP / "Makefile").read_text(), re.MULTILINE))
_LEADING = ("ACTIONS_", "GITHUB_", "BUILDX_BUILDER", "MAKE", "MFLAGS")


def environment(base: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return an environment without what a job, another make or the machine may have put there."""
    return {name: value for name, value in base.items() if not name.startswith(_LEADING) and name not in SWITCHES}


def make(
    *words: str, env: Mapping[str, str] | None = None, app: Path = APP, timeout: float = 300
) -> "subprocess.CompletedProcess[str]":
    """Run make to its end in the program's folder."""
    argv = ("make", "--no-print-directory", "-C", str(app), *words)
    return subprocess.run(
        argv, env=environment() if env is None else env, capture_output=True, text=True, timeout=timeout, check=False
    )
