"""Deleting caches and artifacts of a real service that fails on the way, with an account and an exit code always."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.audit_points import before
from dockcache_tui.cli.main import run
from service.serving import Job, Served, put_block, put_block_list

KINDS = ("caches", "artifacts")
MANY = 4


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A service of the test's own, which it may kill."""
    service = Served(tmp_path / "service")
    yield service
    if service.process.returncode is None:
        service.stop()


@pytest.fixture
def job(served: Served, rest_alone: pytest.MonkeyPatch) -> Job:
    """A job in whose environment we run, of a repository with some caches and artifacts."""
    job = served.job("main").enter(rest_alone)
    for number in range(MANY):
        job.save(f"key-{number}")
        url = job.artifact("CreateArtifact", name=f"name-{number}", version=7).json()["signed_upload_url"]
        assert put_block(url, "MQ==", b"1").status_code == 201
        assert put_block_list(url, ["MQ=="]).status_code == 201
        assert job.artifact("FinalizeArtifact", name=f"name-{number}", size=1).json()["ok"]
    return job


Delete = Callable[..., tuple[int, list[Any], Any, str]]


@pytest.fixture(params=KINDS)
def delete(request: pytest.FixtureRequest, job: Job, capsys: pytest.CaptureFixture[str]) -> Delete:
    """Delete what is on a branch: exit code, outcomes in order, totals and narration."""
    assert job.repo

    def call(*words: str) -> tuple[int, list[Any], Any, str]:
        code = run([request.param, "delete", "--json", *words])
        told = capsys.readouterr()
        document = json.loads(told.out) if told.out else {"items": [], "totals": None}
        return code, [item["outcome"] for item in document["items"]], document["totals"], told.err

    return call


def words_of(folder: Path) -> list[str]:
    """Return the last word of the audit log on each thing, in order."""
    lines = map(json.loads, (folder / "data" / "audit.jsonl").read_text().splitlines())
    return list({line["id"]: line["what"] for line in lines}.values())


def test_a_network_that_dies_half_way(
    delete: Delete, served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is deleted, unknown and not tried is told and audited, and the exit code is 1."""
    before(monkeypatch, "deleting", 2, served.kill)
    code, outcomes, totals, said = delete("--branch", "main", "--yes")
    assert (code, outcomes) == (1, ["deleted", "unknown", "not tried", "not tried"])
    assert (totals["deleted"], totals["audited"]) == (1, True)
    assert "Deleted 1 " in said
    assert "can't be reached" in said
    assert words_of(tmp_path) == outcomes


def test_a_network_that_is_gone_before_the_first(
    delete: Delete, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When nothing could be tried the exit code is 3, and all are told as not tried."""
    monkeypatch.setattr("dockcache_tui.sources.github.deletion.pause", lambda _: served.kill())
    code, outcomes, totals, _ = delete("--branch", "main", "--yes")
    assert (code, outcomes, totals["deleted"]) == (3, ["not tried"] * MANY, 0)


def test_an_interrupt(delete: Delete, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl+C right when one is asked for leaves that one unknown and the rest not tried; the exit code is 130."""
    asked = []

    def interrupt(*_: object) -> None:
        asked.append(1)
        if len(asked) == 2:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr("dockcache_tui.sources.github.api.Api.delete", interrupt)
    code, outcomes, _, _ = delete("--branch", "main", "--yes")
    assert (code, outcomes) == (130, ["deleted", "unknown", "not tried", "not tried"])
    assert words_of(tmp_path) == outcomes


def test_an_audit_log_that_can_not_be_written(delete: Delete, tmp_path: Path) -> None:
    """A full disk stops no delete: all is deleted, that is said, and the exit code is 1."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "audit.jsonl").symlink_to("/dev/full")
    code, outcomes, totals, said = delete("--branch", "main", "--yes")
    assert (code, outcomes, totals["audited"]) == (1, ["deleted"] * MANY, False)
    assert "Not all that was done is in the audit log" in said
    assert "No space left on device" in said


@pytest.mark.parametrize("yes", [(), ("--yes",)])
def test_a_branch_that_nothing_is_of(delete: Delete, yes: tuple[str, ...], tmp_path: Path) -> None:
    """It is told as a mistake, with exit code 2, also in a dry run; nothing is deleted."""
    code, outcomes, _, said = delete("--branch", "nosuch", *yes)
    assert (code, outcomes) == (2, [])
    assert "is known to belong to nosuch" in said
    assert not (tmp_path / "data" / "audit.jsonl").exists()


def test_a_preset_that_chooses_nothing(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    """It is told as a mistake, with exit code 2."""
    assert job.keys()
    assert run(["caches", "delete", "--preset", "superseded", "--yes"]) == 2
    assert "superseded chooses no cache" in capsys.readouterr().err
