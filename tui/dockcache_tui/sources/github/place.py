"""Which GitHub and which repository are meant."""

import ipaddress
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from dockcache_tui.core.errors import UsageError
from dockcache_tui.core.scope import is_repo
from dockcache_tui.sources.remotes import read_remotes

_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?", re.ASCII | re.IGNORECASE)
GITHUB = "github.com"
_TENANT = ".ghe.com"
_WHICH = (
    "Name it with --repo OWNER/NAME, or set GITHUB_REPOSITORY, or run where git has a remote on {host}. "
    "For another GitHub set GH_HOST."
)


@dataclass(frozen=True, slots=True)
class GitHubPlace:
    """A GitHub: the base of its REST API without a trailing slash, and the host that people and `gh` know it by."""

    api: str
    host: str

    @property
    def is_here(self) -> bool:
        """Tell whether it is served by this machine."""
        return is_here(urlsplit(self.api).hostname or "")

    @property
    def is_usual(self) -> bool:
        """Tell whether its API is where this host's always is; else it may belong to somebody else."""
        return self.api == _api_of(self.host)

    @property
    def is_public(self) -> bool:
        """Tell whether GitHub itself runs it, so that it knows github.com's tokens."""
        return self.is_usual and (self.host == GITHUB or self.host.endswith(_TENANT))


def find_place(environment: Mapping[str, str] = os.environ) -> GitHubPlace:
    """Return GITHUB_API_URL's GitHub, known by GITHUB_SERVER_URL's host, else GH_HOST's, else github.com.

    Raises UsageError for what is no address.
    """
    if address := environment.get("GITHUB_API_URL"):
        api = checked(address.rstrip("/"), "GITHUB_API_URL")
        server = environment.get("GITHUB_SERVER_URL")
        host = checked(server, "GITHUB_SERVER_URL").netloc.lower() if server else _host_of(api)
        return GitHubPlace(api.geturl(), host)
    host = environment.get("GH_HOST") or GITHUB
    if not _HOST.fullmatch(host):
        raise UsageError(f"GH_HOST is not a host: {host!r}", hint="Give a host such as github.example.com.")
    return GitHubPlace(_api_of(host.lower()), host.lower())


def _api_of(host: str) -> str:
    return f"https://api.{host}" if host == GITHUB or host.endswith(_TENANT) else f"https://{host}/api/v3"


def _host_of(api: SplitResult) -> str:
    host = api.netloc.lower()
    public = host.removeprefix("api.")
    return public if _api_of(public) == f"https://{host}" else host


def find_repo(asked: str = "", folder: Path | None = None, environment: Mapping[str, str] = os.environ) -> str:
    """Return `owner/name`: what was asked for, else GITHUB_REPOSITORY, else of git's remotes; raises UsageError."""
    folder = folder or Path.cwd()
    repo = asked or environment.get("GITHUB_REPOSITORY") or _of_remotes(folder, environment)
    if not repo:
        raise UsageError(
            f"no repository is known for {folder}",
            title="Which repository?",
            hint=_WHICH.format(host=find_place(environment).host),
        )
    if not is_repo(repo):
        raise UsageError(f"{repo!r} is not a repository", hint="Name it as OWNER/NAME.")
    return repo


def _of_remotes(folder: Path, environment: Mapping[str, str]) -> str:
    """Return the repository of a remote on the GitHub that is asked; a service of this machine has no remotes."""
    place = find_place(environment)
    return "" if place.is_here else _on(place.host, folder, environment)


def find_project_repo(folder: Path, environment: Mapping[str, str]) -> str:
    """Return the repository that a folder is a clone of, whichever GitHub is asked; empty where there is none."""
    with suppress(UsageError):
        if repo := _of_remotes(folder, environment):
            return repo
    return _on(GITHUB, folder, environment)


def _on(host: str, folder: Path, environment: Mapping[str, str]) -> str:
    return next((one.repo for one in read_remotes(folder, environment) if one.is_on(host, environment)), "")


def checked(address: str, what: str) -> SplitResult:
    """Return an http address in parts; raises UsageError for another, and for plain http beyond this machine."""
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError as error:
        raise UsageError(f"{what} is not an address: {error}") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise UsageError(f"{what} is not an http address", hint="Give an address such as https://api.github.com.")
    if parts.scheme == "http" and not is_here(parts.hostname):
        raise UsageError(f"{what} is plain http to {parts.hostname}", hint="A token is only sent over https.")
    return parts


def is_here(host: str) -> bool:
    """Tell whether a host's name is of this machine, whatever a name server says."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    return address.is_loopback or address.is_unspecified
