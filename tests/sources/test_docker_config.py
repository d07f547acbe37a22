"""Who reads a registry, and through which proxies, is known from docker's configuration as docker knows it."""

import json
import os
from base64 import b64encode
from pathlib import Path

import pytest

from dockcache_tui.sources.docker_config import HUB, Login, proxy_arguments, registry_login
from dockcache_tui.sources.secret import Secret


def auth(text: str) -> dict[str, str]:
    """Return a login as docker keeps it."""
    return {"auth": b64encode(text.encode()).decode()}


def login(folder: Path, config: object, host: str = "r.example") -> Login | None:
    """Return who reads a registry by a configuration."""
    (folder / "config.json").write_text(config if isinstance(config, str) else json.dumps(config))
    return registry_login({"DOCKER_CONFIG": str(folder), "PATH": f"{folder}:{os.environ['PATH']}"}, host)


def test_a_login(tmp_path: Path) -> None:
    """A name and a password, in which a colon may be, are those of their host; Docker Hub has a name of its own."""
    config = {"auths": {"r.example": auth("me:a:b"), HUB: auth("hub:x"), "https://s.example": auth("s:y")}}
    assert login(tmp_path, config) == Login("me", Secret("a:b"))
    assert login(tmp_path, config, "registry-1.docker.io") == Login("hub", Secret("x"))
    assert login(tmp_path, config, "s.example") == Login("s", Secret("y"))
    assert login(tmp_path, config, "other.example") is None


def test_a_token(tmp_path: Path) -> None:
    """A token stands for both."""
    told = {"auths": {"r.example": {"identitytoken": "long token"}}}
    found = login(tmp_path, told)
    assert found == Login("", Secret("long token"))
    assert "long" not in repr(found)


@pytest.mark.parametrize("config", [{"credsStore": "sample"}, {"credHelpers": {"r.example": "sample"}}])
def test_a_helper(config: object, tmp_path: Path) -> None:
    """A helper is asked for the host, which is never part of a command."""
    helper = tmp_path / "docker-credential-sample"
    helper.write_text('#!/bin/sh\nread host\nprintf \'{"Username": "%s", "Secret": "of %s"}\' "$1" "$host"\n')
    helper.chmod(0o755)
    assert login(tmp_path, config) == Login("get", Secret("of r.example"))
    helper.write_text('#!/bin/sh\nprintf \'{"Username": "<token>", "Secret": "t"}\'\n')
    assert login(tmp_path, config) == Login("", Secret("t"))
    helper.write_text("#!/bin/sh\nexit 1\n")
    assert login(tmp_path, config) is None


@pytest.mark.parametrize("config", ["", "[]", '{"auths": {"r.example": {"auth": "!"}}}', '{"credsStore": "gone"}'])
def test_nobody(config: str, tmp_path: Path) -> None:
    """What is broken, or not there, signs nobody in."""
    assert login(tmp_path, config) is None
    assert registry_login({"DOCKER_CONFIG": str(tmp_path / "gone")}, "r.example") is None


def test_proxies(tmp_path: Path) -> None:
    """The proxies of the engine's host count, else the usual ones."""
    proxies = {"default": {"httpProxy": "http://a", "noProxy": "b"}, "tcp://other": {"httpsProxy": "http://c"}}
    (tmp_path / "config.json").write_text(json.dumps({"proxies": proxies}))
    here = {"DOCKER_CONFIG": str(tmp_path)}
    assert proxy_arguments(here) == {"HTTP_PROXY": "http://a", "NO_PROXY": "b"}
    assert proxy_arguments({**here, "DOCKER_HOST": "tcp://other"}) == {"HTTPS_PROXY": "http://c"}
    assert proxy_arguments({"DOCKER_CONFIG": str(tmp_path / "gone")}) == {}
