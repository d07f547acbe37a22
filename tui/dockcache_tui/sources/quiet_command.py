"""Commands beside docker that are asked something: they may be missing, fail or hang, and then have told nothing."""

import subprocess
from collections.abc import Mapping, Sequence


def output_of(words: Sequence[str], environment: Mapping[str, str], patience: float, told: bytes = b"") -> bytes:
    """Return what a command prints, told some bytes; nothing when it fails, takes too many seconds or is not there."""
    try:
        done = subprocess.run(words, env=environment, input=told, capture_output=True, timeout=patience, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return b""
    return done.stdout if done.returncode == 0 else b""
