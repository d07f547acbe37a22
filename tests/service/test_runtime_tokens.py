"""Whose tokens are trusted, and for how long."""

import time
from collections.abc import Mapping
from pathlib import Path

import jwt
import pytest

from service.serving import VERSION, Served, send

ANOTHER_SECRET = "another secret, and a long one too"
AC = '[{"Scope":"refs/heads/main","Permission":3}]'


def claims(**other: object) -> dict[str, object]:
    """Return what a runtime token must hold; None takes a claim away."""
    now = int(time.time())
    held = {"ac": AC, "exp": now + 60, "nbf": now - 60, "aud": "runtime"} | other
    return {name: value for name, value in held.items() if value is not None}


def lookup(served: Served, token: str, scheme: str = "Bearer") -> int:
    """Look something up and return the status."""
    url = f"{served.address}/twirp/github.actions.results.api.v1.CacheService/GetCacheEntryDownloadURL"
    body = {"key": "k", "version": VERSION}
    return send("POST", url, json=body, headers={"Authorization": f"{scheme} {token}"}).status_code


BAD: Mapping[str, dict[str, object]] = {
    "expired": {"exp": int(time.time()) - 1},
    "not yet": {"nbf": int(time.time()) + 3600},
    "no end": {"exp": None},
    "no beginning": {"nbf": None},
    "no access": {"ac": None},
    "access that is no text": {"ac": [{"Scope": "refs/heads/main", "Permission": 3}]},
    "access that is no JSON": {"ac": "["},
    "access of another shape": {"ac": '{"Scope":1}'},
    "no repository's name": {"repository": "a/b/c"},
    "a folder above": {"repository": "../a"},
    "a repository that is no text": {"repository": "a/\udc80"},
}


@pytest.mark.parametrize("name", BAD)
def test_a_token_must_be_whole_and_current(served: Served, name: str) -> None:
    """A token outside its time, or without what it must tell, is answered 401."""
    secret = served.home.secret()
    assert lookup(served, jwt.encode(claims(), secret)) == 200
    assert lookup(served, jwt.encode(claims(**BAD[name]), secret)) == 401


def test_a_token_must_be_signed_here(served: Served) -> None:
    """What another secret or none signed is answered 401."""
    for token in ("", "x", "a.b.c", jwt.encode(claims(), ANOTHER_SECRET), jwt.encode(claims(), None, "none")):
        assert lookup(served, token) == 401, token


def test_a_rest_token_is_no_runtime_token(served: Served) -> None:
    """A GITHUB_TOKEN opens REST only, a runtime token the services only."""
    job = served.job("main")
    assert lookup(served, job.rest_token) == 401
    assert job.rest("actions/caches", headers={"Authorization": f"Bearer {job.token}"}).status_code == 401


def test_another_scheme_is_no_token(served: Served) -> None:
    """Only bearer tokens are read."""
    assert lookup(served, served.job("main").token, "Basic") == 401


def test_any_token_when_asked_for(tmp_path: Path) -> None:
    """With --any-token a token counts whoever signed it, but its claims and times still must hold."""
    served = Served(tmp_path, "--any-token")
    try:
        github = claims(aud="https://example.invalid", iss="https://example.invalid")
        for token in (jwt.encode(github, ANOTHER_SECRET), jwt.encode(github, None, "none")):
            assert lookup(served, token) == 200
        for name in BAD:
            assert lookup(served, jwt.encode(claims(**BAD[name]), None, "none")) == 401, name
        assert lookup(served, "a.b.c") == 401
    finally:
        served.stop()
