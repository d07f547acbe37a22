"""Which GitHub and which repository are meant."""

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from dockcache_tui.core.errors import UsageError
from dockcache_tui.sources.git import read_remotes

_REPO = re.compile(r"[\w.-]{1,100}/[\w.-]{1,100}", re.ASCII)
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?", re.ASCII | re.IGNORECASE)
GITHUB = "github.com"
_TENANT = ".ghe.com"


@dataclass(frozen=True, slots=True)
class Place:
    """A GitHub: the base of its REST API without a trailing slash, and the host that people and `gh` know it by."""

    api: str
    host: str


def find_place(environment: Mapping[str, str] = os.environ) -> Place:
    """Return GITHUB_API_URL's GitHub, else GH_HOST's, else github.com; raises UsageError for what is no address."""
    if address := environment.get("GITHUB_API_URL"):
        api = checked(address.rstrip("/"), "GITHUB_API_URL")
        host = api.netloc
        return Place(api.geturl(), GITHUB if host == f"api.{GITHUB}" else host.removeprefix("api."))
    host = environment.get("GH_HOST") or GITHUB
    if not _HOST.fullmatch(host):
        raise UsageError(f"GH_HOST is no host: {host!r}", hint="It is such as github.example.com.")
    host = host.lower()
    if host == GITHUB or host.endswith(_TENANT):
        return Place(f"https://api.{host}", host)
    return Place(f"https://{host}/api/v3", host)


def find_repo(asked: str = "", folder: Path | None = None, environment: Mapping[str, str] = os.environ) -> str:
    """Return `owner/name`: what was asked for, else GITHUB_REPOSITORY, else of git's remotes; raises UsageError."""
    folder = folder or Path.cwd()
    repo = asked or environment.get("GITHUB_REPOSITORY") or _of_remotes(folder, environment)
    if not repo:
        raise UsageError(
            f"no repository is known for {folder}",
            title="Which repository?",
            hint="Name it with --repo OWNER/NAME, or set GITHUB_REPOSITORY, or run where git has a remote.",
        )
    if not _REPO.fullmatch(repo) or {".", ".."} & set(repo.split("/")):
        raise UsageError(f"{repo!r} is no repository", hint="It is OWNER/NAME.")
    return repo


def _of_remotes(folder: Path, environment: Mapping[str, str]) -> str:
    """Return the repository of a remote on the GitHub that is asked, else of any: its host may be an alias of ssh's."""
    remotes, asked = read_remotes(folder, environment), find_place(environment).host
    ours = (repo for host, repo in remotes if host == asked)
    return next(ours, remotes[0][1] if remotes else "")


def checked(address: str, what: str) -> SplitResult:
    """Return an http address in parts; raises UsageError for another, and for plain http beyond this machine."""
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError as error:
        raise UsageError(f"{what} is no address: {error}") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise UsageError(f"{what} is no http address", hint="It is such as https://api.github.com.")
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
