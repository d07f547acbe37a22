"""What goes wrong with GitHub, in words a user can act upon."""

import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec
import requests
import urllib3
from requests.exceptions import InvalidProxyURL, InvalidSchema, InvalidURL, ProxyError, SSLError
from urllib3.exceptions import NewConnectionError

from dockcache_tui.core.errors import SourceError
from dockcache_tui.core.literal import literal
from dockcache_tui.sources.secret import masked

_SAID_LENGTH = 300
_NETWORK = "Check the network, a proxy's settings (HTTPS_PROXY), and whether GitHub is up."
_PROXY = "HTTPS_PROXY names it, with user and password where it asks for them; NO_PROXY lists what is asked without it."
_STRANGER = "That is not what GitHub answers: is a proxy or a sign-in page in between?"


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
    """Return the error for a status other than success."""
    words = said(body)
    quoted = f": {words}" if words else ""
    if between := _between(host, status, headers):
        return between
    if status == 401:
        hint = "Set GH_TOKEN (for GitHub Enterprise GH_ENTERPRISE_TOKEN) to a valid token, or run `gh auth login`."
        return GitHubError(f"{host} does not know this token{quoted}", hint=hint, title="Not signed in", status=status)
    if status == 403:
        needed = headers.get("X-Accepted-GitHub-Permissions", "")
        hint = f"It needs: {literal(needed)}." if needed else "The token needs more rights, or single sign-on."
        return GitHubError(f"{host} does not allow that{quoted}", hint=hint, title="Not allowed", status=status)
    if status == 404:
        hint = "Is the name right? GitHub says the same of a private repository that the token may not see."
        return GitHubError(f"{host} has nothing there{quoted}", hint=hint, title="Not found", status=status)
    if status >= 500:
        return GitHubError(f"{host} failed ({status}){quoted}", hint="Try again in a while.", status=status)
    return GitHubError(f"{host} does not allow that ({status}){quoted}", status=status)


def _between(host: str, status: int, headers: Mapping[str, str]) -> GitHubError | None:
    """Return the error for an answer that is of something between us and GitHub, or leads away from it."""
    if 300 < status < 400:
        elsewhere, name = urlsplit(headers.get("Location", "")).hostname or "", host.partition(":")[0]
        if elsewhere and elsewhere != name and not elsewhere.endswith(f".{name}"):
            reason = f"{host} sends us to {literal(elsewhere)} ({status}), which is not asked"
            return GitHubError(reason, hint=_STRANGER, status=status)
        return GitHubError(
            f"{host} redirects to another address ({status}), and the token is not sent there",
            hint="The repository may have been renamed or moved: name it as it is now with --repo.",
            status=status,
        )
    if status == 407:
        return GitHubError(
            f"a proxy before {host} asks for a user and password", hint=_PROXY, title="The proxy fails", status=status
        )
    if 400 < status < 500 and "html" in headers.get("Content-Type", "").lower():
        return GitHubError(f"{host} answers with a web page ({status})", hint=_STRANGER, status=status)
    return None


def failure(host: str, error: Exception, proxy: str = "") -> GitHubError:
    """Return the error for a request that got no whole answer; the library's own may hold headers and is not kept."""
    by = f" through the proxy {proxy}" if proxy else ""
    cause = _cause(error)
    if isinstance(error, ProxyError | InvalidProxyURL | InvalidURL | InvalidSchema):
        return GitHubError(f"the proxy {proxy} can't be used: {_words(cause)}", hint=_PROXY, title="The proxy fails")
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
        return GitHubError(f"{host} did not answer in time{by}", hint=_NETWORK)
    if isinstance(cause, ssl.SSLCertVerificationError):
        hint = "Set REQUESTS_CA_BUNDLE to your organisation's certificates if it has its own."
        return GitHubError(f"the certificate of {host} can't be trusted{by}: {cause.verify_message}", hint=hint)
    if isinstance(error, SSLError):
        hint = "Is it the right address and port? Something else may answer there, or stand in between."
        return GitHubError(f"{host} does not speak proper TLS{by}: {_words(cause)}", hint=hint)
    if isinstance(error, urllib3.exceptions.HTTPError):
        return GitHubError(f"the answer of {host} was cut off or damaged", hint="Try again.")
    return GitHubError(f"{host} can't be reached{by}: {_words(cause)}", hint=_NETWORK)


def _cause(error: Exception) -> BaseException:
    """Return what lies at the bottom of the libraries' errors: the system's own where there is one."""
    found: BaseException = error
    while True:
        inner = found.__cause__ if isinstance(found, NewConnectionError) else None
        for deeper in (inner, getattr(found, "reason", None), getattr(found, "original_error", None), *found.args[:1]):
            if isinstance(deeper, BaseException):
                found = deeper
                break
        else:
            return found


def _words(error: BaseException) -> str:
    """Return why in the words of the system."""
    said = getattr(error, "strerror", None) or getattr(error, "reason", None) or str(error)
    return literal(masked(str(said))[:_SAID_LENGTH])
