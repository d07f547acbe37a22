"""Which requests carry the token: those to the one origin it is for."""

from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase

from dockcache_tui.sources.github.errors import GitHubError
from dockcache_tui.sources.secret import Secret, bearer


class OwnHost(AuthBase):
    """Puts the token on requests to one origin; for any other it raises GitHubError."""

    def __init__(self, own: tuple[str, str], token: Secret) -> None:
        """Take the origin and its token."""
        self._own = own
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:  # noqa: D102
        if origin(request.url or "") != self._own:
            raise GitHubError("a token is never sent to another host than its own")
        request.headers["Authorization"] = bearer(self._token)
        return request


class NoToken(AuthBase):
    """Keeps requests from looking a password up in a netrc file."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:  # noqa: D102
        return request


def origin(url: str) -> tuple[str, str]:
    """Return scheme and host with port, as they are compared; of what is no URL the origin is nobody's."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    except ValueError:
        return "", url
    return parts.scheme, f"{(parts.hostname or '').lower()}:{port}"
