"""Where a token comes from, and which requests carry it: those to the one origin it is for. It is kept nowhere."""

import os
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase

from dockcache_tui.core.errors import UsageError
from dockcache_tui.sources.github.errors import GitHubError
from dockcache_tui.sources.github.place import GitHubPlace
from dockcache_tui.sources.quiet_command import output_of
from dockcache_tui.sources.secret import Secret, bearer

_VARIABLES = ("GH_TOKEN", "GITHUB_TOKEN")
# gh keeps github.com's tokens away from other hosts by these names.
_ENTERPRISE_VARIABLES = ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")
_ALL = {*_VARIABLES, *_ENTERPRISE_VARIABLES}
_TIMEOUT = 10


class OwnHost(AuthBase):
    """Puts the token on requests to one origin; for any other it raises GitHubError."""

    def __init__(self, own: tuple[str, str], token: Secret) -> None:
        self._own = own
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if origin(request.url or "") != self._own:
            raise GitHubError("a token is never sent to another host than its own")
        request.headers["Authorization"] = bearer(self._token)
        return request


class NoToken(AuthBase):
    """Keeps requests from looking a password up in a netrc file."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


def origin(url: str) -> tuple[str, str]:
    """Return scheme and host with port, as they are compared; what is no URL has one that equals no other."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    except ValueError:
        return "", url
    return parts.scheme, f"{(parts.hostname or '').lower()}:{port}"


def find_token(place: GitHubPlace, environment: Mapping[str, str] = os.environ) -> Secret | None:
    """Return the token for a GitHub: of the environment, else what `gh auth token` says; None when there is none.

    Raises UsageError for a variable that holds what no token holds.
    """
    for name in _variables(place, environment):
        if text := environment.get(name, "").strip():
            if not re.fullmatch(r"[\x21-\x7e]+", text):
                raise UsageError(f"{name} contains characters that no token has")
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
    kept = {name: value for name, value in environment.items() if name not in _ALL}
    text = output_of(("gh", "auth", "token", "--hostname", host), kept, _TIMEOUT).decode("ascii", "replace").strip()
    return Secret(text) if re.fullmatch(r"[\x21-\x7e]+", text) else None
