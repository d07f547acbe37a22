"""`caches` over what a real BuildKit wrote into the real service: understood, cleaned, and still good to build with."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from dockcache_tui.cli.main import run
from dockcache_tui.lab.engine import Engine, Remote
from service.serving import Job, Served

DOCKERFILE = """\
FROM busybox AS made
COPY word /word
RUN head -c 16 /dev/urandom | sha256sum >/number
FROM scratch
COPY --from=made /number /number
"""


@pytest.fixture
def elsewhere(engine: Engine) -> Iterator[str]:
    """The name of a second builder, which has none of the first one's cache."""
    remote = Remote(engine, f"dockcache-caches-{os.getpid()}")
    yield remote.start()
    remote.remove()


def at_job(job: Job, patch: pytest.MonkeyPatch) -> None:
    """Make this process's environment that of a job's step."""
    for name, value in {
        "ACTIONS_RESULTS_URL": f"{job.served.address}/",
        "ACTIONS_CACHE_URL": f"{job.served.address}/",
        "ACTIONS_RUNTIME_TOKEN": job.token,
        "ACTIONS_CACHE_SERVICE_V2": "true",
        "GITHUB_API_URL": job.served.address,
        "GITHUB_REPOSITORY": job.repo,
        "GITHUB_TOKEN": job.rest_token,
    }.items():
        patch.setenv(name, value)


def build(builder: str, folder: Path, word: str, *words: str) -> str:
    """Build what makes a number anew for each word, and return the number."""
    context = folder / "context"
    context.mkdir(exist_ok=True)
    (context / "Dockerfile").write_text(DOCKERFILE)
    (context / "word").write_text(word)
    options = ("--builder", builder, "--output", f"type=local,dest={folder}/output", *words)
    done = subprocess.run(
        ("docker", "buildx", "build", *options, str(context)), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return (folder / "output" / "number").read_text()


def items(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    """Run a command with --json and return its items."""
    assert run([*words, "--json"]) == 0, capsys.readouterr().err
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["items"]
    return found


def test_branches_of_a_real_buildkit(
    served: Served,
    at_engine: Engine,
    container_builder: str,
    elsewhere: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Scopes, generations and orphans are told right; with the useless gone a fresh builder still reuses all."""
    assert at_engine.environment
    monkeypatch.setenv("DOCKCACHE_DATA", str(tmp_path / "data"))
    to, of = ("--cache-to", "type=gha,mode=max,scope=app"), ("--cache-from", "type=gha,scope=app")
    main, words = served.job("main"), [uuid4().hex for _ in range(3)]
    at_job(main, monkeypatch)
    build(container_builder, tmp_path, words[0], *to)
    number = build(container_builder, tmp_path, words[1], *to)
    dev = main.also("dev", "main")
    at_job(dev, monkeypatch)
    build(container_builder, tmp_path, words[2], *to)
    found = items(capsys, "caches", "--indexes", "--sort", "created_at")
    indexes = [
        (one["ref"], one["scope"], one["generation"], one["superseded"]) for one in found if one["kind"] == "index"
    ]
    assert indexes == [
        ("refs/heads/main", "app", 1, True),
        ("refs/heads/main", "app", 2, False),
        ("refs/heads/dev", "app", 1, False),
    ]
    assert {one["misplaced"] for one in found} == {False}
    orphans = [one["id"] for one in found if one["orphan"]]
    assert orphans
    assert {one["ref"] for one in found if one["orphan"]} == {"refs/heads/main"}
    assert {one["ref"] for one in items(capsys, "caches", "--branch", "dev")} == {"refs/heads/dev"}
    gone = items(capsys, "caches", "delete", "--preset", "superseded", "--preset", "orphaned", "--indexes", "--yes")
    superseded = [one["id"] for one in found if one["superseded"]]
    assert sorted(one["id"] for one in gone) == sorted([*orphans, *superseded])
    assert {one["outcome"] for one in gone} == {"deleted"}
    at_job(main.also("main"), monkeypatch)
    assert build(elsewhere, tmp_path, words[1], *of) == number
