"""What the Makefile asks docker for, by each of its switches; docker itself only notes what it was asked."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from experiments.making import APP, RUNTIME, SWITCHES, environment, make

NOTING = """#!/bin/sh
printf '%s\\0' "$@" >"$NOTE"
"""
HOSTILE = (
    "it's",
    'a "quoted" one',
    "$(touch made)",
    "`touch made`",
    "$(shell touch made)",
    "${HOME} $$ $@ %",
    "; touch made #",
    "a | touch made && touch made",
    "*",
    "back\\slash\\",
    "早 ünïcode",
    "two  spaces, ",
)


@dataclass(frozen=True)
class Noted:
    """A docker that only notes its arguments."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """Return variables that lead to it."""
        base = environment()
        return base | {"PATH": f"{self.folder}:{base['PATH']}", "NOTE": str(self.folder / "note")}

    def make(self, *words: str, more: dict[str, str] | None = None) -> Sequence[str]:
        """Make, which must succeed, and return what docker was asked."""
        done = make(*words, env=self.environment | (more or {}))
        assert done.returncode == 0, done.stderr
        return self.asked

    @property
    def asked(self) -> Sequence[str]:
        """Return docker's arguments, none when it was not called."""
        note = self.folder / "note"
        return note.read_text().split("\0")[:-1] if note.exists() else ()


@pytest.fixture
def docker(tmp_path: Path) -> Noted:
    """A docker that only notes its arguments."""
    program = tmp_path / "docker"
    program.write_text(NOTING)
    program.chmod(0o755)
    return Noted(tmp_path)


def caches(asked: Sequence[str]) -> list[str]:
    """Return the cache options among docker's arguments, as one text each."""
    return [f"{name} {value}" for name, value in pairwise(asked) if name.startswith("--cache")]


def test_help_tells_every_target_and_switch() -> None:
    """`make` alone lists each target that is meant to be used, and each switch with what it is without."""
    said = make().stdout
    text = (APP / "Makefile").read_text()
    public = re.search(r"^\.PHONY: (.*)", text, re.MULTILINE)
    assert public
    targets = set(public[1].split()) - {"switches", "runtime"}
    assert set(re.findall(r"^  ([a-z]+) +[A-Z]", said, re.MULTILINE)) == targets
    assert set(re.findall(r"^  ([A-Z_]+)=", said, re.MULTILINE)) == SWITCHES | {"GITHUB_ACTIONS"}


def test_a_plain_build(docker: Noted) -> None:
    """Without switches it is built by the builder in use, without the Actions cache, and loaded."""
    plain = ["buildx", "build", "--file", "Dockerfile", "--tag", "dockcache-app", "--progress", "auto", "--load", "."]
    assert docker.make("build") == plain


def test_in_a_job(docker: Noted) -> None:
    """In a job the progress is plain text; that is all that changes by itself."""
    local = list(docker.make("build"))
    local[local.index("auto")] = "plain"
    assert docker.make("build", more={"GITHUB_ACTIONS": "true"} | RUNTIME) == local


@pytest.mark.parametrize(
    ("switches", "expected"),
    [
        (("GHA=off", "SAVE=on"), []),
        (("GHA=on",), ["--cache-from type=gha,scope=dockcache-app"]),
        (("GHA=on", "CACHE_SCOPE=a"), ["--cache-from type=gha,scope=a"]),
        (
            ("GHA=on", "CACHE_SCOPE=a", "CACHE_FROM=b c"),
            [f"--cache-from type=gha,scope={scope}" for scope in "abc"],
        ),
        (
            ("GHA=on", "SAVE=on", "CACHE_SCOPE=a", "CACHE_FROM=b"),
            [*(f"--cache-from type=gha,scope={scope}" for scope in "ab"), "--cache-to type=gha,mode=max,scope=a"],
        ),
        (
            ("GHA=try", "SAVE=on", "CACHE_SCOPE=a"),
            ["--cache-from type=gha,scope=a", "--cache-to type=gha,mode=max,scope=a,ignore-error=true"],
        ),
    ],
)
def test_the_actions_cache(docker: Noted, switches: tuple[str, ...], expected: list[str]) -> None:
    """It is read when asked for, first the own scope, and saved when that is asked for too, to the own scope only."""
    assert caches(docker.make("build", *switches, more=RUNTIME)) == expected
    given = dict(switch.split("=", 1) for switch in switches)
    assert caches(docker.make("build", more=RUNTIME | given)) == expected


@pytest.mark.parametrize(
    ("switches", "words"),
    [
        (("OUTPUT=load",), ["--load"]),
        (("OUTPUT=tar",), ["--output", "type=docker,dest=image.tar"]),
        (("OUTPUT=tar", "ARCHIVE=/tmp/x.tar"), ["--output", "type=docker,dest=/tmp/x.tar"]),
        (("OUTPUT=none",), ["--output", "type=cacheonly"]),
        (("PLATFORM=linux/arm64",), ["--platform", "linux/arm64"]),
        (("BUILDER=mine",), ["--builder", "mine"]),
        (("PROGRESS=rawjson",), ["--progress", "rawjson"]),
        (("BUILD_ARGS=--no-cache --metadata-file m",), ["--no-cache", "--metadata-file", "m"]),
        (("DOCKERFILE=original.Dockerfile", "CACHE_SCOPE=a"), ["--build-arg", "CACHE_SCOPE=a"]),
    ],
)
def test_other_switches(docker: Noted, switches: tuple[str, ...], words: list[str]) -> None:
    """Each switch becomes the words it stands for, side by side, and they are not there without it or its default."""
    asked = docker.make("build", *switches)
    assert any(list(asked[start : start + len(words)]) == words for start in range(len(asked)))
    if switches != ("OUTPUT=load",):
        assert words[-1] not in docker.make("build")


def test_only_a_dockerfile_that_asks_gets_the_scope(docker: Noted) -> None:
    """Ours has no use for the scope: a build argument that nobody declared is only a warning."""
    assert "--build-arg" not in docker.make("build", "CACHE_SCOPE=a")


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, "ACTIONS_RUNTIME_TOKEN ACTIONS_RESULTS_URL not set"),
        ({"ACTIONS_RUNTIME_TOKEN": "", "ACTIONS_CACHE_URL": "x"}, "ACTIONS_RUNTIME_TOKEN not set"),
        ({"ACTIONS_RUNTIME_TOKEN": "x", "ACTIONS_CACHE_SERVICE_V2": "true"}, "ACTIONS_RESULTS_URL not set"),
    ],
)
def test_a_missing_runtime_environment(docker: Noted, given: dict[str, str], named: str) -> None:
    """Make names what is missing and how to expose it, and fails before anything is built; with try it only warns."""
    done = make("build", "GHA=on", env=docker.environment | given)
    assert done.returncode == 2
    assert f"No Actions cache: {named}" in done.stderr
    assert "runtime-environment" in done.stderr
    assert "dockcache-tui service env" in done.stderr
    assert "Building without it." not in done.stderr
    assert not docker.asked
    job = make("build", "GHA=on", env=docker.environment | given | {"GITHUB_ACTIONS": "true"})
    assert f"::error title=No Actions cache::{named}" in job.stderr.splitlines()[0]
    tried = make("build", "GHA=try", "SAVE=on", env=docker.environment | given | {"GITHUB_ACTIONS": "true"})
    assert tried.returncode == 0
    assert "Building without it." in tried.stderr
    assert f"::warning title=No Actions cache::{named}" in tried.stderr.splitlines()[0]
    assert docker.asked
    assert not caches(docker.asked)


def test_enough_of_the_runtime_environment(docker: Noted) -> None:
    """A token and either address are enough, and no secret is printed."""
    for address in ("ACTIONS_RESULTS_URL", "ACTIONS_CACHE_URL"):
        job = docker.environment | {"ACTIONS_RUNTIME_TOKEN": "very-secret", address: "https://results.invalid/"}
        done = make("build", "GHA=on", env=job)
        assert done.returncode == 0
        assert "very-secret" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "switch",
    ["GHA=yes", "GHA=", "GHA=on off", "SAVE=true", "OUTPUT=push", "CACHE_SCOPE=", "CACHE_FROM=a,b", "CACHE_FROM=a/b"],
)
def test_a_word_that_means_nothing(docker: Noted, switch: str) -> None:
    """A switch that is set to what it can't be fails, naming itself, and nothing is built."""
    done = make("build", switch, env=docker.environment | RUNTIME)
    assert done.returncode == 2
    assert switch.partition("=")[0] in done.stderr
    assert not docker.asked


@pytest.mark.parametrize("value", HOSTILE)
def test_values_reach_docker_as_they_are(docker: Noted, value: str, tmp_path: Path) -> None:
    """No value is expanded by make or read by a shell, from the environment or from the command line."""
    for name in ("ARGS", "IMAGE", "PLATFORM"):
        assert value in docker.make("run", more={name: value})
        assert value in docker.make("run", f"{name}={value}")
    for name in ("BUILDER", "PROGRESS"):
        assert value in docker.make("build", more={name: value})
    assert f"type=docker,dest={value}" in docker.make("build", "OUTPUT=tar", more={"ARCHIVE": value})
    assert value in docker.make("build", more={"DOCKERFILE": value})
    assert not (APP / "made").exists()
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("value", [*HOSTILE, "a/b", "a,mode=max", "-\n-"])
@pytest.mark.parametrize("name", ["CACHE_SCOPE", "CACHE_FROM"])
def test_a_hostile_scope_is_refused(docker: Noted, name: str, value: str) -> None:
    """A scope of other characters than the action's never reaches docker, where it could hold other attributes."""
    done = make("build", "GHA=on", env=docker.environment | RUNTIME | {name: value})
    assert done.returncode == 2
    assert not docker.asked
    assert not (APP / "made").exists()
