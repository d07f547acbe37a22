"""The remotes of a folder: which host each leads to, as git rewrites it and ssh resolves it, and which repository."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dockcache_tui.sources.quiet_command import Git, output_of

_HOST = r"(?P<host>[a-z0-9](?:[\w.-]*[a-z0-9])?)"
_REPO = r"(?P<repo>[\w.-]+/(?!\.git/*$)[\w.-]+?)(?:\.git)?/*"
_FLAGS = re.ASCII | re.IGNORECASE
_WEB = re.compile(rf"(?P<scheme>https?|git)://(?:[^/@\s\\]*@)?{_HOST}(?::(?P<port>\d{{1,5}}))?/{_REPO}", _FLAGS)
_SSH = re.compile(rf"(?:git\+)?ssh(?:\+git)?://(?P<user>\w[\w.-]*@)?{_HOST}(?::\d{{1,5}})?/{_REPO}", _FLAGS)
_SCP = re.compile(rf"(?P<user>\w[\w.-]*@)?{_HOST}:/?{_REPO}", _FLAGS)
_PORTS = {"https": "443", "http": "80", "git": "9418"}
_FETCHED = re.compile(r"(?P<name>[^\t]*)\t(?P<url>.*) \(fetch\)(?: \[.*\])?")
_OTHER_NAMES = {"ssh.github.com": "github.com", "www.github.com": "github.com"}
_TIMEOUT = 5


@dataclass(frozen=True, slots=True)
class GitRemote:
    """Where a remote leads: `host` has a port where the web's is not the usual one, `login` is what ssh is given."""

    host: str
    repo: str
    login: str = ""

    def hosts(self, environment: Mapping[str, str]) -> Iterator[str]:
        """Yield the host by its own name, then by what that is an alias of in ssh's configuration."""
        yield self.host
        if self.login:
            yield _resolved(self.login, environment)

    def is_on(self, host: str, environment: Mapping[str, str]) -> bool:
        """Tell whether it leads to a host; ssh has a port of its own."""
        return (host.partition(":")[0] if self.login else host) in self.hosts(environment)


def read_remotes(folder: Path, environment: Mapping[str, str]) -> tuple[GitRemote, ...]:
    """Return the remotes that lead to another host, origin first; a path, and what is no repository there, is none."""
    lines = Git(folder, environment)("remote", "-v").split("\n")
    found = sorted(filter(None, map(_FETCHED.fullmatch, lines)), key=lambda match: match["name"] != "origin")
    remotes = (remote_of(match["url"]) for match in found)
    return tuple(remote for remote in remotes if remote)


def remote_of(url: str) -> GitRemote | None:
    """Return where an address leads; None for a path, and for what is no repository."""
    if match := _WEB.fullmatch(url):
        usual = match["port"] in (None, _PORTS[match["scheme"].lower()])
        return GitRemote(_known(match["host"]) + ("" if usual else f":{match['port']}"), match["repo"])
    if match := _SSH.fullmatch(url) or _SCP.fullmatch(url):
        return GitRemote(_known(match["host"]), match["repo"], (match["user"] or "") + match["host"])
    return None


def _known(host: str) -> str:
    return _OTHER_NAMES.get(host.lower(), host.lower())


def _resolved(login: str, environment: Mapping[str, str]) -> str:
    """Return the host that ssh would go to; empty without ssh."""
    said = output_of(("ssh", "-G", "--", login), environment, _TIMEOUT).decode("utf-8", "replace")
    told = re.search(r"^hostname (\S+)$", said, re.MULTILINE)
    return _known(told[1]) if told else ""
