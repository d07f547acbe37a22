"""What docker's configuration says of registries and proxies."""

import binascii
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from dockcache_tui.sources.buildx_files import docker_folder
from dockcache_tui.sources.quiet_command import output_of
from dockcache_tui.sources.secret import Secret

HUB, _HUB_HOST = "https://index.docker.io/v1/", "registry-1.docker.io"
_HOST = "unix:///var/run/docker.sock"
_SECONDS = 10.0


class _Login(msgspec.Struct):
    auth: str = ""
    identitytoken: str = ""


class _Proxies(msgspec.Struct, rename="camel"):
    http_proxy: str = ""
    https_proxy: str = ""
    no_proxy: str = ""
    ftp_proxy: str = ""


class _Config(msgspec.Struct, rename="camel"):
    auths: dict[str, _Login] = {}
    creds_store: str = ""
    cred_helpers: dict[str, str] = {}
    proxies: dict[str, _Proxies] = {}


class _Told(msgspec.Struct, rename="pascal"):
    username: str = ""
    secret: str = ""


@dataclass(frozen=True, slots=True)
class Login:
    """Who reads a registry; without a name the secret is a token."""

    name: str
    secret: Secret


def registry_login(environment: Mapping[str, str], host: str) -> Login | None:
    """Return how docker signs in to a registry; None where it reads it as nobody, or its helper does not tell."""
    config = _read(environment)
    key = HUB if host == _HUB_HOST else host
    helper = config.cred_helpers.get(key) or config.creds_store
    if helper:
        return _of_helper(environment, helper, key)
    told = config.auths.get(key) or config.auths.get(f"https://{key}") or _Login()
    if told.identitytoken:
        return Login("", Secret(told.identitytoken))
    try:
        name, colon, password = b64decode(told.auth, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return Login(name, Secret(password)) if colon else None


def proxy_arguments(environment: Mapping[str, str]) -> Mapping[str, str]:
    """Return the build arguments that buildx gives to each build for the proxies of its configuration."""
    proxies = _read(environment).proxies
    told = proxies.get(environment.get("DOCKER_HOST") or _HOST) or proxies.get("default") or _Proxies()
    return {name.upper(): value for name, value in msgspec.structs.asdict(told).items() if value}


def _read(environment: Mapping[str, str]) -> _Config:
    """Return the configuration, an empty one where there is none or it is broken."""
    try:
        return msgspec.json.decode((docker_folder(environment) / "config.json").read_bytes(), type=_Config)
    except (OSError, msgspec.MsgspecError):
        return _Config()


def _of_helper(environment: Mapping[str, str], helper: str, key: str) -> Login | None:
    said = output_of((f"docker-credential-{helper}", "get"), environment, _SECONDS, key.encode())
    try:
        told = msgspec.json.decode(said, type=_Told)
    except msgspec.MsgspecError:
        return None
    return Login("" if told.username == "<token>" else told.username, Secret(told.secret)) if told.secret else None
