"""What goes wrong with GitHub, in words a user can act upon."""

from collections.abc import Mapping

import msgspec
import requests
import urllib3

from dockcache_tui.core.errors import SourceError
from dockcache_tui.core.literal import literal
from dockcache_tui.sources.secret import masked

_SAID_LENGTH = 300


class GitHubError(SourceError):
    """An answer that is a refusal; `status` is HTTP's, None when there was no whole answer."""

    title = "GitHub can't be read"

    def __init__(self, message: str, *, hint: str = "", title: str | None = None, status: int | None = None) -> None:
        """Keep the status beside the words, which may be others': without our tokens."""
        super().__init__(masked(message), title=title, hint=masked(hint))
        self.status = status


class _Said(msgspec.Struct):
    message: str = ""


def said(body: bytes) -> str:
    """Return GitHub's own words of an error's body, literally and not too many; empty when it has none."""
    try:
        words = msgspec.json.decode(body, type=_Said).message
    except msgspec.MsgspecError:
        return ""
    return literal(masked(words)[:_SAID_LENGTH])


def refusal(host: str, status: int, headers: Mapping[str, str], body: bytes) -> GitHubError:
    """Return the error for a status that is none of success."""
    words = said(body)
    quoted = f": {words}" if words else ""
    if status in {301, 302, 303, 307, 308}:
        return GitHubError(
            f"{host} sends us elsewhere ({status}), and the token is not taken along",
            hint="The repository may have been renamed or moved: name it as it is now with --repo.",
            status=status,
        )
    if status == 401:
        hint = "Set GH_TOKEN (for GitHub Enterprise GH_ENTERPRISE_TOKEN) to a valid token, or run `gh auth login`."
        return GitHubError(f"{host} does not know this token{quoted}", hint=hint, title="Not signed in", status=status)
    if status == 403:
        needed = headers.get("X-Accepted-GitHub-Permissions", "")
        hint = f"It needs: {literal(needed)}." if needed else "The token needs more rights, or single sign-on."
        return GitHubError(f"{host} refuses that{quoted}", hint=hint, title="Not allowed", status=status)
    if status == 404:
        hint = "Is the name right? GitHub says the same of a private repository that the token may not see."
        return GitHubError(f"{host} has no such thing{quoted}", hint=hint, title="Not found", status=status)
    if status >= 500:
        return GitHubError(f"{host} failed ({status}){quoted}", hint="Try again in a while.", status=status)
    return GitHubError(f"{host} refuses that ({status}){quoted}", status=status)


def failure(host: str, error: Exception) -> GitHubError:
    """Return the error for a request that got no whole answer; the library's own may hold headers and is not kept."""
    again = "Check the network, a proxy's settings (HTTPS_PROXY), and whether GitHub is up."
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
        return GitHubError(f"{host} did not answer in time", hint=again)
    if isinstance(error, requests.exceptions.SSLError):
        hint = "Set REQUESTS_CA_BUNDLE to your organisation's certificates if it has its own."
        return GitHubError(f"the certificate of {host} can't be trusted", hint=hint)
    if isinstance(error, urllib3.exceptions.HTTPError):
        return GitHubError(f"the answer of {host} was cut off or damaged", hint="Try again.")
    return GitHubError(f"{host} can't be reached", hint=again)
