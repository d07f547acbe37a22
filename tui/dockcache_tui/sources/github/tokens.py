"""Where a token comes from; it is kept nowhere."""

import os
import re
import subprocess
from collections.abc import Mapping

from dockcache_tui.core.errors import UsageError
from dockcache_tui.sources.github.place import GitHubPlace
from dockcache_tui.sources.secret import Secret

_VARIABLES = ("GH_TOKEN", "GITHUB_TOKEN")
# gh keeps github.com's tokens away from other hosts by these names.
_ENTERPRISE_VARIABLES = ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")
_ALL = {*_VARIABLES, *_ENTERPRISE_VARIABLES}
_TIMEOUT = 10


def find_token(place: GitHubPlace, environment: Mapping[str, str] = os.environ) -> Secret | None:
    """Return the token for a GitHub: of the environment, else what `gh auth token` says; None when there is none.

    Raises UsageError for a variable that holds what no token holds.
    """
    for name in _variables(place, environment):
        if text := environment.get(name, "").strip():
            if not re.fullmatch(r"[\x21-\x7e]+", text):
                raise UsageError(f"{name} holds characters that no token has")
            return Secret(text)
    return ask_gh(place.host, environment) if place.is_usual else None


def _variables(place: GitHubPlace, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the variables whose token is for this GitHub.

    github.com's are not for others, but jobs, and `service env`, set GITHUB_TOKEN together with GITHUB_API_URL.
    """
    if place.is_public:
        return _VARIABLES
    named = environment.get("GITHUB_API_URL", "").rstrip("/") == place.api
    if named and place.is_here:
        return _VARIABLES[::-1]
    return (*_ENTERPRISE_VARIABLES, *(("GITHUB_TOKEN",) if named and environment.get("GITHUB_ACTIONS") else ()))


def ask_gh(host: str, environment: Mapping[str, str]) -> Secret | None:
    """Return the token that gh keeps for a host; it would pass another's on from the environment."""
    try:
        done = subprocess.run(
            ("gh", "auth", "token", "--hostname", host),
            env={name: value for name, value in environment.items() if name not in _ALL},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    text = done.stdout.decode("ascii", "replace").strip()
    return Secret(text) if done.returncode == 0 and re.fullmatch(r"[\x21-\x7e]+", text) else None
