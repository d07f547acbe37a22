"""The user names and passwords by which docker reads registries: its configuration's, or those of its helpers."""

import binascii
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from dockcache_tui.sources.buildx_files import docker_folder
from dockcache_tui.sources.quiet_command import output_of
from dockcache_tui.sources.secret import Secret

HUB, _HUB_HOST = "https://index.docker.io/v1/", "registry-1.docker.io"
_SECONDS = 10.0


class _Login(msgspec.Struct):
    auth: str = ""
    identitytoken: str = ""


class _Config(msgspec.Struct, rename="camel"):
    auths: dict[str, _Login] = {}
    creds_store: str = ""
    cred_helpers: dict[str, str] = {}


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
    try:
        text = (docker_folder(environment) / "config.json").read_bytes()
        config = msgspec.json.decode(text, type=_Config)
    except (OSError, msgspec.MsgspecError):
        return None
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


def _of_helper(environment: Mapping[str, str], helper: str, key: str) -> Login | None:
    said = output_of((f"docker-credential-{helper}", "get"), environment, _SECONDS, key.encode())
    try:
        told = msgspec.json.decode(said, type=_Told)
    except msgspec.MsgspecError:
        return None
    return Login("" if told.username == "<token>" else told.username, Secret(told.secret)) if told.secret else None
