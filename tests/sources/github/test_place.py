"""Which GitHub, which repository, and which token goes where."""

from pathlib import Path

import pytest

from dockcache_tui.core.errors import UsageError
from dockcache_tui.sources.github.place import GitHubPlace, find_place, find_repo
from dockcache_tui.sources.github.tokens import find_token
from nobody import git


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, GitHubPlace("https://api.github.com", "github.com")),
        ({"GH_HOST": "github.com"}, GitHubPlace("https://api.github.com", "github.com")),
        ({"GH_HOST": "GHE.example.com"}, GitHubPlace("https://ghe.example.com/api/v3", "ghe.example.com")),
        ({"GH_HOST": "octo.ghe.com"}, GitHubPlace("https://api.octo.ghe.com", "octo.ghe.com")),
        (
            {"GITHUB_API_URL": "http://127.0.0.1:8917/", "GH_HOST": "x"},
            GitHubPlace("http://127.0.0.1:8917", "127.0.0.1:8917"),
        ),
        ({"GITHUB_API_URL": "https://api.github.com"}, GitHubPlace("https://api.github.com", "github.com")),
        ({"GITHUB_API_URL": "https://api.octo.ghe.com"}, GitHubPlace("https://api.octo.ghe.com", "octo.ghe.com")),
        (
            {"GITHUB_API_URL": "https://ghe.example.com/api/v3"},
            GitHubPlace("https://ghe.example.com/api/v3", "ghe.example.com"),
        ),
        ({"GITHUB_API_URL": "https://api.example.com"}, GitHubPlace("https://api.example.com", "api.example.com")),
        (
            {"GITHUB_API_URL": "https://api.example.com", "GITHUB_SERVER_URL": "https://Git.example.com"},
            GitHubPlace("https://api.example.com", "git.example.com"),
        ),
        ({"GITHUB_SERVER_URL": "https://git.example.com"}, GitHubPlace("https://api.github.com", "github.com")),
    ],
)
def test_the_place(environment: dict[str, str], expected: GitHubPlace) -> None:
    """GITHUB_API_URL is first, then GH_HOST in each of its forms, then github.com."""
    assert find_place(environment) == expected


@pytest.mark.parametrize(
    "environment",
    [
        {"GITHUB_API_URL": "http://ghe.example.com/api/v3"},
        {"GITHUB_API_URL": "ftp://127.0.0.1"},
        {"GITHUB_API_URL": "https://user:pass@ghe.example.com"},
        {"GITHUB_API_URL": "https://ghe.example.com:port"},
        {"GITHUB_API_URL": "https://ghe.example.com?x=1"},
        {"GITHUB_API_URL": "https://ghe.example.com/api/v3", "GITHUB_SERVER_URL": "ghe.example.com"},
        {"GH_HOST": "ghe.example.com/evil"},
        {"GH_HOST": "a@b"},
        {"GH_HOST": "a b"},
    ],
)
def test_no_place(environment: dict[str, str]) -> None:
    """What is no address, or would send a token without encryption to another machine, is refused."""
    with pytest.raises(UsageError):
        find_place(environment)


def test_the_repository(tmp_path: Path) -> None:
    """It is what was asked for, else the environment's, else git's remote; a path that climbs is none."""
    git(tmp_path, "init", "-q")
    with pytest.raises(UsageError, match="no repository is known"):
        find_repo("", tmp_path, {})
    git(tmp_path, "remote", "add", "origin", "git@github.com:octo/app.git")
    assert find_repo("", tmp_path, {"PATH": "/usr/bin:/bin"}) == "octo/app"
    assert find_repo("", tmp_path, {"GITHUB_REPOSITORY": "env/repo"}) == "env/repo"
    assert find_repo("asked/for", tmp_path, {"GITHUB_REPOSITORY": "env/repo"}) == "asked/for"
    for wrong in ("app", "../..", "a/b/c", "a/b?x", "a/b c", "a/.."):
        with pytest.raises(UsageError):
            find_repo(wrong, tmp_path, {})


def gh(folder: Path, script: str) -> dict[str, str]:
    """Put a `gh` on a PATH of its own, and return the environment."""
    program = folder / "gh"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return {"PATH": f"{folder}:/usr/bin:/bin"}


def test_tokens_stay_with_their_hosts(tmp_path: Path) -> None:
    """GH_TOKEN is of github.com or a service of this machine; another host gets a token of its own, or none."""
    github, mine = find_place({}), find_place({"GH_HOST": "ghe.example.com"})
    environment = gh(tmp_path, 'echo "of-$4"') | {"GITHUB_TOKEN": "second"}

    def token(place: GitHubPlace, **more: str) -> str | None:
        found = find_token(place, environment | more)
        return found.reveal() if found else None

    assert token(github, GH_TOKEN="first") == "first"
    assert token(github) == "second"
    assert token(mine, GH_TOKEN="first") == "of-ghe.example.com"
    assert token(mine, GH_ENTERPRISE_TOKEN="third") == "third"
    service = find_place({"GITHUB_API_URL": "http://127.0.0.1:1"})
    assert token(service, GITHUB_API_URL="http://127.0.0.1:1/") == "second"
    # A job, and `service env`, set this one beside the address; the other is as a rule a user's own for github.com.
    assert token(service, GITHUB_API_URL="http://127.0.0.1:1/", GH_TOKEN="first") == "second"
    assert token(service, GITHUB_API_URL="http://127.0.0.1:1/", GH_TOKEN="first", GITHUB_TOKEN="") == "first"
    assert token(mine, GITHUB_API_URL="http://127.0.0.1:1/") == "of-ghe.example.com"
    ghe = {"GITHUB_API_URL": mine.api}
    assert token(find_place(ghe), **ghe, GH_TOKEN="first") == "of-ghe.example.com"
    assert token(find_place(ghe), **ghe, GH_TOKEN="first", GITHUB_ACTIONS="true") == "second"
    assert token(find_place(ghe), **ghe, GITHUB_ACTIONS="true", GH_ENTERPRISE_TOKEN="third") == "third"
    # Who calls itself github.com is not sent what gh keeps for github.com.
    posing = {"GITHUB_API_URL": "https://api.example.com", "GITHUB_SERVER_URL": "https://github.com"}
    assert token(find_place(posing), **posing, GH_TOKEN="first") is None
    tenant = {"GITHUB_API_URL": "https://api.octo.ghe.com"}
    assert token(find_place(tenant), **tenant, GH_TOKEN="first") == "first"


@pytest.mark.parametrize("script", ["exit 1", "echo 'two words'", "true"])
def test_no_token(tmp_path: Path, script: str) -> None:
    """Where gh has none, or says something else, there is none; an environment without gh has none either."""
    assert find_token(find_place({}), gh(tmp_path, script)) is None
    assert find_token(find_place({}), {"PATH": str(tmp_path / "nothing")}) is None


def test_a_damaged_token_is_refused_without_showing_it() -> None:
    """A token with a line break in it can't be sent, and the error does not repeat it."""
    with pytest.raises(UsageError) as caught:
        find_token(find_place({}), {"GH_TOKEN": "ghp_T0psecret\nX-Evil: 1"})
    assert "T0psecret" not in str(caught.value)
