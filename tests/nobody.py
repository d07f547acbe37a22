"""Git as nobody in particular, whoever this machine's configuration says."""

import os
import subprocess
from pathlib import Path

_SETTINGS = ("user.name=nobody", "user.email=nobody@example.invalid", "init.defaultBranch=main", "commit.gpgsign=false")


def git(folder: Path, *words: str | bytes, **environment: str) -> str:
    """Run git in a folder and return what it prints."""
    settings = (word for setting in _SETTINGS for word in ("-c", setting))
    command = ("git", "-C", folder, *settings, *words)
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=60, env=os.environ | environment)
    return os.fsdecode(done.stdout).strip()
