"""Where a token comes from; it is kept nowhere."""

import os
import re
import subprocess
from collections.abc import Mapping

from dockcache_tui.core.errors import UsageError
from dockcache_tui.sources.github.place import GITHUB, Place
from dockcache_tui.sources.secret import Secret

_VARIABLES = ("GH_TOKEN", "GITHUB_TOKEN")
# gh keeps github.com's tokens away from other hosts by these names.
_ENTERPRISE_VARIABLES = ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")
_TIMEOUT = 10


def find_token(place: Place, environment: Mapping[str, str] = os.environ) -> Secret | None:
    """Return the token for a GitHub: of the environment, else what `gh auth token` says; None when there is none.

    GH_TOKEN and GITHUB_TOKEN are github.com's, or of the GitHub that GITHUB_API_URL names: there GITHUB_TOKEN comes
    first, as jobs set the two together. Raises UsageError for a variable that holds what no token holds.
    """
    named = environment.get("GITHUB_API_URL", "").rstrip("/") == place.api
    ours = _VARIABLES if place.host == GITHUB or place.host.endswith(".ghe.com") else _VARIABLES[::-1] * named
    for name in ours or _ENTERPRISE_VARIABLES:
        if text := environment.get(name, "").strip():
            if not re.fullmatch(r"[\x21-\x7e]+", text):
                raise UsageError(f"{name} holds characters that no token has")
            return Secret(text)
    return _asked_of_gh(place, environment)


def _asked_of_gh(place: Place, environment: Mapping[str, str]) -> Secret | None:
    try:
        done = subprocess.run(
            ("gh", "auth", "token", "--hostname", place.host),
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    text = done.stdout.decode("ascii", "replace").strip()
    return Secret(text) if done.returncode == 0 and re.fullmatch(r"[\x21-\x7e]+", text) else None
